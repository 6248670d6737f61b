"""Training losses that more than one network uses."""

from __future__ import annotations

import torch
from torch import Tensor

from pdbench.metrics.vgg import halve, open_vgg16

__all__ = ["perceptual_distance"]

# ImageNet statistics of RGB in [0, 1], as torchvision's VGG16 was trained with
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
STAGES = 3


def _features(image: Tensor) -> list[Tensor]:
    backbone = open_vgg16(str(image.device))
    mean, deviation = (
        torch.tensor(x, device=image.device).view(1, 3, 1, 1) for x in (MEAN, DEVIATION)
    )
    first = torch.cat(list(backbone.first_stage((image - mean) / deviation)), 2)
    later = backbone.later_stages(halve(first))
    return [first, *(next(later) for _ in range(STAGES - 1))]


def perceptual_distance(restored: Tensor, reference: Tensor) -> Tensor:
    """Squared distance between VGG16 features of unit length at relu1_2, relu2_2 and relu3_3.

    LPIPS without its learned heads: a method trained with it has seen what LPIPS-VGG and DISTS
    look through, and its card says so.

    Args:
        restored: (B, 3, H, W) in [0, 1]; gradients flow into it.
        reference: The same shape.

    Returns:
        Scalar, 0 for equal images, lower is better.

    Raises:
        WeightsUnavailable: VGG16 cannot be had on this machine.

    References:
        Johnson, Alahi, Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and
        Super-Resolution", ECCV 2016; Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable
        Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018.
    """
    with torch.no_grad():
        wanted = _features(reference)
    total = restored.new_zeros(())
    for found, target in zip(_features(restored), wanted, strict=True):
        a, b = (x.float() / (x.float().norm(dim=1, keepdim=True) + 1e-3) for x in (found, target))
        total = total + (a - b).square().sum(1).mean()
    return total / STAGES
