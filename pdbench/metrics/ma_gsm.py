"""Ma's global frequency features: a Gaussian scale mixture fitted to steerable bands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import torch
from torch import Tensor

from pdbench.errors import MetricUndefined
from pdbench.metrics.ggd import shape_of
from pdbench.metrics.ma_contrast import mean_contrast
from pdbench.metrics.ma_enlarge import enlarge
from pdbench.metrics.ma_steerable import ORIENTATIONS, steerable_bands

__all__ = ["SMALLEST_SIDE", "gsm_features"]

SMALLEST_SIDE = 45
"""Below it nothing is left of a fine band to compare over 11x11 pixels."""

_GUARD = (16, 8)
"""Pixels dropped on each side of a normalized band, fine and coarse."""

_CHUNK = 16384
"""Pixels whose neighborhoods are held at a time."""


def gsm_features(plane: Tensor) -> Tensor:
    """Describe the steerable bands of one plane.

    Args:
        plane: (H, W) float64 on the 0-255 scale, at least 45 pixels a side.

    Returns:
        (45,) float64: shapes of the 12 normalized bands; shapes of the 6 pairs an octave apart;
        contrast in common of the 12 bands with the high-pass band; contrast in common of the 15
        pairs of normalized fine bands.

    Raises:
        MetricUndefined: The bands are so regular (a flat image, a pure gradient or stripes) that
            their covariance is singular and the normalization undefined.

    References:
        Moorthy, Bovik, "Blind image quality assessment: From natural scene statistics to
        perceptual quality", IEEE TIP 2011, https://doi.org/10.1109/TIP.2011.2147325
    """
    high, fine, coarse = steerable_bands(plane)
    # The original resizes in single precision, and lets what keeps its size pass through it too.
    parents = enlarge(coarse.float(), *plane.shape)
    singles = [high[None], fine.float(), parents]
    with_high = mean_contrast(singles, [(0, 1 + band) for band in range(2 * ORIENTATIONS)])
    normal_fine = _normalize(fine, parents, _GUARD[0])
    normal_coarse = _normalize(coarse, None, _GUARD[1])
    shapes = [_shape_of_all([band]) for band in (*normal_fine, *normal_coarse)]
    across = [_shape_of_all(pair) for pair in zip(normal_fine, normal_coarse, strict=True)]
    pairs = list(combinations(range(ORIENTATIONS), 2))
    return torch.cat(
        [torch.stack(shapes + across), with_high, mean_contrast([normal_fine], pairs)]
    )


def _shape_of_all(bands: Sequence[Tensor]) -> Tensor:
    values = torch.cat([band.flatten() for band in bands])
    deviation = values - values.mean()
    variance = deviation.square().sum() / (len(values) - 1)
    return shape_of(variance, deviation.abs_().mean())


def _normalize(bands: Tensor, parents: Tensor | None, guard: int) -> Tensor:
    """Divide each coefficient by the scale its neighborhood predicts.

    A neighborhood x holds the 3x3 pixels around, the parent where there is one, and the same
    pixel of the other orientations. With C its covariance, the squared scale is x' C^-1 x / N.

    Args:
        bands: (6, h, w) float64.
        parents: (6, h, w), the bands an octave lower at this size, or None.
        guard: Pixels to drop on each side beyond the one that has no 3x3 pixels around.

    Returns:
        (6, h - 2 - 2 guard, w - 2 - 2 guard), each band of mean 0.
    """
    _, height, width = bands.shape
    inside = slice(1, height - 1), slice(1, width - 1)
    kept = slice(1 + guard, height - 1 - guard), slice(1 + guard, width - 1 - guard)
    # The original does not count the other orientations.
    counted = 9 + (parents is not None)
    normal = bands[:, *kept].clone(memory_format=torch.contiguous_format)
    for band in range(ORIENTATIONS):
        parent = None if parents is None else parents[band]
        whitening = _whitening(bands, parent, band, inside)
        normal[band] -= bands[band][inside].mean()
        rows = 0
        for around in _neighborhoods(bands, parent, band, kept):
            scale = (whitening @ around).square_().sum(dim=0).div_(counted).sqrt_()
            part = normal[band].view(-1)[rows : rows + len(scale)]
            part.copy_(torch.where(scale > 0, part / (scale + 1e-12), 0))
            rows += len(scale)
        normal[band] -= normal[band].mean()
    return normal


def _neighborhoods(
    bands: Tensor, parent: Tensor | None, band: int, window: tuple[slice, slice]
) -> Iterator[Tensor]:
    """Yield the neighborhoods of the pixels in a window, row by row: (14 or 15, n) float64."""
    rows, columns = window
    others = [other for other in range(ORIENTATIONS) if other != band]
    step = max(1, _CHUNK // (columns.stop - columns.start))
    for top in range(rows.start, rows.stop, step):
        chunk = slice(top, min(top + step, rows.stop))
        around = [
            bands[band, chunk.start + y : chunk.stop + y, columns.start + x : columns.stop + x]
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
        ]
        if parent is not None:
            around.append(parent[chunk, columns].double())
        around += [bands[other, chunk, columns] for other in others]
        yield torch.stack(around).flatten(1)


def _whitening(
    bands: Tensor, parent: Tensor | None, band: int, window: tuple[slice, slice]
) -> Tensor:
    """Return W with W' W = C^-1, C the mean of x x' over the window."""
    size = 14 if parent is None else 15
    total, count = bands.new_zeros(size, size), 0
    for around in _neighborhoods(bands, parent, band, window):
        total.addmm_(around, around.T)
        count += around.shape[1]
    factor, failed = torch.linalg.cholesky_ex(total / count)
    pivots = factor.diagonal()
    # Photographs stay above 1e-8 and noisy stripes above 1e-11; rounding noise is near 1e-16.
    if failed or (pivots.min() / pivots.max()) ** 2 < 1e-13:
        raise MetricUndefined(
            "Ma is undefined for an image so regular (flat, a gradient, stripes) that the "
            "covariance of its bands is singular"
        )
    identity = torch.eye(size, dtype=factor.dtype, device=factor.device)
    whitening: Tensor = torch.linalg.solve_triangular(factor, identity, upper=False)
    return whitening
