"""Parts that LPIPS has whichever its backbone is: what comes before it and after it."""

from __future__ import annotations

from safetensors.torch import load
from torch import Tensor

from pdbench.weights import BundledFile, bundled_bytes

__all__ = ["normalized", "read_heads", "to_unit"]

_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)


def normalized(image: Tensor) -> Tensor:
    """Map (B, 3, H, W) RGB in [0, 1] to what the backbones were trained on."""
    shift, scale = (image.new_tensor(row).view(1, 3, 1, 1) for row in (_SHIFT, _SCALE))
    return (2 * image - 1 - shift) / scale


def to_unit(features: Tensor) -> Tensor:
    """Scale each pixel's feature vector, along dimension 1, to length one."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt_() + 1e-10)


def read_heads(file: BundledFile, version: str, device: str) -> list[Tensor]:
    """Return the channel weights of the five stages.

    Raises:
        ValueError: The version is not 0.1, the one these files are of.
    """
    if version != "0.1":
        raise ValueError(f"expected LPIPS version 0.1, got {version}")
    stored = load(bundled_bytes(file))
    return [stored[f"lin{stage}"].to(device) for stage in range(5)]
