"""SRFlow-DA's inverse for weights that do not change any more.

The same map as `SRFlowDA.decode`, with everything folded that is constant: actnorm into the 1x1
convolution's inverse, log scales and offsets into the convolution before them, divisions by what
an image keeps constant into products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from pdbench.baselines.srflow_da.layers import (
    SCALE_OFFSET,
    ZERO_CONV_FACTOR,
    Coupling,
    FlowStep,
    Split,
    ZeroConv,
)
from pdbench.baselines.srflow_da.net import FlowUpsampler

__all__ = ["Decoder"]


class Conditioned(NamedTuple):
    """What a coupling's inverse keeps of an image.

    Attributes:
        offset: What is added last, (1, C, h, w).
        factor: What is multiplied before that.
        partial: The condition's share of the first convolution.
    """

    offset: Tensor
    factor: Tensor
    partial: Tensor


def _gather(conv: ZeroConv) -> tuple[Tensor, Tensor]:
    """Fold the log scales and sort the channels: all shifts, then all scales."""
    factor = torch.exp(conv.logs * ZERO_CONV_FACTOR)
    both = (conv.weight * factor[..., None], cast(Tensor, conv.bias) * factor.flatten())
    weight, bias = (torch.cat([x[0::2], x[1::2]]) for x in both)
    bias[len(bias) // 2 :] += SCALE_OFFSET
    return weight.contiguous(memory_format=torch.channels_last), bias


class _FrozenCoupling:
    """The inverse of a `Coupling`."""

    def __init__(self, coupling: Coupling) -> None:
        self.kept, self.floor = coupling.kept, coupling.floor
        first, *hidden, last = (m for m in coupling.fAffine if isinstance(m, nn.Conv2d))
        channels = self.kept + last.out_channels // 2
        # zeros for the half that changes: a convolution of the whole is cheaper than a copy
        weight = first.weight.new_zeros(first.out_channels, channels, 3, 3)
        weight[:, : self.kept] = first.weight[:, : self.kept]
        self.first = weight.contiguous(memory_format=torch.channels_last)
        self.hidden = [(conv.weight, conv.bias) for conv in hidden]
        self.last = _gather(cast(ZeroConv, last))

    def inverse(self, y: Tensor, image: Conditioned) -> Tensor:
        """Undo the coupling; overwrites y."""
        hidden = F.conv2d(y, self.first, padding=1).add_(image.partial).relu_()
        for weight, bias in self.hidden:
            hidden = F.conv2d(hidden, weight, bias, padding=1).relu_()
        shift, scale = F.conv2d(hidden, *self.last, padding=1).chunk(2, 1)
        y[:, self.kept :].div_(scale.sigmoid_().add_(self.floor)).sub_(shift)
        return torch.addcmul(image.offset, y, image.factor)


class _FrozenStep:
    """The inverse of a `FlowStep`."""

    def __init__(self, step: FlowStep) -> None:
        inverse = torch.linalg.inv(step.invconv.weight.double())
        factor = torch.exp(-step.actnorm.logs.double()).flatten()
        self.weight = (factor[:, None] * inverse).float()[:, :, None, None]
        self.bias = -step.actnorm.bias.flatten()
        self.coupling = _FrozenCoupling(step.affine) if step.affine else None

    def inverse(self, y: Tensor, image: Conditioned | None) -> Tensor:
        """Undo the step; overwrites y."""
        if self.coupling and image:
            y = self.coupling.inverse(y, image)
        return F.conv2d(y, self.weight, self.bias)


class Decoder:
    """Maps latents to images for any number of samples of an image.

    Args:
        flow: The layers; their weights must not change any more.
    """

    def __init__(self, flow: FlowUpsampler) -> None:
        self.flow = flow
        self.layers = [
            _FrozenStep(layer) if isinstance(layer, FlowStep) else layer for layer in flow.layers
        ]

    def prepare(self, conditions: Sequence[Tensor]) -> list[Conditioned | None]:
        """Compute, per layer, what depends on the two conditions (fine, coarse) only."""
        return [
            image and Conditioned(-image.shift, 1 / image.scale, image.partial)
            for image in self.flow.prepare(conditions)
        ]

    def decode(self, latents: Sequence[Tensor], prepared: Sequence[Conditioned | None]) -> Tensor:
        """Map latents [eps (S, 6, 2h, 2w), z (S, 24, h, w)] to images (S, 3, 4h, 4w)."""
        *rest, x = latents
        x = x.clone()  # steps write into what they are given
        for layer, image in zip(reversed(self.layers), reversed(prepared), strict=True):
            if isinstance(layer, Split):
                x = layer.inverse(x, rest.pop())
            elif isinstance(layer, _FrozenStep):
                x = layer.inverse(x, image)
            else:
                x = layer.inverse(x)  # type: ignore[operator]
        return x
