"""RRDB, the residual-in-residual dense network of ESRGAN, as restorer and as condition encoder.

References:
    Wang, Yu, Wu, Gu, Liu, Dong, Qiao, Loy, "ESRGAN: Enhanced Super-Resolution Generative
    Adversarial Networks", ECCV Workshops 2018, https://arxiv.org/abs/1809.00219
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdbench.baselines.arguments import Blocks, Width, checked

__all__ = ["RRDB", "DenseBlock", "ResidualInResidual"]

RESIDUAL_SCALE = 0.2
SLOPE = 0.2
INIT_GAIN = 0.1  # ESRGAN, section 3.1: smaller initialization eases training without batch norm


def activate(x: Tensor) -> Tensor:
    """Leaky ReLU with ESRGAN's slope of 0.2."""
    return F.leaky_relu(x, SLOPE)


def enlarge(x: Tensor) -> Tensor:
    """Nearest-neighbor x2, (B, C, h, w) to (B, C, 2h, 2w)."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def conv3x3(channels_in: int, channels_out: int) -> nn.Conv2d:
    """3x3 convolution that keeps the size."""
    return nn.Conv2d(channels_in, channels_out, 3, padding=1)


class DenseBlock(nn.Module):
    """Five densely connected convolutions with a scaled residual.

    Args:
        features: Channels of input and output.
        growth: Channels each of the first four convolutions adds.
    """

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        for index in range(4):
            self.add_module(f"conv{index + 1}", conv3x3(features + index * growth, growth))
        self.conv5 = conv3x3(features + 4 * growth, features)
        for conv in self.modules():
            if isinstance(conv, nn.Conv2d):
                nn.init.kaiming_normal_(conv.weight, a=0, mode="fan_in")
                conv.weight.data *= INIT_GAIN
                nn.init.zeros_(conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, features, h, w) to the same shape."""
        dense = [x]
        for index in range(4):
            conv = getattr(self, f"conv{index + 1}")
            dense.append(activate(conv(torch.cat(dense, 1))))
        return x + RESIDUAL_SCALE * self.conv5(torch.cat(dense, 1))


class ResidualInResidual(nn.Module):
    """Three dense blocks inside one more scaled residual."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(features, growth)
        self.rdb2 = DenseBlock(features, growth)
        self.rdb3 = DenseBlock(features, growth)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, features, h, w) to the same shape."""
        return x + RESIDUAL_SCALE * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDB(nn.Module):
    """x4 super-resolution network; key names are those of BasicSR.

    At 64 features, 23 blocks and growth 32 this is the published network: 702 tensors,
    16,697,987 parameters.

    Args:
        features: Width of the trunk.
        blocks: Number of residual-in-residual blocks.
        growth: Channels each dense convolution adds.
        skip: What the trunk's end is added to: the first convolution's output ("input",
            ESRGAN and BasicSR) or the trunk's own output ("trunk", the encoder inside SRFlow).
    """

    @checked
    def __init__(
        self,
        features: Width = 64,
        blocks: Blocks = 23,
        growth: Width = 32,
        skip: Literal["input", "trunk"] = "input",
    ) -> None:
        super().__init__()
        self.skip = skip
        self.conv_first = conv3x3(3, features)
        self.body = nn.Sequential(*(ResidualInResidual(features, growth) for _ in range(blocks)))
        self.conv_body = conv3x3(features, features)
        self.conv_up1 = conv3x3(features, features)
        self.conv_up2 = conv3x3(features, features)
        self.conv_hr = conv3x3(features, features)
        self.conv_last = conv3x3(features, 3)

    def trunk(self, lr: Tensor, taps: Collection[int] = ()) -> tuple[Tensor, list[Tensor]]:
        """Run everything at LR size.

        Args:
            lr: (B, 3, h, w) in [0, 1].
            taps: 0-based blocks whose outputs are wanted too.

        Returns:
            The last LR feature map (B, features, h, w), linear, and the tapped outputs in order.
        """
        first = self.conv_first(lr)
        x, tapped = first, []
        for index, block in enumerate(self.body):
            x = block(x)
            if index in taps:
                tapped.append(x)
        return self.conv_body(x) + (first if self.skip == "input" else x), tapped

    def up1(self, features: Tensor) -> Tensor:
        """Take LR features to half the HR size, after the activation."""
        return activate(self.conv_up1(enlarge(features)))

    def forward(self, lr: Tensor) -> Tensor:
        """Restore an image.

        Args:
            lr: (B, 3, h, w) in [0, 1].

        Returns:
            (B, 3, 4h, 4w), nominally in [0, 1], not clipped.
        """
        features, _ = self.trunk(lr)
        features = activate(self.conv_up2(enlarge(self.up1(features))))
        return self.conv_last(activate(self.conv_hr(features)))
