"""Ma's local frequency features: what the DCT of small overlapping blocks looks like."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import pad

from pdbench.metrics.ggd import magnitude_variation, shape_of

__all__ = ["dct_features"]

_SIDE = 7
_STEP = 3
_CHUNK = 8192
"""Blocks transformed at a time: keeps the working set in the cache and memory bounded."""

_DIRECTIONS = """
    . 1 1 1 1 1 1
    3 2 1 1 1 1 1
    3 3 2 2 1 1 1
    3 3 2 2 2 1 1
    3 3 3 2 2 2 2
    3 3 3 3 2 2 2
    3 3 3 3 2 2 2
"""
"""Which of three orientations each coefficient belongs to; the constant one to none."""


@lru_cache(maxsize=4)
def _basis(device: torch.device) -> Tensor:
    """Return the orthonormal 7x7 DCT-II as (48, 49), its rows sorted by orientation."""
    order = torch.arange(_SIDE, dtype=torch.float64)
    waves = torch.cos(math.pi * order[:, None] * (2 * order + 1) / (2 * _SIDE))
    waves[0] *= math.sqrt(0.5)
    waves *= math.sqrt(2 / _SIDE)
    labels = _DIRECTIONS.split()
    rows = [index for label in "123" for index, found in enumerate(labels) if found == label]
    return torch.kron(waves, waves)[rows].to(device)


def _block_statistics(coefficients: Tensor) -> Tensor:
    """Map (48, n) coefficients of n blocks to (3, n): shape, variation, orientation contrast."""
    deviation = coefficients - coefficients.mean(dim=0)
    variance = deviation.square().sum(dim=0) / (len(coefficients) - 1)
    shape = shape_of(variance, deviation.abs_().mean(dim=0))

    magnitudes = coefficients.abs_()
    variation = magnitude_variation(magnitudes, 1e-7)
    per_orientation = magnitude_variation(magnitudes.view(3, 16, -1).transpose(0, 1), 1e-8)
    return torch.stack([shape, variation, per_orientation.var(dim=0)])


def dct_features(plane: Tensor) -> Tensor:
    """Pool the block statistics of one scale.

    Blocks of 7x7 pixels, 3 apart, zeros outside the image. Each statistic is pooled twice: its
    mean over all blocks, and over the tenth of the blocks where it tells most (the smallest
    shapes, the largest variations and orientation contrasts).

    Args:
        plane: (H, W) float64 in [0, 1].

    Returns:
        (6,) float64: shape (tenth, all), variation (tenth, all), orientation (tenth, all).

    References:
        Saad, Bovik, Charrier, "Blind image quality assessment: A natural scene statistics approach
        in the DCT domain", IEEE TIP 2012, https://doi.org/10.1109/TIP.2012.2191563
    """
    sides = []
    for size in reversed(plane.shape):
        missing = (math.ceil(size / _STEP) - 1) * _STEP + _SIDE - size
        sides += [missing // 2, missing - missing // 2]
    padded = pad(plane, sides)
    blocks = padded.unfold(0, _SIDE, _STEP).unfold(1, _SIDE, _STEP).permute(2, 3, 0, 1)

    basis = _basis(plane.device)
    rows = max(1, _CHUNK // blocks.shape[3])
    statistics = torch.cat(
        [
            _block_statistics(basis @ blocks[:, :, top : top + rows].reshape(_SIDE**2, -1))
            for top in range(0, blocks.shape[2], rows)
        ],
        dim=1,
    )
    ranked = statistics.sort(dim=1).values
    count = ranked.shape[1]
    # The original takes one block more at the low end than a tenth.
    lowest = ranked[:, : math.ceil(0.1 * count) + 1].mean(dim=1)
    highest = ranked[:, math.floor(0.9 * count) :].mean(dim=1)
    tenth = torch.stack([lowest[0], highest[1], highest[2]])
    return torch.stack([tenth, ranked.mean(dim=1)], dim=1).flatten()
