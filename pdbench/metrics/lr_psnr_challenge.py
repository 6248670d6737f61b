"""LR-PSNR of the NTIRE 2021 challenge: the result, shrunk, against the HR image, shrunk alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from pdbench.bicubic import bicubic_downsample
from pdbench.images import crop_to_multiple
from pdbench.metrics.color import check_batch, extract_planes
from pdbench.metrics.metric import Choices, Metric, required
from pdbench.metrics.psnr import psnr

__all__ = ["METRIC", "ChallengeLrPsnr"]


@dataclass(frozen=True, kw_only=True)
class ChallengeLrPsnr:
    """RGB PSNR between two images shrunk by the challenge's own imresize.

    That differs from the MATLAB bicubic most datasets were made with, hence from `lr-psnr`: the
    border is mirrored and halves are rounded to even. An image's worst sample is the smallest of
    its samples' scores.

    Attributes:
        against: "shrunk-hr".
        kernel: "imresize-py-uint8": rounded to 8 bits after each pass.
        scale: The factor of shrinking.
        crop_to_multiple: Images are cut, at the right and bottom, to a multiple of this.
    """

    against: Literal["shrunk-hr"]
    kernel: Literal["imresize-py-uint8"]
    scale: int
    crop_to_multiple: int

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> tuple[Tensor, Tensor]:
        """Keep the reference and its shrunk levels; `lr` is not used."""
        reference = required(reference)
        check_batch(reference, smallest=self.crop_to_multiple)
        return reference, self._shrink(reference)

    def score(self, restored: Tensor, prepared: tuple[Tensor, Tensor]) -> Tensor:
        """Return (B,) float64, dB; infinite for full agreement."""
        reference, shrunk = prepared
        check_batch(restored, reference)
        return psnr(self._shrink(restored), shrunk)

    def _shrink(self, image: Tensor) -> Tensor:
        cut = crop_to_multiple(image, self.crop_to_multiple)
        return extract_planes(bicubic_downsample(cut, self.scale, mirrored=True))


def _open(choices: Choices, device: str) -> ChallengeLrPsnr:
    return ChallengeLrPsnr(**choices)


METRIC = Metric(
    id="lr-psnr-challenge",
    title="LR-PSNR (NTIRE21)",
    better="higher",
    kind="consistency",
    unit="dB",
    decimals=2,
    needs_reference=True,
    on_request=True,
    reference="Lugmayr, Danelljan, Timofte, et al., 'NTIRE 2021 learning the super-resolution "
    "space challenge', CVPR Workshops 2021, https://github.com/andreas128/NTIRE21_Learning_SR_Space",
    open=_open,
)
