"""Training losses that more than one network uses."""

from __future__ import annotations

import math
from functools import cache

import torch
from safetensors.torch import load
from torch import Tensor

from pdbench.metrics.lpips_vgg import HEADS
from pdbench.metrics.vgg import halve, open_vgg16
from pdbench.weights import bundled_bytes

__all__ = [
    "deep_feature_distance",
    "lpips_distance",
    "lpips_energy",
    "perceptual_distance",
    "random_window",
    "spread_of_opposites",
]

# ImageNet statistics of RGB in [0, 1], as torchvision's VGG16 was trained with
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def _features(image: Tensor, stages: int) -> list[Tensor]:
    backbone = open_vgg16(str(image.device))
    mean, deviation = (
        torch.tensor(x, device=image.device).view(1, 3, 1, 1) for x in (MEAN, DEVIATION)
    )
    first = torch.cat(list(backbone.first_stage((image - mean) / deviation)), 2)
    later = backbone.later_stages(halve(first))
    return [first, *(next(later) for _ in range(stages - 1))]


def perceptual_distance(restored: Tensor, reference: Tensor, *, stages: int = 3) -> Tensor:
    """Squared distance between VGG16 features of unit length, by default up to relu3_3.

    LPIPS without its learned heads: a method trained with it has seen what LPIPS-VGG and DISTS
    look through, and its card says so.

    Args:
        restored: (B, 3, H, W) in [0, 1]; gradients flow into it.
        reference: The same shape.
        stages: How many of relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3 are compared.

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
        wanted = _features(reference, stages)
    total = restored.new_zeros(())
    for found, target in zip(_features(restored, stages), wanted, strict=True):
        a, b = (x.float() / (x.float().norm(dim=1, keepdim=True) + 1e-3) for x in (found, target))
        total = total + (a - b).square().sum(1).mean()
    return total / stages


@cache
def _head_roots(device: str) -> list[Tensor]:
    stored = load(bundled_bytes(HEADS))
    return [stored[f"lin{stage}"].to(device).sqrt().view(1, -1, 1, 1) for stage in range(5)]


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


def spread_of_opposites(distance: Tensor) -> Tensor:
    """Half the expected distance of two independent samples, from that of two opposite ones.

    Samples of the latents z and -z lie on either side of their mean. Where the spread is Gaussian,
    their difference is that of independent samples times sqrt(2).
    """
    return distance / (2 * math.sqrt(2))


def lpips_energy(sample: Tensor, opposite: Tensor, reference: Tensor) -> Tensor:
    """Energy score of a distribution of images, in the feature space of LPIPS-VGG.

    A proper score: least, in expectation, for the true distribution. E|X - y| - E|X - X'| / 2 with
    the Euclidean distance of features at each location, averaged over locations and added up over
    stages. LPIPS of single samples would reward samples that are all alike; this does not.

    Args:
        sample: (B, 3, H, W) in [0, 1], of latents z; gradients flow into it.
        opposite: The same shape, of latents -z; gradients flow into it.
        reference: The same shape.

    Returns:
        Scalar, lower is better.

    Raises:
        WeightsUnavailable: VGG16 cannot be had on this machine.

    References:
        Gneiting, Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", Journal of
        the American Statistical Association 2007, section 4.3; for the features, `lpips_distance`.
    """
    with torch.no_grad():
        wanted = _lpips_features(reference)
    total = reference.new_zeros(())
    for y, one, two in zip(
        wanted, _lpips_features(sample), _lpips_features(opposite), strict=True
    ):
        error = (_mean_norm(one - y) + _mean_norm(two - y)) / 2
        total = total + error - spread_of_opposites(_mean_norm(one - two))
    return total


def _mean_norm(difference: Tensor) -> Tensor:
    """Mean over locations of the Euclidean norm, with finite gradients at 0."""
    return (difference.square().sum(1) + 1e-6).sqrt().mean()


def deep_feature_distance(restored: Tensor, reference: Tensor) -> Tensor:
    """Mean absolute difference of VGG16's relu5_3, ESRGAN's loss with the nearest backbone here.

    ESRGAN compares VGG19's conv5_4 before its activation.

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
    with torch.no_grad():
        wanted = _features(reference, 5)[-1]
    return (_features(restored, 5)[-1].float() - wanted.float()).abs().mean()


def random_window(side: int, *images: Tensor) -> list[Tensor]:
    """Cut one random window, the same from all: as good a gradient, at part of the price.

    Args:
        side: Side of the window in pixels, cut to what the images have.
        images: (B, 3, H, W) each.

    Returns:
        The windows, (B, 3, side, side) each.
    """
    height, width = images[0].shape[-2:]
    side = min(side, height, width)
    top, left = (int(torch.randint(length - side + 1, ())) for length in (height, width))
    return [image[..., top : top + side, left : left + side] for image in images]
