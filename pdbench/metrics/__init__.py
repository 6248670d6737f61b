"""The metrics, in the order of every table. Importing this loads no weights."""

from __future__ import annotations

from pdbench.metrics import (
    dists,
    diversity,
    lpips_alex,
    lpips_vgg,
    lr_psnr,
    lr_psnr_challenge,
    ma,
    mse,
    niqe,
    pi,
    pieapp,
    psnr,
    pyiqa_metric,
    ssim,
)
from pdbench.metrics.metric import Metric
from pdbench.registry import Registry

__all__ = ["METRICS"]

METRICS: Registry[Metric] = Registry(
    "metric",
    [
        psnr.METRIC,
        mse.METRIC,
        ssim.METRIC,
        lpips_vgg.METRIC,
        pieapp.METRIC,
        dists.METRIC,
        niqe.METRIC,
        ma.METRIC,
        pi.METRIC,
        lr_psnr.METRIC,
        lr_psnr_challenge.METRIC,
        lpips_alex.METRIC,
        diversity.METRIC,
    ],
    group="pdbench.metrics",
    accepts=Metric,
    reserved=lambda name: ":" in name,
    make=pyiqa_metric.make,
)
