"""The 138 features of Ma's metric: local frequency, global frequency, spatial."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from pdbench.errors import MetricUndefined
from pdbench.metrics.ma_dct import dct_features
from pdbench.metrics.ma_gsm import SMALLEST_SIDE, gsm_features

__all__ = ["FEATURE_COUNTS", "MaFeatures", "ma_features"]

FEATURE_COUNTS = (18, 45, 75)

_SCALES = 3
_PATCH = 5


class MaFeatures(NamedTuple):
    """What Ma's three forests look at, float64.

    Attributes:
        local: (18,), block DCT statistics of three scales.
        overall: (45,), statistics of steerable bands.
        spatial: (75,), singular values of the 5x5 patches of three scales, largest first.
    """

    local: Tensor
    overall: Tensor
    spatial: Tensor


def ma_features(plane: Tensor) -> MaFeatures:
    """Compute the features of one plane.

    Args:
        plane: (H, W) float64 on the 0-255 scale.

    Returns:
        The three groups of features.

    Raises:
        MetricUndefined: The plane is too small to have all features (84 x 84 is large enough), or
            so regular that its bands cannot be normalized.

    References:
        Ma, Yang, Yang, Yang, "Learning a no-reference quality metric for single-image
        super-resolution", CVIU 2017, https://doi.org/10.1016/j.cviu.2016.12.009
    """
    _check_size(*plane.shape)
    scales = [plane / 255]
    for _ in range(_SCALES - 1):
        scales.append(_halve(scales[-1]))
    return MaFeatures(
        local=torch.cat([dct_features(scale) for scale in scales]),
        overall=gsm_features(plane),
        spatial=torch.cat([torch.linalg.svdvals(_patches(scale)) for scale in scales]),
    )


def _check_size(height: int, width: int) -> None:
    smallest = [math.ceil((side // 2 ** (_SCALES - 1)) / _PATCH) for side in (height, width)]
    if math.prod(smallest) < _PATCH**2 or min(height, width) < SMALLEST_SIDE:
        raise MetricUndefined(
            f"Ma needs about 84x84 pixels inside its border, the image has {width}x{height}"
        )


@lru_cache(maxsize=1)
def _gauss_weights() -> tuple[float, float, float]:
    """Return the center, edge and corner weights of a 3x3 Gaussian, standard deviation 1/2."""
    distances = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    weights = torch.exp(-2 * distances)
    total = weights[0] + 4 * weights[1] + 4 * weights[2]
    # The original's window is in single precision.
    center, edge, corner = (weights / total).float().tolist()
    return center, edge, corner


def _halve(plane: Tensor) -> Tensor:
    """Smooth with zeros outside, and keep every second pixel from the second on."""
    padded = pad(plane, (0, 1, 0, 1))
    height, width = plane.shape[0] // 2, plane.shape[1] // 2

    def shifted(y: int, x: int) -> Tensor:
        return padded[1 + y :: 2, 1 + x :: 2][:height, :width]

    center, edge, corner = _gauss_weights()
    result = center * shifted(0, 0)
    for y, x, weight in (
        *((y, x, edge) for y, x in ((-1, 0), (1, 0), (0, -1), (0, 1))),
        *((y, x, corner) for y in (-1, 1) for x in (-1, 1)),
    ):
        result.add_(shifted(y, x), alpha=weight)
    return result


def _patches(plane: Tensor) -> Tensor:
    """Cut into 5x5 patches without overlap, zeros beyond the image; (patches, 25)."""
    height, width = plane.shape
    padded = pad(plane, (0, -width % _PATCH, 0, -height % _PATCH))
    return padded.unfold(0, _PATCH, _PATCH).unfold(1, _PATCH, _PATCH).reshape(-1, _PATCH**2)
