"""Trained networks of this repository, one folder each, and their registry; loads no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdbench.registry import Registry

if TYPE_CHECKING:
    from pdbench.baselines.baseline import Baseline

__all__ = ["BASELINES", "SIZES", "fingerprint", "open_baseline"]

SIZES = ("compact", "paper")

BASELINES: Registry[Baseline] = Registry(
    "network",
    places={
        "rrdb": "pdbench.baselines.rrdb:BASELINE",
        "srflow-da": "pdbench.baselines.srflow_da:BASELINE",
        "esrgan-plus": "pdbench.baselines.esrgan_plus:BASELINE",
        "fusion-l1": "pdbench.baselines.fusion:L1",
        "fusion-lpips": "pdbench.baselines.fusion:LPIPS",
    },
)


def open_baseline(
    name: str, size: str = "compact", device: str = "cpu", weights: Path | None = None
) -> Any:  # noqa: ANN401  (a restorer or a sampler, see pdbench.harness.bank)
    """Load a network and return what the sample bank calls.

    Args:
        name: Baseline id.
        size: "compact" or "paper".
        device: "cpu" or "cuda[:n]".
        weights: File to use instead of the one that ships.

    Raises:
        InputError: Unknown id or size; damaged or foreign weights.
        WeightsUnavailable: No weights of this size here.
    """
    baseline = BASELINES.get(name)
    return baseline.wrap(baseline.load(size, device, weights))


def fingerprint(name: str, size: str = "compact", weights: Path | None = None) -> str:
    """Return 12 hex digits that identify the weight file `open_baseline` would load."""
    return BASELINES.get(name).fingerprint(size, weights)
