"""Tables and pictures of scores. No torch here, and no scoring: scores in, documents out."""

from pdbench.plots.plane import plot
from pdbench.plots.scene import Plane
from pdbench.plots.tables import table

__all__ = ["Plane", "plot", "table"]
