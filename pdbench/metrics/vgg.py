"""The VGG16 backbone LPIPS and DISTS look through: torchvision's ImageNet convolutions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from pdbench.metrics.backbone_weights import VGG16
from pdbench.metrics.lpips_common import normalized
from pdbench.weights import fetch

__all__ = [
    "CHANNELS", "SMALLEST", "FirstStages", "Vgg16", "halve", "open_vgg16", "shared_first_stages",
]  # fmt: skip

CHANNELS = (64, 128, 256, 512, 512)
"""Channels of the five stages' outputs."""

SMALLEST = 16
"""Shortest side, in pixels, that survives four halvings."""

_STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
_STRIP = 256
"""Rows of the first stage computed at a time; even, so that pooling windows do not straddle."""
_SHARED_PIXELS = 2**20
"""Pixels of images whose first stage, 256 bytes a pixel, is kept for whoever asks next."""


@dataclass
class FirstStages:
    """First stages kept inside `shared_first_stages`.

    Attributes:
        room: Pixels of images that can still be kept.
        asked_again: Whether any of those kept was asked for again.
    """

    room: int
    asked_again: bool = False
    # (Backbone, address and layout of an image) -> the image, so that no other takes its address,
    # and the strips.
    _kept: dict[tuple[object, ...], tuple[Tensor, list[Tensor]]] = field(default_factory=dict)

    def get(self, vgg: Vgg16, image: Tensor) -> Iterable[Tensor]:
        """Return the first stage of an image, computed or kept; see `Vgg16.first_stage_of`."""
        key = (vgg, image.data_ptr(), image.shape, image.stride()[1:])
        if key in self._kept:
            self.asked_again = True
            return self._kept[key][1]
        strips = vgg.first_stage(normalized(image))
        pixels = image.shape[-1] * image.shape[-2]
        if pixels > self.room:
            return strips
        self.room -= pixels
        self._kept[key] = image, list(strips)
        return self._kept[key][1]


_shared: ContextVar[FirstStages | None] = ContextVar("_shared", default=None)


@contextmanager
def shared_first_stages(pixels: int = _SHARED_PIXELS) -> Iterator[FirstStages]:
    """Compute the first stage of the same image once while inside.

    Neither images nor first stages may be changed in place meanwhile.

    Args:
        pixels: How many pixels of images to keep it for; of others it is computed every time.

    Yields:
        What is kept.
    """
    stages = FirstStages(pixels)
    token = _shared.set(stages)
    try:
        yield stages
    finally:
        _shared.reset(token)


def halve(features: Tensor) -> Tensor:
    """Max-pool 2x2, VGG's own way down."""
    return max_pool2d(features, 2)


class Vgg16:
    """The five stages up to relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3.

    Stages are computed when asked for, so that a caller never holds more than it uses.

    Args:
        weights: "features.N.weight" and "features.N.bias" as torchvision names them.
        device: Torch device to compute on.

    References:
        Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition",
        ICLR 2015, https://arxiv.org/abs/1409.1556
    """

    def __init__(self, weights: dict[str, Tensor], device: str) -> None:
        # channels_last is what makes these convolutions a quarter faster on a CPU.
        self._stages = [
            [
                (
                    weights[f"features.{layer}.weight"].to(
                        device, memory_format=torch.channels_last
                    ),
                    weights[f"features.{layer}.bias"].to(device),
                )
                for layer in stage
            ]
            for stage in _STAGES
        ]

    def _run(self, features: Tensor, stage: int) -> Tensor:
        for weight, bias in self._stages[stage]:
            features = conv2d(features, weight, bias, padding=1).relu_()
        return features

    def first_stage(self, image: Tensor) -> Iterator[Tensor]:
        """Yield relu1_2 in strips of rows, from the top; joined they are the whole.

        Args:
            image: (1, 3, H, W), normalized as the caller's metric wants it.

        Yields:
            (1, 64, rows, W); rows is even but for the last strip.
        """
        image = image.contiguous(memory_format=torch.channels_last)
        height = image.shape[-2]
        for top in range(0, height, _STRIP):
            # Two convolutions reach two rows beyond the strip; those rows are cut off again.
            start, stop = max(0, top - 2), min(height, top + _STRIP + 2)
            strip = self._run(image[:, :, start:stop], 0)
            yield strip[:, :, top - start : top - start + _STRIP]

    def first_stage_of(self, image: Tensor) -> Iterable[Tensor]:
        """Return relu1_2 of an image as LPIPS normalizes it, shared inside `shared_first_stages`.

        Args:
            image: (1, 3, H, W) RGB in [0, 1].

        Returns:
            As `first_stage` yields; not to be changed in place.
        """
        shared = _shared.get()
        return shared.get(self, image) if shared else self.first_stage(normalized(image))

    def later_stages(
        self, pooled: Tensor, pool: Callable[[Tensor], Tensor] = halve
    ) -> Iterator[Tensor]:
        """Yield relu2_2, relu3_3, relu4_3, relu5_3.

        Args:
            pooled: (1, 64, H/2, W/2): relu1_2 after `pool`.
            pool: The way from one stage's output to the next one's input.

        Yields:
            (1, C, H', W'); not to be changed in place.
        """
        features = pooled.contiguous(memory_format=torch.channels_last)
        for stage in range(1, len(_STAGES)):
            features = self._run(features if stage == 1 else pool(features), stage)
            yield features

    def before_last_relu(self, features: Tensor) -> Tensor:
        """Return conv5_3, before its activation, from relu4_3 (B, 512, H/8, W/8)."""
        *inner, (weight, bias) = self._stages[-1]
        features = halve(features)
        for kernel, offset in inner:
            features = conv2d(features, kernel, offset, padding=1).relu_()
        return conv2d(features, weight, bias, padding=1)


@cache
def open_vgg16(device: str) -> Vgg16:
    """Return the one backbone of this process on a device; raises WeightsUnavailable."""
    return Vgg16(load_file(fetch(VGG16.convolutions)), device)
