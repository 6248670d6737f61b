"""MSE: mean squared error; the root of its mean over images is the RMSE of PIRM 2018."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pdbench.metrics.color import Colour, check_batch, extract_planes
from pdbench.metrics.metric import Choices, Metric, required

__all__ = ["METRIC", "Mse", "mean_squared_error"]

_RUN = 2**15
"""Pixels compared at a time, so that their float64 differences stay in the cache."""


def mean_squared_error(restored: Tensor, reference: Tensor) -> Tensor:
    """Compute the mean squared difference of planes, all channels pooled.

    Args:
        restored: (B, C, H, W).
        reference: (1, C, H, W) or (B, C, H, W).

    Returns:
        (B,) float64, squared units of the planes, lower is better.
    """
    pairs = zip(restored, reference.expand_as(restored), strict=True)
    return torch.stack([_squared_difference(*pair) / pair[0].numel() for pair in pairs])


def _squared_difference(one: Tensor, other: Tensor) -> Tensor:
    """Sum the squared differences, float64: whole levels sum to a whole number, in any order."""
    total = torch.zeros((), dtype=torch.float64, device=one.device)
    runs = (torch.split(planes.flatten(), _RUN) for planes in (one, other))
    for own, kept in zip(*runs, strict=True):
        difference = own.to(torch.float64, copy=True).sub_(kept)
        total += difference.dot(difference)
    return total


@dataclass(frozen=True, kw_only=True)
class Mse:
    """MSE under one protocol, in squared levels of 0 to 255.

    Attributes:
        colour: Planes compared.
        border: Pixels shaved off each side.
    """

    colour: Colour
    border: int

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> tuple[Tensor, Tensor]:
        """Keep the reference and its planes; `lr` is not used."""
        reference = required(reference)
        return reference, extract_planes(reference, colour=self.colour, border=self.border)

    def score(self, restored: Tensor, prepared: tuple[Tensor, Tensor]) -> Tensor:
        """Return (B,) float64, lower is better."""
        reference, planes = prepared
        check_batch(restored, reference)
        own = extract_planes(restored, colour=self.colour, border=self.border)
        return mean_squared_error(own, planes)


def _open(choices: Choices, device: str) -> Mse:
    return Mse(**choices)


METRIC = Metric(
    id="mse",
    title="MSE",
    better="lower",
    kind="distortion",
    decimals=2,
    needs_reference=True,
    reference="Blau, Mechrez, Timofte, Michaeli, Zelnik-Manor, 'The 2018 PIRM challenge on "
    "perceptual image super-resolution', ECCV Workshops 2018, https://arxiv.org/abs/1809.07517",
    open=_open,
)
