"""LPIPS-Alex: distance between AlexNet features, channels weighted by human judgments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from pdbench.metrics.alexnet import SMALLEST, AlexNet, open_alexnet
from pdbench.metrics.backbone_weights import ALEXNET
from pdbench.metrics.color import check_batch
from pdbench.metrics.lpips_common import normalized, read_heads, to_unit
from pdbench.metrics.metric import Choices, Metric, required
from pdbench.weights import BundledFile

__all__ = ["HEADS", "METRIC", "AlexPrepared", "LpipsAlex", "open_lpips_alex"]

HEADS = BundledFile(
    name="lpips_alex.safetensors",
    sha256="e62475ea6ad0ed1976b09beae720c28ab9e11cbb36d123f1a4491e50352baa4e",
    package="pdbench.metrics",
)


class AlexPrepared(NamedTuple):
    """The reference, (1, 3, H, W), and its unit features of the five stages."""

    reference: Tensor
    features: list[Tensor]


class LpipsAlex:
    r"""LPIPS version 0.1 on AlexNet, whole image.

    .. math:: \sum_l \frac{1}{H_l W_l} \sum_{h,w} \sum_c w_{lc}
              (\hat{y}^l_{hwc} - \hat{y}^l_{0hwc})^2

    Args:
        backbone: AlexNet.
        heads: Channel weights of the five stages, shapes (64,), (192,), (384,), (256,), (256,).

    References:
        Zhang, Isola, Efros, Shechtman, Wang, "The unreasonable effectiveness of deep features as a
        perceptual metric", CVPR 2018, https://arxiv.org/abs/1801.03924
    """

    def __init__(self, backbone: AlexNet, heads: list[Tensor]) -> None:
        self._backbone = backbone
        self._heads = heads

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> AlexPrepared:
        """Keep the reference's unit features; `lr` is not used."""
        reference = required(reference)
        check_batch(reference, smallest=SMALLEST)
        stages = self._backbone.stages(normalized(reference))
        return AlexPrepared(reference, [to_unit(features) for features in stages])

    def score(self, restored: Tensor, prepared: AlexPrepared) -> Tensor:
        """Return (B,) float64, >= 0, lower is better; 0 for equal images."""
        check_batch(restored, prepared.reference)
        return torch.stack(
            [
                sum((m.double().mean() for m in self._maps(image[None], prepared)), _zero(image))
                for image in restored
            ]
        )

    def distance_map(self, restored: Tensor, prepared: AlexPrepared) -> Tensor:
        """Return where the distance lies, as the authors' `spatial=True` does.

        The stages' maps are enlarged to the image's size, bilinearly, and added. The mean of the
        map differs a little from the score: enlarging weighs the border differently.

        Args:
            restored: (1, 3, H, W) RGB in [0, 1].
            prepared: What `prepare` returned for its reference.

        Returns:
            (H, W) float32, >= 0.
        """
        check_batch(restored, prepared.reference)
        size = restored.shape[-2:]
        total = restored.new_zeros(size)
        for one in self._maps(restored, prepared):
            total += interpolate(one[None], size=size, mode="bilinear", align_corners=False)[0, 0]
        return total

    def _maps(self, image: Tensor, prepared: AlexPrepared) -> Iterator[Tensor]:
        """Yield each stage's weighted squared differences, (1, h, w)."""
        stages = self._backbone.stages(normalized(image))
        for features, kept, head in zip(stages, prepared.features, self._heads, strict=True):
            difference = to_unit(features).sub_(kept).square_()
            yield torch.einsum("bchw,c->bhw", difference, head)


def _zero(image: Tensor) -> Tensor:
    return torch.zeros((), dtype=torch.float64, device=image.device)


def open_lpips_alex(version: str, device: str) -> LpipsAlex:
    """Open LPIPS-Alex; raises WeightsUnavailable, or ValueError for another version than 0.1."""
    return LpipsAlex(open_alexnet(device), read_heads(HEADS, version, device))


def _open(choices: Choices, device: str) -> LpipsAlex:
    return open_lpips_alex(device=device, **choices)


METRIC = Metric(
    id="lpips-alex",
    title="LPIPS-Alex",
    better="lower",
    kind="perception",
    needs_reference=True,
    on_request=True,
    reference="Zhang, Isola, Efros, Shechtman, Wang, 'The unreasonable effectiveness of deep "
    "features as a perceptual metric', CVPR 2018, https://arxiv.org/abs/1801.03924",
    weights=(ALEXNET.convolutions,),
    carried=(HEADS,),
    open=_open,
)
