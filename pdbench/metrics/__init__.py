"""The metrics, in the order of every table. Importing this loads no weights."""

from __future__ import annotations

from pdbench.metrics import lr_psnr, psnr, ssim
from pdbench.metrics.metric import Metric
from pdbench.registry import Registry

__all__ = ["METRICS"]

METRICS: Registry[Metric] = Registry(
    "metric",
    [
        psnr.METRIC,
        ssim.METRIC,
        lr_psnr.METRIC,
    ],
)
