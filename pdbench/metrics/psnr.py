"""PSNR: peak signal-to-noise ratio."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pdbench.metrics.color import Colour, check_batch, extract_planes
from pdbench.metrics.metric import Choices, Metric, required
from pdbench.metrics.mse import mean_squared_error

__all__ = ["METRIC", "Psnr", "psnr"]


def psnr(
    restored: Tensor, reference: Tensor, *, peak: float = 255.0, epsilon: float = 0.0
) -> Tensor:
    r"""Compute the peak signal-to-noise ratio of planes, all channels pooled.

    .. math:: 10 \log_{10} \frac{\text{peak}^2}{\text{MSE} + \epsilon \text{peak}^2}

    Args:
        restored: (B, C, H, W), 0 to `peak`.
        reference: (1, C, H, W) or (B, C, H, W), same range.
        peak: Largest value a pixel can have.
        epsilon: Added to the error on the scale where the peak is 1.

    Returns:
        (B,) float64, dB, higher is better; for equal images infinite, or 10 log10(1 / epsilon).

    References:
        Wang, Bovik, "Mean squared error: Love it or leave it?", IEEE SPM 2009,
        https://doi.org/10.1109/MSP.2008.930649
    """
    error = mean_squared_error(restored, reference) + epsilon * peak**2
    return 10 * torch.log10(peak**2 / error)


@dataclass(frozen=True, kw_only=True)
class Psnr:
    """PSNR under one protocol.

    Attributes:
        colour: Planes compared.
        border: Pixels shaved off each side.
        epsilon: Added to the error on the scale where white is 1.
    """

    colour: Colour
    border: int
    epsilon: float = 0.0

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> tuple[Tensor, Tensor]:
        """Keep the reference and its planes; `lr` is not used."""
        reference = required(reference)
        return reference, extract_planes(reference, colour=self.colour, border=self.border)

    def score(self, restored: Tensor, prepared: tuple[Tensor, Tensor]) -> Tensor:
        """Return (B,) float64, dB."""
        reference, planes = prepared
        check_batch(restored, reference)
        own = extract_planes(restored, colour=self.colour, border=self.border)
        return psnr(own, planes, epsilon=self.epsilon)


def _open(choices: Choices, device: str) -> Psnr:
    return Psnr(**choices)


METRIC = Metric(
    id="psnr",
    title="PSNR",
    better="higher",
    kind="distortion",
    unit="dB",
    decimals=2,
    needs_reference=True,
    reference="Wang, Bovik, 'Mean squared error: Love it or leave it?', IEEE Signal Processing "
    "Magazine 2009, https://doi.org/10.1109/MSP.2008.930649",
    open=_open,
)
