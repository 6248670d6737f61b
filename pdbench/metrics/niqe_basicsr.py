"""NIQE in BasicSR's arithmetic: a float32 image under a float64 window.

MATLAB computes in float64. BasicSR keeps the Y, the normalized coefficients and every moment in
float32; where an image is flat, that alone decides the signs the moments are made of, and moves
the score by up to 0.3. Sums run in numpy's and torch's own order, as there.

References:
    BasicSR 1.4.2, basicsr/metrics/niqe.py, https://github.com/XPixelGroup/BasicSR (Apache-2.0)
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import convolve
from scipy.special import gamma
from torch import Tensor

__all__ = ["block_features", "luma_levels"]

Plane = npt.NDArray[np.float32]

_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
# Keys' cubic at the distances of eight taps, halved: exact in float32.
_NEAR = (0.43359375, 0.11328125, -0.03515625, -0.01171875)
_TAPS = torch.tensor([*reversed(_NEAR), *_NEAR])


def luma_levels(levels: npt.NDArray[np.uint8]) -> Plane:
    """Return the rounded Y of BT.601 (16-235), halves to even, of (H, W, 3) levels of RGB."""
    blue_first = np.ascontiguousarray(levels[..., ::-1]).astype(np.float32) / 255.0
    luma = (np.dot(blue_first, [24.966, 128.553, 65.481]) + 16.0) / 255.0
    rounded: Plane = (luma.astype(np.float32) * 255.0).round()
    return rounded


def block_features(plane: Plane, block: int) -> Tensor:
    """Return the 36 features of every block, both scales.

    Args:
        plane: (H, W) Y levels, both sides a multiple of `block`.
        block: Side of a block at the first scale, pixels, even.

    Returns:
        (n, 36) float64.
    """
    halved = _halve(plane / 255.0) * 255.0
    scales = [_features(_normalize(plane), block), _features(_normalize(halved), block // 2)]
    return torch.from_numpy(np.concatenate(scales, axis=1))


@cache
def _window() -> npt.NDArray[np.float64]:
    """Return the 7x7 Gaussian window of 7/6 pixels."""
    square = np.arange(-3, 4) ** 2
    window = np.exp(-(square[:, None] + square) / (2 * (7 / 6) ** 2))
    return window / window.sum()


def _normalize(plane: Plane) -> Plane:
    mean = convolve(plane, _window(), mode="nearest")
    power = convolve(np.square(plane), _window(), mode="nearest")
    deviation = np.sqrt(np.abs(power - np.square(mean)))
    normalized: Plane = (plane - mean) / (deviation + 1)
    return normalized


def _halve(plane: Plane) -> Plane:
    """Shrink by two with MATLAB's antialiased bicubic kernel and a symmetric border."""
    padded = torch.from_numpy(np.pad(plane, ((3, 3), (0, 0)), mode="symmetric"))
    rows = [padded[top : top + 8].T.mv(_TAPS) for top in range(0, len(plane), 2)]
    small = torch.stack(rows)
    padded = torch.from_numpy(np.pad(small.numpy(), ((0, 0), (3, 3)), mode="symmetric"))
    columns = [padded[:, left : left + 8].mv(_TAPS) for left in range(0, plane.shape[1], 2)]
    return torch.stack(columns, dim=1).numpy()


def _features(plane: Plane, block: int) -> npt.NDArray[np.float64]:
    """Return the 18 features of each block of a normalized plane, (n, 18)."""
    height, width = plane.shape
    return np.array(
        [
            _block_features(plane[top : top + block, left : left + block])
            for left in range(0, width, block)
            for top in range(0, height, block)
        ]
    )


def _block_features(block: Plane) -> list[float]:
    shape, left, right = _fit(block)
    features = [shape, (left + right) / 2]
    for shift in _SHIFTS:
        shape, left, right = _fit(block * np.roll(block, shift, axis=(0, 1)))
        features += [shape, (right - left) * (gamma(2 / shape) / gamma(1 / shape)), left, right]
    return features


@cache
def _table() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return shapes of the generalized Gaussian and the moment ratio that belongs to each."""
    shape = np.arange(0.2, 10.001, 0.001)
    inverse = np.reciprocal(shape)
    return shape, np.square(gamma(inverse * 2)) / (gamma(inverse) * gamma(inverse * 3))


def _fit(block: Plane) -> tuple[float, float, float]:
    """Fit an asymmetric generalized Gaussian by moments: shape, left scale, right scale."""
    values = block.flatten()
    left, right = (_root_mean_square(side) for side in (values[values < 0], values[values > 0]))
    with np.errstate(divide="ignore", invalid="ignore"):
        balance = left / right
        ratio = np.mean(np.abs(values)) ** 2 / np.mean(values**2)
        ratio = (ratio * (balance**3 + 1) * (balance + 1)) / ((balance**2 + 1) ** 2)
    shapes, ratios = _table()
    shape = shapes[np.argmin((ratios - ratio) ** 2)]
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * scale, right * scale


def _root_mean_square(values: Plane) -> np.float32:
    return np.sqrt(np.mean(values**2)) if values.size else np.float32("nan")
