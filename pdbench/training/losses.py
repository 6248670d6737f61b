"""Perceptual losses through VGG16."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from pdbench.metrics.lpips_common import read_heads
from pdbench.metrics.lpips_vgg import HEADS
from pdbench.metrics.vgg import halve, open_vgg16

__all__ = ["lpips_distance", "vgg_distance"]

# ImageNet statistics of RGB in [0, 1], as torchvision's VGG16 was trained with
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def _features(image: Tensor, stages: int) -> list[Tensor]:
    """Return relu1_2, relu2_2, ... of images (B, 3, H, W) in [0, 1]."""
    backbone = open_vgg16(str(image.device))
    mean, deviation = (
        torch.tensor(x, device=image.device).view(1, 3, 1, 1) for x in (MEAN, DEVIATION)
    )
    first = torch.cat(list(backbone.first_stage((image - mean) / deviation)), 2)
    later = backbone.later_stages(halve(first))
    return [first, *(next(later) for _ in range(stages - 1))]


def vgg_distance(restored: Tensor, reference: Tensor) -> Tensor:
    """Mean absolute difference of VGG16's conv5_3 before its activation.

    ESRGAN's feature loss with VGG16 in place of VGG19, whose conv5_4 it compares.

    Args:
        restored: (B, 3, H, W) in [0, 1]; gradients flow into it.
        reference: The same shape.

    Returns:
        Scalar, 0 for equal images, lower is better.

    Raises:
        WeightsUnavailable: VGG16 cannot be had on this machine.

    References:
        Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCV
        Workshops 2018, section 3.2, https://arxiv.org/abs/1809.00219
    """
    backbone = open_vgg16(str(restored.device))
    with torch.no_grad():
        wanted = backbone.before_last_relu(_features(reference, 4)[-1])
    found = backbone.before_last_relu(_features(restored, 4)[-1])
    return (found.float() - wanted.float()).abs().mean()


@cache
def _head_roots(device: str) -> list[Tensor]:
    return [head.sqrt().view(1, -1, 1, 1) for head in read_heads(HEADS, "0.1", device)]


def _lpips_features(image: Tensor) -> list[Tensor]:
    """Return five stages of features between whose locations LPIPS is the squared distance."""
    stages = zip(_features(image, 5), _head_roots(str(image.device)), strict=True)
    return [x.float() / (x.float().norm(dim=1, keepdim=True) + 1e-10) * root for x, root in stages]


def lpips_distance(restored: Tensor, reference: Tensor) -> Tensor:
    """LPIPS-VGG as a loss: the metric's number, averaged over the batch, with finite gradients.

    Args:
        restored: (B, 3, H, W) in [0, 1]; gradients flow into it.
        reference: The same shape.

    Returns:
        Scalar, 0 for equal images, lower is better.

    Raises:
        WeightsUnavailable: VGG16 cannot be had on this machine.

    References:
        Zhang, Isola, Efros, Shechtman, Wang, "The unreasonable effectiveness of deep features as a
        perceptual metric", CVPR 2018, https://arxiv.org/abs/1801.03924
    """
    with torch.no_grad():
        wanted = _lpips_features(reference)
    total = restored.new_zeros(())
    for found, target in zip(_lpips_features(restored), wanted, strict=True):
        total = total + (found - target).square().sum(1).mean()
    return total
