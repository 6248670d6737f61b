"""NIQE: how far an image's local statistics lie from those of pristine photographs."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

import torch
from safetensors.torch import load
from torch import Tensor
from torch.nn.functional import pad

from pdbench.errors import MetricUndefined
from pdbench.images import shave, to_uint8
from pdbench.metrics.color import Colour, check_batch, extract_planes
from pdbench.metrics.metric import Choices, Metric
from pdbench.metrics.niqe_basicsr import block_features, luma_levels
from pdbench.weights import BundledFile, bundled_bytes

__all__ = ["METRIC", "PRIOR", "Niqe"]

PRIOR = BundledFile(
    name="niqe.safetensors",
    sha256="8306326ee36635172cf15ec30c162cda2f7e5d4cf246c221ed41d2bd819770b2",
    package="pdbench.metrics",
)

_SIGMA = 7 / 6
_REACH = 3
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
_STRIP = 32
"""Rows normalized at a time, so that what is worked on stays in the cache."""


@cache
def _window() -> list[list[float]]:
    """Return the quarter of the 7x7 Gaussian window with both offsets >= 0.

    Rounded to float32 as BasicSR and pyiqa have it: the sum is then 1 + 1.1e-8, and in flat areas
    that error alone decides the sign of (x - mean), hence the features.
    """
    offset = torch.arange(-_REACH, _REACH + 1, dtype=torch.float64)
    square = offset[:, None] ** 2 + offset[None] ** 2
    window = (-square / (2 * _SIGMA**2)).exp()
    window = (window / window.sum()).float().double()
    quarter: list[list[float]] = window[_REACH:, _REACH:].tolist()
    return quarter


def _window_sums(rows: Tensor) -> Tensor:
    """Apply the 7x7 window, folded by its symmetry.

    Args:
        rows: (..., h + 6, w + 6).

    Returns:
        (..., h, w).
    """
    height, width = (side - 2 * _REACH for side in rows.shape[-2:])
    middle = rows[..., _REACH : _REACH + height, :]
    folded = [middle] + [
        rows[..., _REACH + down : _REACH + down + height, :]
        + rows[..., _REACH - down : _REACH - down + height, :]
        for down in range(1, _REACH + 1)
    ]
    total = torch.zeros_like(middle[..., :width])
    for right, weights in enumerate(_window()):
        columns = folded[0] * weights[0]
        for one, weight in zip(folded[1:], weights[1:], strict=True):
            columns.add_(one, alpha=weight)
        total.add_(columns[..., _REACH + right : _REACH + right + width])
        if right:
            total.add_(columns[..., _REACH - right : _REACH - right + width])
    return total


def _normalize(plane: Tensor) -> Tensor:
    """Return the mean-subtracted, contrast-normalized coefficients of a plane in 0..255."""
    padded = pad(plane[None, None], (_REACH,) * 4, mode="replicate")[0, 0]
    result = torch.empty_like(plane)
    for top in range(0, len(plane), _STRIP):
        part = plane[top : top + _STRIP]
        rows = padded[top : top + len(part) + 2 * _REACH]
        mean, power = _window_sums(torch.stack([rows, rows.square()]))
        deviation = power.sub_(mean.square()).abs_().add_(torch.finfo(plane.dtype).eps).sqrt_()
        torch.sub(part, mean, out=result[top : top + _STRIP]).div_(deviation.add_(1))
    return result


def _halve(plane: Tensor) -> Tensor:
    """Shrink by two with MATLAB's antialiased bicubic kernel, symmetric border, in float32.

    Args:
        plane: (H, W) float64, both even, in [0, 255].

    Returns:
        (H / 2, W / 2) float64.
    """
    # Keys' cubic at (0.25, 0.75, 1.25, 1.75), the distances of the eight taps, divided by two.
    near = torch.tensor([0.8671875, 0.2265625, -0.0703125, -0.0234375], dtype=torch.float32) / 2
    taps = torch.cat([near.flip(0), near]).tolist()
    small = (plane / 255).float()
    for axis in (0, 1):
        size = small.shape[axis]
        order = torch.arange(-3, size + 3, device=small.device)
        order = torch.where(order < 0, -1 - order, order)
        order = torch.where(order >= size, 2 * size - 1 - order, order)
        padded = small.index_select(axis, order)
        rows = [padded.narrow(axis, tap, size - 1) for tap in range(8)]
        strided = [row[::2] if axis == 0 else row[:, ::2] for row in rows]
        small = sum((row * tap for row, tap in zip(strided, taps, strict=True)), torch.zeros(()))
    return small.double() * 255


class _Table(NamedTuple):
    """Shapes of the generalized Gaussian and the moment ratio that belongs to each, rising."""

    shape: Tensor
    ratio: Tensor


@cache
def _table(device: torch.device) -> _Table:
    # The published code's grid, float32 rounding included; 9801 shapes from 0.2 to 10.
    shape = torch.arange(0.2, 10 + 0.001, 0.001).double()
    ratio = (2 * (2 / shape).lgamma() - (1 / shape).lgamma() - (3 / shape).lgamma()).exp()
    return _Table(shape.to(device), ratio.to(device))


def _nearest_shape(ratio: Tensor) -> Tensor:
    """Look up the shape whose moment ratio is nearest; NaN gets the first, as in MATLAB."""
    table = _table(ratio.device)
    above = torch.searchsorted(table.ratio, ratio.nan_to_num(0)).clamp_(1, len(table.ratio) - 1)
    closer = (ratio - table.ratio[above - 1]) <= (table.ratio[above] - ratio)
    index = torch.where(closer | ratio.isnan(), above - 1, above)
    return table.shape[torch.where(ratio.isnan(), 0, index)]


def _fit(blocks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Fit an asymmetric generalized Gaussian to each block by moments.

    Args:
        blocks: (n, h, w) float64.

    Returns:
        Shape, left scale and right scale, (n,) each; NaN where a side has no pixel.
    """
    values = blocks.flatten(1)
    negative = values.clamp(max=0)
    power, left_power = (torch.linalg.vecdot(side, side) for side in (values, negative))
    magnitude = values.sum(dim=1) - 2 * negative.sum(dim=1)
    signs = values.sign()
    balance, counted = signs.sum(dim=1), signs.abs_().sum(dim=1)
    left_std = (2 * left_power / (counted - balance)).sqrt()
    right_std = (2 * (power - left_power) / (counted + balance)).sqrt()
    balance = left_std / right_std
    ratio = (magnitude / values.shape[1]).square() / (power / values.shape[1])
    ratio *= (balance**3 + 1) * (balance + 1) / (balance.square() + 1).square()
    shape = _nearest_shape(ratio)
    scale = ((1 / shape).lgamma() - (3 / shape).lgamma()).exp().sqrt()
    return shape, left_std * scale, right_std * scale


