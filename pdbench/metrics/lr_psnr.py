"""LR-PSNR: how well the restored image agrees with the LR image it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from pdbench.bicubic import bicubic_downsample
from pdbench.errors import MetricUndefined
from pdbench.metrics.color import check_batch, extract_planes
from pdbench.metrics.metric import Choices, Metric
from pdbench.metrics.psnr import psnr

__all__ = ["METRIC", "LrPsnr"]


@dataclass(frozen=True, kw_only=True)
class LrPsnr:
    """RGB PSNR between the restored image, shrunk, and the LR image.

    Attributes:
        against: "given-lr": the LR image the method was given (SRFlow's "LRC PSNR").
        kernel: Either rounds to 8 bits after each pass. "matlab-bicubic-uint8": as MATLAB.
            "imresize-py-uint8": as the Python port in SRFlow's code, which mirrors the border and
            rounds halves to even.
        scale: The factor between the two.
    """

    against: Literal["given-lr"]
    kernel: Literal["matlab-bicubic-uint8", "imresize-py-uint8"]
    scale: int

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> Tensor:
        """Return the LR image's levels; `reference` is not used."""
        if lr is None:
            raise MetricUndefined("there is no LR image to compare with")
        return extract_planes(lr)

    def score(self, restored: Tensor, prepared: Tensor) -> Tensor:
        """Return (B,) float64, dB; infinite for full agreement."""
        check_batch(restored, smallest=self.scale)
        height, width = (self.scale * side for side in prepared.shape[-2:])
        if restored.shape[-2:] != (height, width):
            raise MetricUndefined(
                f"the image is not {self.scale} times the LR image's size in both directions"
            )
        mirrored = self.kernel == "imresize-py-uint8"
        shrunk = bicubic_downsample(restored, self.scale, mirrored=mirrored)
        return psnr(extract_planes(shrunk), prepared)


def _open(choices: Choices, device: str) -> LrPsnr:
    return LrPsnr(**choices)


METRIC = Metric(
    id="lr-psnr",
    title="LR-PSNR",
    better="higher",
    kind="consistency",
    unit="dB",
    decimals=2,
    needs_reference=False,
    reference="Lugmayr, Danelljan, Van Gool, Timofte, 'SRFlow: Learning the super-resolution "
    "space with normalizing flow', ECCV 2020, https://arxiv.org/abs/2006.14200",
    open=_open,
)
