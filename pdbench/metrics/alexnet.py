"""The AlexNet backbone LPIPS-Alex looks through: torchvision's ImageNet convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from pdbench.metrics.backbone_weights import ALEXNET
from pdbench.weights import fetch

__all__ = ["SMALLEST", "AlexNet", "open_alexnet"]

SMALLEST = 31
"""Shortest side, in pixels, that leaves the last stage one."""

_STRIDES = (4, 1, 1, 1, 1)
_PADDINGS = (2, 2, 1, 1, 1)
_POOLED = (1, 2)
"""Stages that see their input after a 3x3 max-pooling of stride 2."""


class AlexNet:
    """The five stages' outputs after their ReLU.

    Args:
        weights: "features.N.weight" and "features.N.bias" as torchvision names them.
        device: Torch device to compute on.

    References:
        Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014,
        https://arxiv.org/abs/1404.5997
    """

    def __init__(self, weights: dict[str, Tensor], device: str) -> None:
        self._layers = [
            (
                weights[f"features.{layer}.weight"].to(device, memory_format=torch.channels_last),
                weights[f"features.{layer}.bias"].to(device),
            )
            for layer in ALEXNET.layers
        ]

    def stages(self, image: Tensor) -> Iterator[Tensor]:
        """Yield the outputs of the five stages: 64, 192, 384, 256 and 256 channels.

        Args:
            image: (B, 3, H, W), normalized as the caller's metric wants it; sides from 31 on.

        Yields:
            (B, C, H', W'), the first at a quarter of the size; not to be changed in place.
        """
        features = image.contiguous(memory_format=torch.channels_last)
        for stage, (weight, bias) in enumerate(self._layers):
            if stage in _POOLED:
                features = max_pool2d(features, 3, stride=2)
            features = conv2d(
                features, weight, bias, stride=_STRIDES[stage], padding=_PADDINGS[stage]
            ).relu_()
            yield features


@cache
def open_alexnet(device: str) -> AlexNet:
    """Return the one backbone of this process on a device; raises WeightsUnavailable."""
    return AlexNet(load_file(fetch(ALEXNET.convolutions)), device)
