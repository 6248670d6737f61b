"""The fusion network as the sample bank calls it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pdbench.baselines.fusion.net import Fusion

__all__ = ["FusionFuser"]

LIVE = 6
"""Feature maps alive at once: those of a residual block and what the convolutions work in."""


class FusionFuser:
    """A fuser: a stack of samples in, one image out.

    Attributes:
        scale: Magnification of the samples.
        overlap: LR pixels a tile needs around it; all that decide its pixels, so without seams.
        bytes_per_pixel: Peak working memory per LR pixel, for choosing the tile size.
    """

    scale = 4

    def __init__(self, network: Fusion) -> None:
        self.network = network
        self.overlap = math.ceil(network.reach / self.scale)
        width = max(network.conv_first.in_channels, network.conv_first.out_channels)
        self.bytes_per_pixel = 4 * self.scale**2 * width * LIVE

    @torch.inference_mode()
    def fuse(self, samples: Tensor) -> Tensor:
        """Map samples (k, 3, H, W) to (3, H, W), float, not clipped."""
        return self.network(samples[None])[0]
