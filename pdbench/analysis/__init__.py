"""From per-image scores to means, confidence intervals and Pareto fronts. No torch here."""

from pdbench.analysis.means import Mean, Summary, summarize
from pdbench.analysis.pareto import dominates, pareto_front

__all__ = ["Mean", "Summary", "dominates", "pareto_front", "summarize"]