def _features(plane: Tensor, block: int) -> Tensor:
    """Return the 18 features of each block of a normalized plane, (n, 18)."""
    # A row of blocks at a time: fresh memory for whole planes would cost more than the arithmetic.
    rows = plane.unfold(0, block, block).unfold(1, block, block)
    return torch.cat([_block_features(row.contiguous()) for row in rows])


def _block_features(blocks: Tensor) -> Tensor:
    """Return the 18 features of normalized blocks (n, h, w), (n, 18)."""
    shape, left, right = _fit(blocks)
    columns = [shape, (left + right) / 2]
    for shift in _SHIFTS:
        shape, left, right = _fit(blocks * blocks.roll(shift, dims=(1, 2)))
        mean = (right - left) * ((2 / shape).lgamma() - (1 / shape).lgamma()).exp()
        columns += [shape, mean, left, right]
    return torch.stack(columns, dim=1)


class Niqe:
    r"""NIQE with the authors' model of pristine photographs.

    .. math:: \sqrt{(\nu_1 - \nu_2)^T ((\Sigma_1 + \Sigma_2) / 2)^{-1} (\nu_1 - \nu_2)}

    Args:
        mean: (36,) float64, mean of the pristine features.
        covariance: (36, 36) float64, their covariance.
        colour: Plane judged, a rounded Y.
        border: Pixels shaved off each side.
        block: Side of a block, pixels, even.
        arithmetic: "float64" throughout, with pyiqa's window, or "basicsr": see `niqe_basicsr`.

    References:
        Mittal, Soundararajan, Bovik, "Making a 'completely blind' image quality analyzer", IEEE
        SPL 2013, https://doi.org/10.1109/LSP.2012.2227726
    """

    def __init__(
        self,
        mean: Tensor,
        covariance: Tensor,
        *,
        colour: Colour,
        border: int,
        block: int,
        arithmetic: Literal["float64", "basicsr"] = "float64",
    ) -> None:
        self._mean = mean
        self._covariance = covariance
        self._colour = colour
        self._border = border
        self._block = block
        self._basicsr = arithmetic == "basicsr"

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> None:
        """Do nothing: there is no reference."""

    def score(self, restored: Tensor, prepared: None) -> Tensor:
        """Return (B,) float64, >= 0, lower is better; NaN where too many blocks are flat."""
        check_batch(restored, smallest=self._block + 2 * self._border)
        return torch.stack([self._score_one(plane) for plane in self._planes(restored)])

    def _planes(self, restored: Tensor) -> list[Tensor]:
        if self._basicsr:
            levels = shave(to_uint8(restored), self._border).permute(0, 2, 3, 1).cpu().numpy()
            return [torch.from_numpy(luma_levels(image)) for image in levels]
        planes = extract_planes(restored, colour=self._colour, border=self._border)
        return [plane[0].double() for plane in planes]

    def _score_one(self, plane: Tensor) -> Tensor:
        height, width = (side - side % self._block for side in plane.shape)
        if height * width < 2 * self._block**2:
            raise MetricUndefined(
                f"needs two blocks of {self._block}x{self._block} pixels inside a "
                f"{self._border}-pixel border"
            )
        plane = plane[:height, :width]
        if self._basicsr:
            features = block_features(plane.numpy(), self._block)
            return self._distance(features.to(self._mean.device))
        scales = [
            _features(_normalize(plane), self._block),
            _features(_normalize(_halve(plane)), self._block // 2),
        ]
        return self._distance(torch.cat(scales, dim=1))

    def _distance(self, features: Tensor) -> Tensor:
        """Measure blocks' features (n, 36) against the pristine model."""
        whole = features[~features.isnan().any(dim=1)]
        if len(whole) < 2:
            raise MetricUndefined("fewer than two blocks of the image have any texture")
        # As in MATLAB: a flat block is out of the covariance, its finite features are in the mean.
        difference = self._mean - features.nanmean(dim=0)
        covariance = (self._covariance + whole.T.cov()) / 2
        squared: Tensor = difference @ torch.linalg.pinv(covariance) @ difference
        return squared.sqrt()


def _open(choices: Choices, device: str) -> Niqe:
    stored = load(bundled_bytes(PRIOR))
    return Niqe(stored["mean"].to(device), stored["covariance"].to(device), **choices)


METRIC = Metric(
    id="niqe",
    title="NIQE",
    better="lower",
    kind="perception",
    reproduce_tolerance=0.05,
    needs_reference=False,
    reference='Mittal, Soundararajan, Bovik, \'Making a "completely blind" image quality '
    "analyzer', IEEE Signal Processing Letters 2013, https://doi.org/10.1109/LSP.2012.2227726",
    carried=(PRIOR,),
    open=_open,
)
