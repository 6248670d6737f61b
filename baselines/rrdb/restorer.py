"""RRDB, and networks built like it, as the sample bank calls them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["RRDBRestorer"]


class RRDBRestorer:
    """A deterministic restorer: LR in, one HR image out.

    Attributes:
        scale: Magnification.
        overlap: LR pixels a tile needs around it so that seams stay below 1e-3.
        bytes_per_pixel: Peak working memory per LR pixel, for choosing the tile size.

    Args:
        network: Maps (B, 3, h, w) to (B, 3, 4h, 4w); its first parameter is the first
            convolution's kernel, as wide as the network's trunk.
    """

    scale = 4
    overlap = 24

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        width = next(network.parameters()).shape[0]
        self.bytes_per_pixel = 4 * width * 16 * 5

    @torch.inference_mode()
    def restore(self, lr: Tensor) -> Tensor:
        """Map (1, 3, h, w) in [0, 1] to (1, 3, 4h, 4w), float, not clipped."""
        return self.network(lr.contiguous(memory_format=torch.channels_last))
