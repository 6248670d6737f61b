"""Diversity of an image's samples, as the NTIRE 2021 challenge on the SR space scores it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from pdbench.images import crop_to_multiple
from pdbench.metrics.alexnet import SMALLEST
from pdbench.metrics.backbone_weights import ALEXNET
from pdbench.metrics.color import check_batch
from pdbench.metrics.lpips_alex import HEADS, AlexPrepared, LpipsAlex, open_lpips_alex
from pdbench.metrics.metric import Choices, Metric, required

__all__ = ["METRIC", "Diversity"]


class Diversity:
    r"""How much better the best sample at every pixel is than the best whole sample.

    With :math:`m_i(p)` the LPIPS-Alex map of sample i,

    .. math:: 100 \, \frac{G - L}{G}, \quad G = \min_i \operatorname{mean}_p m_i(p), \quad
              L = \operatorname{mean}_p \min_i m_i(p)

    Samples are looked at one after the other: memory does not grow with their number.

    Args:
        distance: LPIPS-Alex.
        multiple: Images are cut, at the right and bottom, to a multiple of this many pixels.

    References:
        Lugmayr, Danelljan, Timofte, et al., "NTIRE 2021 learning the super-resolution space
        challenge", CVPR Workshops 2021, https://github.com/andreas128/NTIRE21_Learning_SR_Space
    """

    def __init__(self, distance: LpipsAlex, *, multiple: int) -> None:
        self._distance = distance
        self._multiple = multiple

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> AlexPrepared:
        """Keep the reference's features; `lr` is not used."""
        reference = required(reference)
        check_batch(reference, smallest=math.ceil(SMALLEST / self._multiple) * self._multiple)
        return self._distance.prepare(self._cut(reference), None)

    def score_set(self, samples: Iterable[Tensor], prepared: AlexPrepared) -> float:
        """Return the percentage, 0 to 100, higher is better; 0 for a single sample.

        Raises:
            ValueError: There is no sample, or one has not the reference's size.
        """
        whole, pixelwise = math.inf, None
        for sample in samples:
            distances = self._distance.distance_map(self._cut(sample), prepared)
            whole = min(whole, distances.double().mean().item())
            pixelwise = distances if pixelwise is None else torch.minimum(pixelwise, distances)
        if pixelwise is None:
            raise ValueError("expected at least one sample, got none")
        # Where a sample equals the reference nothing is left to be better at.
        return 100 * (whole - pixelwise.double().mean().item()) / whole if whole else 0.0

    def _cut(self, image: Tensor) -> Tensor:
        return crop_to_multiple(image, self._multiple)


def _open(choices: Choices, device: str) -> Diversity:
    return Diversity(
        open_lpips_alex(choices["version"], device), multiple=choices["crop_to_multiple"]
    )


METRIC = Metric(
    id="diversity",
    title="Diversity",
    better="higher",
    kind="diversity",
    unit="%",
    decimals=2,
    needs_reference=True,
    on_request=True,
    reference="Lugmayr, Danelljan, Timofte, et al., 'NTIRE 2021 learning the super-resolution "
    "space challenge', CVPR Workshops 2021, https://github.com/andreas128/NTIRE21_Learning_SR_Space",
    weights=(ALEXNET.convolutions,),
    carried=(HEADS,),
    open=_open,
)
