"""Shared steps of LPIPS before and after its backbone, whichever that is."""

from __future__ import annotations

from torch import Tensor

__all__ = ["normalized", "to_unit"]

_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)


def normalized(image: Tensor) -> Tensor:
    """Map (B, 3, H, W) RGB in [0, 1] to what the backbones were trained on."""
    shift, scale = (image.new_tensor(row).view(1, 3, 1, 1) for row in (_SHIFT, _SCALE))
    return (2 * image - 1 - shift) / scale


def to_unit(features: Tensor) -> Tensor:
    """Scale each pixel's feature vector, along dimension 1, to length one."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt_() + 1e-10)
