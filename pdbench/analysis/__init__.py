"""From per-image scores to means, confidence intervals and Pareto fronts. No torch here."""

from pdbench.analysis.means import Mean, Summary, summarize
from pdbench.analysis.pareto import pareto_front

__all__ = ["Mean", "Summary", "pareto_front", "summarize"]
