"""ESRGAN+: ESRGAN with one more residual in every dense block; nESRGAN+ adds noise in training.

References:
    Rakotonirina, Rasoanaivo, "ESRGAN+: Further Improving Enhanced Super-Resolution Generative
    Adversarial Network", ICASSP 2020, https://arxiv.org/abs/2001.08073
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from pdbench.baselines.arguments import Blocks, Width, checked
from pdbench.baselines.rrdb.net import RESIDUAL_SCALE, SLOPE, conv3x3

__all__ = ["ESRGANPlus", "RelativeNoise"]

NOISE = 0.1
"""Standard deviation of nESRGAN+'s noise over the value it is added to (section 3.2)."""


def activated(channels_in: int, channels_out: int) -> nn.Sequential:
    """3x3 convolution and leaky ReLU."""
    return nn.Sequential(conv3x3(channels_in, channels_out), nn.LeakyReLU(SLOPE))


class RelativeNoise(nn.Module):
    """Gaussian noise in proportion to every value; nothing in eval mode.

    Args:
        deviation: Standard deviation over the value.
    """

    def __init__(self, deviation: float = NOISE) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, x: Tensor) -> Tensor:
        """Return x + n * deviation * x in train mode; gradients flow through the scale as well."""
        if not (self.training and self.deviation):
            return x
        # not randn_like: its order would follow the memory layout
        return x + torch.randn(x.shape, dtype=x.dtype, device=x.device) * (self.deviation * x)


class DenseBlock(nn.Module):
    """Five densely connected convolutions with a residual every two.

    Args:
        features: Channels of input and output.
        growth: Channels each of the first four convolutions adds.
        noise: See `RelativeNoise`.
    """

    def __init__(self, features: int, growth: int, noise: float) -> None:
        super().__init__()
        self.conv1x1 = nn.Conv2d(features, growth, 1, bias=False)
        self.conv1 = activated(features, growth)
        self.conv2 = activated(features + growth, growth)
        self.conv3 = activated(features + 2 * growth, growth)
        self.conv4 = activated(features + 3 * growth, growth)
        self.conv5 = nn.Sequential(conv3x3(features + 4 * growth, features))
        self.noise = RelativeNoise(noise)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, features, h, w) to the same shape."""
        x1 = self.conv1(x)
        x2 = self.conv2(torch.cat((x, x1), 1)) + self.conv1x1(x)
        x3 = self.conv3(torch.cat((x, x1, x2), 1))
        x4 = self.conv4(torch.cat((x, x1, x2, x3), 1)) + x2
        out = self.conv5(torch.cat((x, x1, x2, x3, x4), 1))
        return self.noise(x + RESIDUAL_SCALE * out)


class ResidualInResidual(nn.Module):
    """Three dense blocks inside one more scaled residual."""

    def __init__(self, features: int, growth: int, noise: float) -> None:
        super().__init__()
        self.RDB1 = DenseBlock(features, growth, noise)
        self.RDB2 = DenseBlock(features, growth, noise)
        self.RDB3 = DenseBlock(features, growth, noise)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, features, h, w) to the same shape."""
        return x + RESIDUAL_SCALE * self.RDB3(self.RDB2(self.RDB1(x)))


class Trunk(nn.Module):
    """All blocks and the convolution after them, around one skip."""

    def __init__(self, features: int, blocks: int, growth: int, noise: float) -> None:
        super().__init__()
        body = [ResidualInResidual(features, growth, noise) for _ in range(blocks)]
        self.sub = nn.Sequential(*body, conv3x3(features, features))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, features, h, w) to the same shape."""
        return x + self.sub(x)


class ESRGANPlus(nn.Module):
    """x4 generator of ESRGAN+ and nESRGAN+; key names are the authors'.

    At 64 features, 23 blocks and growth 32 this is the published network: 771 tensors,
    16,839,299 parameters.

    Args:
        features: Width of the trunk.
        blocks: Number of residual-in-residual blocks.
        growth: Channels each dense convolution adds.
        noise: Deviation of the noise after every dense block while it is trained, over the value:
            0.1 trains nESRGAN+, 0 the plain ESRGAN+.
    """

    @checked
    def __init__(
        self,
        features: Width = 64,
        blocks: Blocks = 23,
        growth: Width = 32,
        noise: Annotated[float, Field(ge=0, le=1)] = NOISE,
    ) -> None:
        super().__init__()
        self.model = nn.Sequential(
            conv3x3(3, features),
            Trunk(features, blocks, growth, noise),
            nn.Upsample(scale_factor=2, mode="nearest"),
            *activated(features, features),
            nn.Upsample(scale_factor=2, mode="nearest"),
            *activated(features, features),
            *activated(features, features),
            conv3x3(features, 3),
        )

    def forward(self, lr: Tensor) -> Tensor:
        """Restore an image; deterministic in eval mode.

        Args:
            lr: (B, 3, h, w) in [0, 1].

        Returns:
            (B, 3, 4h, 4w), nominally in [0, 1], not clipped.
        """
        return self.model(lr)
