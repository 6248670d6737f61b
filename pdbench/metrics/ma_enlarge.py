"""Bicubic enlargement to any size, in the single precision Ma's bands are compared in."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["enlarge"]


def enlarge(bands: Tensor, height: int, width: int) -> Tensor:
    """Enlarge with Keys' cubic (a = -1/2) and a border mirrored at the pixel edge.

    Positions and weights are single precision too: for odd sizes their rounding shows in the
    features, so it belongs to the definition.

    Args:
        bands: (N, h, w) float32.
        height: H, at least h.
        width: W, at least w.

    Returns:
        (N, H, W) float32.

    References:
        Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 1981,
        https://doi.org/10.1109/TASSP.1981.1163711
    """
    # Picking columns is slow: do it while there are few rows.
    for axis, length in ((2, width), (1, height)):
        if length != bands.shape[axis]:
            bands = _enlarge_axis(bands, axis, length)
    return bands


def _enlarge_axis(bands: Tensor, axis: int, length: int) -> Tensor:
    sources, weights = _taps(bands.shape[axis], length, bands.device)
    if axis == 1:
        weights = weights[:, :, None]
    result = bands.index_select(axis, sources[0]) * weights[0]
    for source, weight in zip(sources[1:], weights[1:], strict=True):
        result.addcmul_(bands.index_select(axis, source), weight)
    return result


def _taps(available: int, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return for each output the four pixels it is made of and their weights, both (4, length)."""
    scale = length / available
    position = (torch.arange(length, dtype=torch.float32, device=device) + 0.5) / scale - 0.5
    first = position.floor() - 2
    taps = torch.arange(1, 5, device=device)[:, None]
    weights = _cubic((position - first - taps).abs())
    source = first.long() + taps
    source = torch.where(source < 0, -1 - source, source)
    source = torch.where(source >= available, 2 * available - 1 - source, source)
    return source, weights / weights.sum(dim=0)


def _cubic(distance: Tensor) -> Tensor:
    square = distance * distance
    cube = distance * square
    near = 1.5 * cube - 2.5 * square + 1
    far = -0.5 * cube + 2.5 * square - 4 * distance + 2
    return torch.where(distance <= 1, near, torch.where(distance <= 2, far, 0))
