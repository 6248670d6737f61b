"""Tables and pictures of scores. No torch here, and no scoring: scores in, documents out."""

from pdbench.plots.tables import table

__all__ = ["table"]
