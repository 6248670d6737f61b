"""LPIPS-VGG: distance between VGG16 features, channels weighted by human judgments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from pdbench.metrics.backbone_weights import VGG16
from pdbench.metrics.color import check_batch
from pdbench.metrics.lpips_common import read_heads, to_unit
from pdbench.metrics.metric import Choices, Metric, required
from pdbench.metrics.vgg import SMALLEST, Vgg16, halve, open_vgg16
from pdbench.weights import BundledFile

__all__ = ["HEADS", "METRIC", "LpipsVgg"]

HEADS = BundledFile(
    name="lpips_vgg.safetensors",
    sha256="ddfd8f3f3b9c362e2cbb02d76c2c26e9845200eaec7046682ba568ab75dd7838",
    package="pdbench.metrics",
)

_KEPT_PIXELS = 2**20
"""Up to this size the reference's first stage (256 bytes a pixel) is kept, not computed again."""
_ROWS = 64
"""Rows compared at a time: the differences of a whole stage would double its memory."""


class _Prepared(NamedTuple):
    reference: Tensor
    first: list[Tensor] | None
    later: list[Tensor]


def _distance(features: Tensor, kept: Tensor, head: Tensor) -> Tensor:
    """Sum the weighted squared differences to unit vectors `kept` over a stage's pixels."""
    total = torch.zeros((), dtype=torch.float64, device=features.device)
    for top in range(0, features.shape[-2], _ROWS):
        rows = slice(top, top + _ROWS)
        difference = to_unit(features[:, :, rows]).sub_(kept[:, :, rows]).square_()
        total += torch.einsum("bchw,c->hw", difference, head).double().sum()
    return total


class LpipsVgg:
    r"""LPIPS version 0.1 on VGG16, whole image.

    .. math:: \sum_l \frac{1}{H_l W_l} \sum_{h,w} \sum_c w_{lc}
              (\hat{y}^l_{hwc} - \hat{y}^l_{0hwc})^2

    The reference's features are computed once; memory stays below 1.3 kB a pixel.

    Args:
        vgg: The backbone.
        heads: Channel weights of the five stages, shapes (64,), (128,), (256,), (512,), (512,).

    References:
        Zhang, Isola, Efros, Shechtman, Wang, "The unreasonable effectiveness of deep features as a
        perceptual metric", CVPR 2018, https://arxiv.org/abs/1801.03924
    """

    def __init__(self, vgg: Vgg16, heads: list[Tensor]) -> None:
        self._vgg = vgg
        self._heads = heads

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> _Prepared:
        """Keep the reference's unit features; `lr` is not used."""
        reference = required(reference)
        check_batch(reference, smallest=SMALLEST)
        first: list[Tensor] | None = []
        if reference.shape[-1] * reference.shape[-2] > _KEPT_PIXELS:
            first = None
        pooled = []
        for strip in self._vgg.first_stage_of(reference):
            pooled.append(halve(strip))
            if first is not None:
                first.append(to_unit(strip))
        later = [to_unit(stage) for stage in self._vgg.later_stages(torch.cat(pooled, dim=2))]
        return _Prepared(reference, first, later)

    def score(self, restored: Tensor, prepared: _Prepared) -> Tensor:
        """Return (B,) float64, >= 0, lower is better; 0 for equal images."""
        check_batch(restored, prepared.reference)
        return torch.stack([self._score_one(image[None], prepared) for image in restored])

    def _score_one(self, image: Tensor, prepared: _Prepared) -> Tensor:
        kept: Iterator[Tensor] = iter(prepared.first or ())
        if prepared.first is None:
            kept = map(to_unit, self._vgg.first_stage_of(prepared.reference))
        pooled, total = [], torch.zeros((), dtype=torch.float64, device=image.device)
        for strip, other in zip(self._vgg.first_stage_of(image), kept, strict=True):
            total += _distance(strip, other, self._heads[0])
            pooled.append(halve(strip))
        score = total / (image.shape[-1] * image.shape[-2])
        stages = self._vgg.later_stages(torch.cat(pooled, dim=2))
        for features, other, head in zip(stages, prepared.later, self._heads[1:], strict=True):
            pixels = features.shape[-1] * features.shape[-2]
            score += _distance(features, other, head) / pixels
        return score


def _open(choices: Choices, device: str) -> LpipsVgg:
    return LpipsVgg(open_vgg16(device), read_heads(HEADS, device=device, **choices))


METRIC = Metric(
    id="lpips-vgg",
    title="LPIPS-VGG",
    better="lower",
    kind="perception",
    needs_reference=True,
    reference="Zhang, Isola, Efros, Shechtman, Wang, 'The unreasonable effectiveness of deep "
    "features as a perceptual metric', CVPR 2018, https://arxiv.org/abs/1801.03924",
    weights=(VGG16.convolutions,),
    carried=(HEADS,),
    open=_open,
)
