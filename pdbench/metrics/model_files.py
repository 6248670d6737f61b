"""Files of weights that metrics load, and those of them that no protocol hash tells apart."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from pdbench.errors import WeightsUnavailable
from pdbench.metrics import METRICS
from pdbench.weights import WeightFile, fetch, sha256_of

__all__ = ["metric_files", "unpublished_models"]

_WHOLE = 64


def metric_files(metric: str) -> Iterator[WeightFile]:
    """Yield the files that a metric, or a part of it, loads."""
    declared = METRICS.get(metric)
    yield from declared.weights
    for part in declared.parts:
        yield from metric_files(part)


def unpublished_models(metrics: Iterable[str]) -> dict[str, str]:
    """Return file name -> sha256 of the files used whose whole sha256 is not declared.

    They are fetched where they are missing, so that a first run and the next say the same; what
    cannot be had is left out.
    """
    digests = {}
    for file in dict.fromkeys(file for metric in metrics for file in metric_files(metric)):
        if len(file.sha256) < _WHOLE:
            with contextlib.suppress(WeightsUnavailable):
                digests[file.name] = sha256_of(fetch(file))
    return digests
