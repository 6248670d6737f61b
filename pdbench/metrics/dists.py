"""DISTS: structure and texture similarity of VGG16 features."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load
from torch import Tensor
from torch.nn.functional import conv2d

from pdbench.images import to_uint8
from pdbench.metrics.backbone_weights import VGG16
from pdbench.metrics.color import check_batch
from pdbench.metrics.metric import Choices, Metric, required
from pdbench.metrics.vgg import CHANNELS, SMALLEST, Vgg16, open_vgg16
from pdbench.weights import BundledFile, bundled_bytes

__all__ = ["HEADS", "METRIC", "Dists", "resize_short_side"]

HEADS = BundledFile(
    name="dists.safetensors",
    sha256="745cdae1b30c00fe14c81d72f852015ae5c33dc3d83c49d4c928295c1cfc4ce9",
    package="pdbench.metrics",
)

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_STABLE = 1e-6


class _Stage(NamedTuple):
    """Means of a stage's channels (1, C, 1, 1), deviations from them (1, C, H, W), variances."""

    mean: Tensor
    centered: Tensor
    variance: Tensor


class _Prepared(NamedTuple):
    reference: Tensor
    stages: list[_Stage]


def resize_short_side(image: Tensor, side: int) -> Tensor:
    """Shrink an image as the DISTS authors do, if its short side is longer than `side`.

    Pillow's antialiased bilinear filter on 8 bits; the long side is cut to whole pixels.

    Args:
        image: (3, H, W) RGB in [0, 1].
        side: Length of the short side afterwards, in pixels.

    Returns:
        (3, H', W') float32 on the 8-bit grid, on the same device.
    """
    height, width = image.shape[-2:]
    short = min(height, width)
    if short <= side:
        return image
    size = (int(side * width / short), int(side * height / short))
    pixels = to_uint8(image).permute(1, 2, 0).cpu().numpy()
    resized = np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    return torch.from_numpy(resized).permute(2, 0, 1).to(image.device, torch.float32) / 255


def _pool(features: Tensor) -> Tensor:
    """Halve by the root of the Hanning-weighted mean of squares over 3x3 pixels."""
    channels = features.shape[1]
    taps = features.new_tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(taps, taps).expand(channels, 1, 3, 3)
    power = conv2d(features.square(), kernel, stride=2, padding=1, groups=channels)
    return power.add_(1e-12).sqrt_()


def _mean(planes: Tensor) -> Tensor:
    return planes.mean(dim=(2, 3), keepdim=True)


def _described(features: Tensor) -> _Stage:
    mean = _mean(features)
    centered = features - mean
    return _Stage(mean, centered, _mean(centered.square()))


def _similarity(product: Tensor, square_x: Tensor, square_y: Tensor) -> Tensor:
    """Return 2xy / (x^2 + y^2), kept finite; 1 where all three are equal."""
    return (2 * product + _STABLE) / (square_x + square_y + _STABLE)


class Dists:
    """DISTS with the authors' trained channel weights.

    Args:
        vgg: The backbone.
        alpha: (1475,) weights of the texture term (means), image channels first.
        beta: (1475,) weights of the structure term (covariances).
        resize: Short side images are shrunk to, in pixels; None leaves them as they are.

    References:
        Ding, Ma, Wang, Simoncelli, "Image quality assessment: Unifying structure and texture
        similarity", IEEE TPAMI 2022, https://arxiv.org/abs/2004.07728
    """

    def __init__(self, vgg: Vgg16, alpha: Tensor, beta: Tensor, *, resize: int | None) -> None:
        self._vgg = vgg
        total = alpha.sum() + beta.sum()
        self._alpha = torch.split(alpha / total, [3, *CHANNELS])
        self._beta = torch.split(beta / total, [3, *CHANNELS])
        self._resize = resize

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> _Prepared:
        """Keep what is compared of the reference's features; `lr` is not used."""
        reference = required(reference)
        check_batch(reference, smallest=SMALLEST)
        return _Prepared(reference, [_described(one) for one in self._features(reference[0])])

    def score(self, restored: Tensor, prepared: _Prepared) -> Tensor:
        """Return (B,) float64, lower is better; 0 for equal images."""
        check_batch(restored, prepared.reference)
        return torch.stack([self._score_one(image, prepared.stages) for image in restored])

    def _features(self, image: Tensor) -> list[Tensor]:
        """Return the image itself and the five stages, each (1, C, H', W')."""
        if self._resize is None:
            # What LPIPS sees, and the authors' normalization but for its last bits.
            small = image[None]
            strips = self._vgg.first_stage_of(small)
        else:
            small = resize_short_side(image, self._resize)[None]
            mean, std = (small.new_tensor(row).view(1, 3, 1, 1) for row in (_MEAN, _STD))
            strips = self._vgg.first_stage((small - mean) / std)
        first = torch.cat(list(strips), dim=2)
        return [small, first, *self._vgg.later_stages(_pool(first), _pool)]

    def _score_one(self, image: Tensor, kept: list[_Stage]) -> Tensor:
        similarity = torch.zeros((), dtype=torch.float64, device=image.device)
        stages = zip(self._features(image), kept, self._alpha, self._beta, strict=True)
        for features, other, alpha, beta in stages:
            own = _described(features)
            texture = _similarity(own.mean * other.mean, own.mean.square(), other.mean.square())
            # Centered first, unlike the original: its E[xy] - E[x]E[y] cancels in float32.
            product = _mean(own.centered * other.centered)
            structure = _similarity(product, own.variance, other.variance)
            similarity += (alpha * texture.flatten() + beta * structure.flatten()).double().sum()
        return 1 - similarity


def _open(choices: Choices, device: str) -> Dists:
    stored = load(bundled_bytes(HEADS))
    alpha, beta = (stored[name].to(device) for name in ("alpha", "beta"))
    side = choices["resize_short_side"]
    return Dists(open_vgg16(device), alpha, beta, resize=side)


METRIC = Metric(
    id="dists",
    title="DISTS",
    better="lower",
    kind="perception",
    needs_reference=True,
    reference="Ding, Ma, Wang, Simoncelli, 'Image quality assessment: Unifying structure and "
    "texture similarity', IEEE TPAMI 2022, https://arxiv.org/abs/2004.07728",
    weights=(VGG16.convolutions,),
    carried=(HEADS,),
    open=_open,
)
