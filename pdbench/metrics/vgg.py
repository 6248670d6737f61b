"""The VGG16 backbone LPIPS and DISTS look through: torchvision's ImageNet convolutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from pdbench.metrics.vgg_weights import VGG16
from pdbench.weights import fetch

__all__ = ["CHANNELS", "SMALLEST", "Vgg16", "halve", "open_vgg16"]

CHANNELS = (64, 128, 256, 512, 512)
"""Channels of the five stages' outputs."""

SMALLEST = 16
"""Shortest side, in pixels, that survives four halvings."""

_STAGES = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
_STRIP = 256
"""Rows of the first stage computed at a time; even, so that pooling windows do not straddle."""


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
            image: (1, 3, H, W), normalised as the caller's metric wants it.

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


@cache
def open_vgg16(device: str) -> Vgg16:
    """Return the one backbone of this process on a device; raises WeightsUnavailable."""
    return Vgg16(load_file(fetch(VGG16)), device)
