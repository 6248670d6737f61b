"""The invertible layers of SRFlow-DA, each with a forward, an inverse and a cached condition part.

Every layer maps (x, prepared) -> (y, logdet) and back. `prepare(condition)` computes all that
depends on the LR image only: it runs once per image, however many samples are drawn.
Attribute names are those of the published key names.

References:
    Jo, Yang, Kim, "SRFlow-DA: Super-Resolution Using Normalizing Flow with Deep Convolutional
    Block", CVPR Workshops 2021. Lugmayr, Danelljan, Van Gool, Timofte, "SRFlow: Learning the
    Super-Resolution Space with Normalizing Flow", ECCV 2020. Kingma, Dhariwal, "Glow: Generative
    Flow with Invertible 1x1 Convolutions", NeurIPS 2018.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

__all__ = [
    "SCALE_OFFSET",
    "ZERO_CONV_FACTOR",
    "ActNorm",
    "Coupling",
    "FlowStep",
    "InvertibleConv",
    "Prepared",
    "Split",
    "Squeeze",
    "ZeroConv",
]

ZERO_CONV_FACTOR = 3.0  # Glow: output times exp(3 * logs)
SCALE_OFFSET = 2.0  # SRFlow: scale sigmoid(raw + 2), near 1 at the start
ACTNORM_EPSILON = 1e-6
HIDDEN_STD = 0.05


class Prepared(NamedTuple):
    """What a coupling keeps of the condition.

    Attributes:
        shift: Shift of the feature-conditional part, (B, C, h, w).
        scale: Its scale, positive.
        partial: The condition's share of the self-conditional net's first convolution.
    """

    shift: Tensor
    scale: Tensor
    partial: Tensor


def in_float32(x: Tensor) -> torch.autocast:
    """Suspend autocast: only the coupling nets are stable in bfloat16."""
    return torch.autocast(x.device.type, enabled=False)


def _sum(x: Tensor) -> Tensor:
    return x.flatten(1).sum(1)


def _interleaved(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[:, 0::2], x[:, 1::2]


class ZeroConv(nn.Conv2d):
    """3x3 convolution that starts at zero, with a learned log scale per output channel."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 3, padding=1)
        self.logs = nn.Parameter(torch.zeros(channels_out, 1, 1))
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, h, w) to (B, channels_out, h, w), float32."""
        return super().forward(x).float() * torch.exp(self.logs * ZERO_CONV_FACTOR)


def coupling_net(channels_in: int, channels_out: int, hidden: int, depth: int) -> nn.Sequential:
    """One convolution to `hidden`, `depth` hidden ones, and a zero convolution; ReLU between."""
    layers: list[nn.Module] = []
    for index in range(depth + 1):
        conv = nn.Conv2d(hidden if index else channels_in, hidden, 3, padding=1)
        nn.init.normal_(conv.weight, 0.0, HIDDEN_STD)
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        layers += [conv, nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, ZeroConv(hidden, channels_out))


class ActNorm(nn.Module):
    """Affine map per channel: (x + bias) * exp(logs)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.logs = nn.Parameter(torch.zeros(1, channels, 1, 1))

    @torch.no_grad()
    def initialize(self, x: Tensor) -> None:
        """Set bias and logs so that this batch comes out with mean 0 and variance 1."""
        mean = x.mean((0, 2, 3), keepdim=True)
        deviation = x.var((0, 2, 3), unbiased=False, keepdim=True).sqrt()
        self.bias.copy_(-mean)
        self.logs.copy_(-torch.log(deviation + ACTNORM_EPSILON))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return y and its log-determinant, shape (1,): the same for every image."""
        return (x + self.bias) * torch.exp(self.logs), x[0, 0].numel() * self.logs.sum().view(1)

    def inverse(self, y: Tensor) -> Tensor:
        """Undo `forward`."""
        return y * torch.exp(-self.logs) - self.bias


class InvertibleConv(nn.Module):
    """1x1 convolution with a full matrix; its inverse is taken in float64."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        orthogonal, _ = torch.linalg.qr(torch.randn(channels, channels, dtype=torch.float64))
        self.weight = nn.Parameter(orthogonal.float())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return y and its log-determinant, shape (1,)."""
        with in_float32(x):
            logdet = torch.linalg.slogdet(self.weight.double())[1].float()
            return F.conv2d(x, self.weight[:, :, None, None]), x[0, 0].numel() * logdet.view(1)

    def inverse(self, y: Tensor) -> Tensor:
        """Undo `forward`."""
        with in_float32(y):
            inverse = torch.linalg.inv(self.weight.double()).float()
            return F.conv2d(y, inverse[:, :, None, None])


class Coupling(nn.Module):
    """Two conditional affine maps: one by the LR features alone, one by half of the signal too.

    Args:
        channels: Channels of the signal.
        condition: Channels of the condition.
        hidden: Width of the two nets.
        depth: Hidden convolutions of each net.
        floor: What is added to the sigmoid, so that the inverse divides by at least this.
    """

    def __init__(
        self, channels: int, condition: int, *, hidden: int, depth: int, floor: float
    ) -> None:
        super().__init__()
        self.kept = channels // 2
        self.condition = condition
        self.hidden = hidden
        self.floor = floor
        self.fAffine = coupling_net(
            self.kept + condition, 2 * (channels - self.kept), hidden, depth
        )
        self.fFeatures = coupling_net(condition, 2 * channels, hidden, depth)

    def _affine(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        shift, scale = _interleaved(raw)
        return shift, torch.sigmoid(scale + SCALE_OFFSET) + self.floor

    def prepare(self, condition: Tensor) -> Prepared:
        """Compute what depends on the condition (B, condition, h, w) only."""
        first: nn.Conv2d = self.fAffine[0]  # type: ignore[assignment]
        partial = F.conv2d(condition, first.weight[:, self.kept :], first.bias, padding=1)
        # Laid out as the signal is: every sample reads them.
        shift, scale = (x.contiguous() for x in self._affine(self.fFeatures(condition)))
        return Prepared(shift, scale, partial)

    def _by_self(self, kept: Tensor, partial: Tensor) -> tuple[Tensor, Tensor]:
        first: nn.Conv2d = self.fAffine[0]  # type: ignore[assignment]
        x = F.conv2d(kept, first.weight[:, : self.kept], padding=1).add_(partial)
        return self._affine(self.fAffine[1:](x))

    def forward(self, x: Tensor, prepared: Prepared) -> tuple[Tensor, Tensor]:
        """Return y and its log-determinant, shape (B,)."""
        x = (x + prepared.shift) * prepared.scale
        kept, changed = x[:, : self.kept], x[:, self.kept :]
        shift, scale = self._by_self(kept, prepared.partial)
        logdet = _sum(prepared.scale.log()) + _sum(scale.log())
        return torch.cat([kept, (changed + shift) * scale], 1), logdet

    def inverse(self, y: Tensor, prepared: Prepared) -> Tensor:
        """Undo `forward`."""
        kept, changed = y[:, : self.kept], y[:, self.kept :]
        shift, scale = self._by_self(kept, prepared.partial)
        y = torch.cat([kept, changed / scale - shift], 1)
        return y / prepared.scale - prepared.shift


class FlowStep(nn.Module):
    """Actnorm, invertible 1x1 convolution and, unless `affine` is off, a coupling."""

    def __init__(self, channels: int, affine: Coupling | None) -> None:
        super().__init__()
        self.actnorm = ActNorm(channels)
        self.invconv = InvertibleConv(channels)
        self.affine = affine

    def prepare(self, condition: Tensor) -> Prepared | None:
        """Compute what depends on the condition only; None without a coupling."""
        return self.affine.prepare(condition) if self.affine else None

    def forward(self, x: Tensor, prepared: Prepared | None) -> tuple[Tensor, Tensor]:
        """Return y and its log-determinant, shape (1,) or (B,)."""
        x, logdet = self.actnorm(x)
        x, more = self.invconv(x)
        logdet = logdet + more
        if self.affine and prepared:
            x, more = self.affine(x, prepared)
            logdet = logdet + more
        return x, logdet

    def inverse(self, y: Tensor, prepared: Prepared | None) -> Tensor:
        """Undo `forward`."""
        if self.affine and prepared:
            y = self.affine.inverse(y, prepared)
        return self.actnorm.inverse(self.invconv.inverse(y))


class Squeeze(nn.Module):
    """Pixel-unshuffle by 2: (B, C, h, w) to (B, 4C, h/2, w/2); no parameters."""

    def forward(self, x: Tensor) -> Tensor:
        """Trade size for channels."""
        return F.pixel_unshuffle(x, 2)

    def inverse(self, y: Tensor) -> Tensor:
        """Undo `forward`."""
        return F.pixel_shuffle(y, 2)


class Split(nn.Module):
    """Factor out the last half of the channels as a Gaussian whose moments the first half gives.

    Args:
        channels: Channels before the split.
        bound: Limit of the log standard deviation (a smooth clamp), or None for no limit.
    """

    def __init__(self, channels: int, bound: float | None = None) -> None:
        super().__init__()
        self.bound = bound
        self.conv = ZeroConv(channels // 2, channels)

    def _moments(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        with in_float32(kept):
            mean, logs = _interleaved(self.conv(kept))
        return mean, logs if self.bound is None else self.bound * torch.tanh(logs / self.bound)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the kept half, eps of the given half, and that half's log-likelihood (B,)."""
        kept, given = x.chunk(2, dim=1)
        mean, logs = self._moments(kept)
        eps = (given - mean) * torch.exp(-logs)
        return kept, eps, _sum(-0.5 * eps**2 - logs - 0.5 * math.log(2 * math.pi))

    def inverse(self, kept: Tensor, eps: Tensor) -> Tensor:
        """Undo `forward`."""
        mean, logs = self._moments(kept)
        return torch.cat([kept, mean + torch.exp(logs) * eps], 1)
