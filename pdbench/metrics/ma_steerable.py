"""The steerable pyramid Ma decomposes an image with: two scales of six orientations."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["ORIENTATIONS", "SteerableBands", "steerable_bands"]

ORIENTATIONS = 6

_Array = NDArray[np.float64]


class SteerableBands(NamedTuple):
    """Real parts of a complex steerable pyramid, float64.

    Attributes:
        high: (H, W), what lies above the oriented bands.
        fine: (6, H, W), one band per orientation.
        coarse: (6, h, w), the same an octave lower, h = ceil((H - 1/2) / 2).
    """

    high: Tensor
    fine: Tensor
    coarse: Tensor


class _Masks(NamedTuple):
    """Frequency responses over the half spectrum of a real image."""

    high: Tensor
    fine: Tensor
    coarse: Tensor
    angular: Tensor


def _frequencies(size: int) -> tuple[_Array, _Array]:
    """Return signed frequencies in FFT order, 1 being Nyquist's, and those of the mirror image."""
    index = np.fft.ifftshift(np.arange(size) - size // 2)
    frequency = index / (size / 2)
    return frequency, frequency[-np.arange(size) % size]


def _radial(log_radius: _Array, octave: int, passed: Literal["high", "low"]) -> _Array:
    """Raised cosine over the octave that ends at 2^-octave: passes what is above, or below, it."""
    # The original interpolates a table of this many steps and keeps masks in single precision.
    steps = np.arange(-256, 1)
    curve = np.cos(np.pi / 512 * steps)
    if passed == "low":
        curve = np.sqrt(1 - curve**2)
    return _single(np.interp(log_radius, steps / 256 - octave, curve))


def _angular(angle: _Array, orientation: int) -> _Array:
    """Return the one-sided response cos^5 around an orientation's direction."""
    order = ORIENTATIONS - 1
    scale = 2**order * math.factorial(order) / math.sqrt(ORIENTATIONS * math.factorial(2 * order))
    node = np.pi / 1024 * np.arange(-2048, 1025)
    lobe = 2 * scale * np.maximum(np.cos(node), 0) ** order
    return _single(np.interp(angle - np.pi * orientation / ORIENTATIONS, node, lobe))


def _single(mask: _Array) -> _Array:
    return mask.astype(np.float32).astype(np.float64)


def _low_rows(size: int) -> list[int]:
    """Return the FFT indices of the frequencies that survive halving, in FFT order."""
    kept = math.ceil((size - 0.5) / 2)
    return [index % size for index in (*range((kept + 1) // 2), *range(-(kept // 2), 0))]


def _low_columns(size: int) -> int:
    return math.ceil((size - 0.5) / 2) // 2 + 1


@lru_cache(maxsize=2)
def _masks(height: int, width: int, device: torch.device) -> _Masks:
    """Build the masks for one size; about 30 bytes a pixel are kept."""
    y, y_mirror = _frequencies(height)
    x, x_mirror = _frequencies(width)
    columns = width // 2 + 1
    y, y_mirror = y[:, None], y_mirror[:, None]
    x, x_mirror = x[:columns], x_mirror[:columns]

    radius = np.hypot(x, y)
    radius[0, 0] = radius[0, 1]
    log_radius = np.log2(radius)
    low = _radial(log_radius, 0, "low")
    # The real part of a one-sided response: half of what it passes minus half of its mirror image.
    angle, mirror = np.arctan2(y, x), np.arctan2(y_mirror, x_mirror)
    angular = [_angular(angle, n) - _angular(mirror, n) for n in range(ORIENTATIONS)]
    fine = 0.5 * low * _radial(log_radius, 1, "high")

    kept = np.ix_(_low_rows(height), range(_low_columns(width)))
    lower = log_radius[kept]
    coarse = 0.5 * low[kept] * _radial(lower, 1, "low") * _radial(lower, 2, "high")
    return _Masks(
        high=torch.from_numpy(_radial(log_radius, 0, "high")).to(device),
        fine=torch.from_numpy(fine).to(device),
        coarse=torch.from_numpy(coarse).to(device),
        angular=torch.from_numpy(np.stack(angular).astype(np.float32)).to(device),
    )


def steerable_bands(plane: Tensor) -> SteerableBands:
    """Decompose one plane.

    Args:
        plane: (H, W) float64, any range; H and W at least 16.

    Returns:
        The bands, in the plane's range, each of mean 0.

    References:
        Portilla, Simoncelli, "A parametric texture model based on joint statistics of complex
        wavelet coefficients", IJCV 2000, https://doi.org/10.1023/A:1026553619983
    """
    height, width = plane.shape
    masks = _masks(height, width, plane.device)
    spectrum = torch.fft.rfft2(plane)
    high = _filtered(spectrum, masks.high, (height, width))

    # Bands of odd symmetry: the factor is (-i)^(orientations - 1).
    turned = spectrum * -1j
    fine = _oriented(turned * masks.fine, masks.angular, (height, width))
    rows, columns = _low_rows(height), _low_columns(width)
    coarse = _oriented(
        turned[rows, :columns] * masks.coarse,
        masks.angular[:, rows, :columns],
        (len(rows), math.ceil((width - 0.5) / 2)),
    )
    return SteerableBands(high, fine, coarse)


def _oriented(spectrum: Tensor, angular: Tensor, size: tuple[int, int]) -> Tensor:
    bands = spectrum.real.new_empty(len(angular), *size)
    for band, mask in zip(bands, angular, strict=True):
        band.copy_(_filtered(spectrum, mask, size))
    return bands


def _filtered(spectrum: Tensor, mask: Tensor, size: tuple[int, int]) -> Tensor:
    # irfft2 is free to overwrite its input, so each band gets a product of its own.
    filtered: Tensor = torch.fft.irfft2(spectrum * mask, s=size)
    return filtered
