"""Statistics of coefficients: how peaked a distribution is, how much its magnitudes vary."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

__all__ = ["magnitude_variation", "shape_of"]


@lru_cache(maxsize=4)
def _shape_table(device: torch.device) -> tuple[Tensor, Tensor]:
    r"""Return r and the shape it belongs to, r ascending, both (9972,) float64.

    .. math:: r(\gamma) = \frac{\Gamma(1/\gamma)\,\Gamma(3/\gamma)}{\Gamma(2/\gamma)^2}

    falls as the shape grows, so the table is turned round to make r ascend.
    """
    # The grid is single precision in the original; its values are the ones a shape can take.
    shape = torch.arange(0.03, 10.001, 0.001, dtype=torch.float32).double().flip(0)
    inverse = shape.reciprocal()
    log_ratio = torch.lgamma(inverse) + torch.lgamma(3 * inverse) - 2 * torch.lgamma(2 * inverse)
    return log_ratio.exp().to(device), shape.to(device)


def shape_of(variance: Tensor, mean_deviation: Tensor) -> Tensor:
    """Fit the shape of a generalized Gaussian by moment matching.

    Args:
        variance: Unbiased variance of the coefficients, any shape, float64.
        mean_deviation: Mean absolute deviation from their mean, same shape.

    Returns:
        Same shape, in [0.03, 10] in steps of 0.001: 2 for a Gaussian, less for heavier tails.

    References:
        Sharifi, Leon-Garcia, "Estimation of shape parameter for generalized Gaussian distributions
        in subband decompositions of video", IEEE TCSVT 1995, https://doi.org/10.1109/76.350779
    """
    ratios, shapes = _shape_table(variance.device)
    ratio = (variance / (mean_deviation.square() + 1e-7)).contiguous()
    above = torch.searchsorted(ratios, ratio).clamp_(1, len(ratios) - 1)
    nearer_below = ratio - ratios[above - 1] < ratios[above] - ratio
    return shapes[above - nearer_below.to(above.dtype)]


def magnitude_variation(magnitudes: Tensor, floor: float) -> Tensor:
    """Return standard deviation over mean along the first axis.

    Args:
        magnitudes: (N, ...) float64, >= 0, N >= 2.
        floor: Added to the mean, so that zero magnitudes vary by 0.

    Returns:
        Shape (...), >= 0.
    """
    mean = magnitudes.mean(dim=0)
    squares = (magnitudes - mean).square_().sum(dim=0)
    return (squares / (len(magnitudes) - 1)).sqrt_() / (mean + floor)
