"""Model files that metrics load: which ones a board accepts, and which ones are used here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pdbench.metrics.rules import metric_files
from pdbench.weights import find, sha256_of

__all__ = ["accepted_models", "used_models"]


def accepted_models(
    metrics: Iterable[str], board: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return the model files that scores on a board may be made with.

    Args:
        metrics: Metric ids.
        board: File name -> sha256 that the board accepts where none is published.

    Returns:
        File name -> (a metric that loads it, sha256 or its published prefix), "" where neither is
        known.
    """
    return {
        file.name: (metric, file.sha256 or board.get(file.name, ""))
        for metric in metrics
        for file in metric_files(metric)
    }


def used_models(metrics: Iterable[str]) -> dict[str, str]:
    """Return file name -> sha256 of the model files on this machine that metrics load."""
    files = {file.name: find(file) for metric in metrics for file in metric_files(metric)}
    return {name: sha256_of(path) for name, path in files.items() if path}
