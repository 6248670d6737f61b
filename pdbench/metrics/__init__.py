"""The metrics, in the order of every table. Importing this loads none of them, and no torch."""

from __future__ import annotations

from pdbench.metrics.metric import Metric
from pdbench.registry import Registry

__all__ = ["METRICS"]

_MODULES = (
    "psnr", "mse", "ssim", "lpips_vgg", "pieapp", "dists", "niqe", "ma", "pi", "lr_psnr",
    "lr_psnr_challenge", "lpips_alex", "diversity",
)  # fmt: skip
"""Files of this folder that declare a METRIC; its id is the file's name, with hyphens."""


def _of_pyiqa(name: str) -> Metric | None:
    if not name.startswith("pyiqa:"):
        return None
    from pdbench.metrics import pyiqa_metric

    return pyiqa_metric.make(name)


METRICS: Registry[Metric] = Registry(
    "metric",
    places={name.replace("_", "-"): f"pdbench.metrics.{name}:METRIC" for name in _MODULES},
    group="pdbench.metrics",
    accepts=Metric,
    reserved=lambda name: ":" in name,
    make=_of_pyiqa,
)
