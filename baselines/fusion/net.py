"""The small network that fuses samples of a flow into one image.

References:
    Korkmaz, Tekalp, Dogan, Erdem, Erdem, "Perception-Distortion Trade-off in the SR Space Spanned
    by Flow Models", ICIP 2022, https://arxiv.org/abs/2209.08564
"""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdbench.baselines.arguments import Blocks, Width, checked
from pdbench.baselines.rrdb.net import conv3x3

__all__ = ["Fusion"]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a ReLU between them, around a skip."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(features, features)
        self.conv2 = conv3x3(features, features)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, features, H, W) to the same shape."""
        return x + self.conv2(F.relu(self.conv1(x)))


class Fusion(nn.Module):
    """Convolution, residual blocks, convolution, at HR size: 166,787 parameters by default.

    Args:
        samples: Number of samples fused.
        features: Width.
        blocks: Number of residual blocks.
        skip: "mean" adds the mean of the samples to the output, and training starts from it;
            "none" does not.
    """

    @checked
    def __init__(
        self,
        samples: Width = 10,
        features: Width = 64,
        blocks: Blocks = 2,
        skip: Literal["mean", "none"] = "mean",
    ) -> None:
        super().__init__()
        self.samples = samples
        self.skip = skip
        self.conv_first = conv3x3(3 * samples, features)
        self.body = nn.Sequential(*(ResidualBlock(features) for _ in range(blocks)))
        self.conv_last = conv3x3(features, 3)
        if skip == "mean":
            nn.init.zeros_(self.conv_last.weight)
            nn.init.zeros_(self.conv_last.bias)  # type: ignore[arg-type]

    @property
    def reach(self) -> int:
        """HR pixels to every side that decide an output pixel."""
        return 2 * len(self.body) + 2

    def forward(self, samples: Tensor) -> Tensor:
        """Fuse samples.

        Args:
            samples: (B, samples, 3, H, W), nominally in [0, 1].

        Returns:
            (B, 3, H, W), nominally in [0, 1], not clipped.
        """
        out = self.conv_last(self.body(self.conv_first(samples.flatten(1, 2))))
        return out + samples.mean(1) if self.skip == "mean" else out
