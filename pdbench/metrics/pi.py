"""PI: the perceptual index of the PIRM 2018 challenge, made of Ma and NIQE."""

from __future__ import annotations

from collections.abc import Mapping

from pdbench.metrics.metric import Metric

__all__ = ["METRIC"]


def _combine(scores: Mapping[str, float]) -> float:
    return 0.5 * ((10 - scores["ma"]) + scores["niqe"])


METRIC = Metric(
    id="pi",
    title="PI",
    better="lower",
    kind="perception",
    reproduce_tolerance=0.05,
    needs_reference=False,
    reference="Blau, Mechrez, Timofte, Michaeli, Zelnik-Manor, 'The 2018 PIRM challenge on "
    "perceptual image super-resolution', ECCV Workshops 2018, https://arxiv.org/abs/1809.07517",
    parts=("ma", "niqe"),
    combine=_combine,
)
