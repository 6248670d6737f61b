"""SSIM: structural similarity over a sliding window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from pdbench.metrics.metric import Choices, Metric, required
from pdbench.metrics.planes import Colour, check_batch, extract_planes

__all__ = ["METRIC", "Ssim"]

_PEAK = 255.0


class _Prepared(NamedTuple):
    reference: Tensor
    planes: Tensor
    total: Tensor
    squares: Tensor


def _window_sum(plane: Tensor, size: int) -> Tensor:
    """Sum each size x size window that lies inside the plane; (H, W) -> (H - size + 1, ...)."""
    rows = avg_pool2d(plane[None, None], (size, 1), stride=1, divisor_override=1)
    return avg_pool2d(rows, (1, size), stride=1, divisor_override=1)[0, 0]


@dataclass(frozen=True, kw_only=True)
class Ssim:
    r"""SSIM with a uniform window, as scikit-image computes it by default.

    .. math:: \frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}
              {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}

    averaged over all windows inside the image, then over channels. Whole levels make every window
    sum a whole number below 2^24, so float32 sums are exact in any order.

    Attributes:
        colour: Planes compared; "rgb" or a rounded Y.
        border: Pixels shaved off each side.
        window: Side of the window, pixels, 2 to 16 (larger sums would not be exact).
        k1: Constant of the luminance term.
        k2: Constant of the contrast term.
        sample_covariance: Divide variances by n - 1 (True) or n (False).
    """

    colour: Colour
    border: int
    window: int
    k1: float
    k2: float
    sample_covariance: bool

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> _Prepared:
        """Keep the reference's planes and their window sums; `lr` is not used."""
        reference = required(reference)
        planes = self._planes(reference)[0]
        total = torch.stack([_window_sum(plane, self.window) for plane in planes])
        squares = torch.stack([_window_sum(plane.square(), self.window) for plane in planes])
        return _Prepared(reference, planes, total, squares)

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
        return extract_planes(image, colour=self.colour, border=self.border).float()

    def _mean(self, x: Tensor, channel: int, prepared: _Prepared) -> Tensor:
        count = self.window**2
        norm = count / (count - 1) if self.sample_covariance else 1.0
        mean_x = _window_sum(x, self.window).double() / count
        mean_y = prepared.total[channel].double() / count
        squares = _window_sum(x.square(), self.window).double() + prepared.squares[channel]
        products = _window_sum(x * prepared.planes[channel], self.window).double()
        covariance = norm * (products / count - mean_x * mean_y)
        power = mean_x.square() + mean_y.square()
        variances = norm * (squares / count - power)
        c1, c2 = (self.k1 * _PEAK) ** 2, (self.k2 * _PEAK) ** 2
        luminance = (2 * mean_x * mean_y + c1) / (power + c1)
        return (luminance * (2 * covariance + c2) / (variances + c2)).mean()


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
