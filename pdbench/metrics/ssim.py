"""SSIM: structural similarity over a sliding window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from pdbench.metrics.color import Colour, check_batch, extract_planes
from pdbench.metrics.metric import Choices, Metric, required

__all__ = ["METRIC", "Ssim"]

_PEAK = 255.0
_STRIP = 32
"""Rows of windows worked on at a time, so that they stay in the cache."""


class _Prepared(NamedTuple):
    reference: Tensor
    planes: Tensor
    means: Tensor
    squares: Tensor


def _window_sum(planes: Tensor, size: int) -> Tensor:
    """Sum each size x size window that lies inside planes; (n, H, W) -> (n, H - size + 1, ...)."""
    return _run_sum(_run_sum(planes, 1, size), 2, size)


def _run_sum(planes: Tensor, axis: int, size: int) -> Tensor:
    """Sum each run of `size` pixels along an axis from runs of 1, 2, 4, ... pixels."""
    length = planes.shape[axis] - size + 1
    runs, width, start = planes, 1, 0
    total: Tensor | None = None
    while True:
        if size & width:
            part = runs.narrow(axis, start, length)
            total = part if total is None else total + part
            start += width
        if 2 * width > size:
            return planes if total is None else total
        count = runs.shape[axis] - width
        runs = runs.narrow(axis, 0, count) + runs.narrow(axis, width, count)
        width *= 2


def _gaussian(size: int, sigma: float) -> list[float]:
    """Return the taps of a Gaussian window along one axis from its center on; all sum to 1."""
    offset = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    taps = (-offset.square() / (2 * sigma**2)).exp()
    half: list[float] = (taps / taps.sum())[size // 2 :].tolist()
    return half


def _gaussian_mean(plane: Tensor, half: list[float]) -> Tensor:
    """Weight each odd window that lies inside planes (n, H, W), one axis after the other."""
    reach = len(half) - 1
    for axis in (1, 2):
        size = plane.shape[axis] - 2 * reach
        total = plane.narrow(axis, reach, size) * half[0]
        for step, weight in enumerate(half[1:], start=1):
            pair = plane.narrow(axis, reach - step, size) + plane.narrow(axis, reach + step, size)
            total.add_(pair, alpha=weight)
        plane = total
    return plane


@dataclass(frozen=True, kw_only=True)
class Ssim:
    r"""SSIM with a uniform or a Gaussian window.

    .. math:: \frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}
              {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}

    averaged over all windows inside the image, then over channels. With a uniform window, as
    scikit-image has it by default, whole levels make every window sum a whole number below 2^24,
    so float32 sums are exact in any order; a Gaussian window is applied in float64.

    Attributes:
        colour: Planes compared; "rgb" or a rounded Y for a uniform window.
        border: Pixels shaved off each side.
        window: Side of the window, pixels, 2 to 16 (larger sums would not be exact); odd for a
            Gaussian one.
        k1: Constant of the luminance term.
        k2: Constant of the contrast term.
        sample_covariance: Divide variances by n - 1 (True) or n (False); uniform windows only.
        sigma: Standard deviation of a Gaussian window, pixels; None for a uniform window.
        nonnegative: Count a negative contrast-structure term as 0.
    """

    colour: Colour
    border: int
    window: int
    k1: float
    k2: float
    sample_covariance: bool
    sigma: float | None = None
    nonnegative: bool = False

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> _Prepared:
        """Keep the reference's planes and their window means; `lr` is not used."""
        reference = required(reference)
        planes = self._planes(reference)[0]
        strips = [planes[:, rows] for rows in self._strips(planes)]
        means = torch.cat([self._filter(strip) for strip in strips], dim=1)
        squares = torch.cat([self._filter(strip.square()) for strip in strips], dim=1)
        return _Prepared(reference, planes, means, squares)

    def score(self, restored: Tensor, prepared: _Prepared) -> Tensor:
        """Return (B,) float64 in [-1, 1], higher is better."""
        check_batch(restored, prepared.reference)
        scores = [
            torch.stack([self._mean(plane, index, prepared) for index, plane in enumerate(image)])
            for image in self._planes(restored)
        ]
        return torch.stack(scores).mean(dim=1)

    def _planes(self, image: Tensor) -> Tensor:
        check_batch(image, smallest=self.window + 2 * self.border)
        planes = extract_planes(image, colour=self.colour, border=self.border)
        return planes.double() if self.sigma else planes.float()

    def _strips(self, planes: Tensor) -> list[slice]:
        """Return the rows of planes that each strip of windows covers."""
        reach = self.window - 1
        tops = range(0, planes.shape[-2] - reach, _STRIP)
        return [slice(top, top + _STRIP + reach) for top in tops]

    def _filter(self, plane: Tensor) -> Tensor:
        """Return the window means of planes (n, H, W), float64."""
        if self.sigma:
            return _gaussian_mean(plane, _gaussian(self.window, self.sigma))
        return _window_sum(plane, self.window).double() / self.window**2

    def _mean(self, x: Tensor, channel: int, prepared: _Prepared) -> Tensor:
        total = torch.zeros((), dtype=torch.float64, device=x.device)
        for rows in self._strips(x):
            own, other = x[rows], prepared.planes[channel][rows]
            moments = self._filter(torch.stack([own, own.square(), own * other]))
            windows = slice(rows.start, rows.start + moments.shape[1])
            kept = prepared.means[channel][windows], prepared.squares[channel][windows]
            total += self._similarity(moments, *kept).sum()
        return total / prepared.means[channel].numel()

    def _similarity(self, moments: Tensor, mean_y: Tensor, square_y: Tensor) -> Tensor:
        """Compare windows by the means of x, x^2 and xy (3, h, w), and of y and y^2 (h, w)."""
        count = self.window**2
        norm = count / (count - 1) if self.sample_covariance else 1.0
        mean_x, square_x, product = moments
        covariance = norm * (product - mean_x * mean_y)
        power = mean_x.square() + mean_y.square()
        variances = norm * (square_x + square_y - power)
        c1, c2 = (self.k1 * _PEAK) ** 2, (self.k2 * _PEAK) ** 2
        structure = (2 * covariance + c2) / (variances + c2)
        if self.nonnegative:
            structure.clamp_(min=0)
        return (2 * mean_x * mean_y + c1) / (power + c1) * structure


def _open(choices: Choices, device: str) -> Ssim:
    return Ssim(**choices)


METRIC = Metric(
    id="ssim",
    title="SSIM",
    better="higher",
    kind="distortion",
    decimals=4,
    needs_reference=True,
    reference="Wang, Bovik, Sheikh, Simoncelli, 'Image quality assessment: From error visibility "
    "to structural similarity', IEEE TIP 2004, https://doi.org/10.1109/TIP.2003.819861",
    open=_open,
)
