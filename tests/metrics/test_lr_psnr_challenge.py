import math

import numpy as np
import pytest
import torch

from pdbench.bicubic import bicubic_downsample
from pdbench.errors import MetricUndefined
from pdbench.metrics import METRICS
from pdbench.metrics.lr_psnr_challenge import METRIC
from pdbench.metrics.protocol import PAPER

CHOICES = dict(PAPER.rule("lr-psnr-challenge").choices)


def score(restored, reference):
    scorer = METRIC.open(CHOICES, "cpu")
    return scorer.score(restored, scorer.prepare(reference, None)).tolist()


def cubic(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0


def imresize(pixels, scale):
    """Shrink (H, W, 3) uint8 as published ports of MATLAB's imresize do: an independent version.

    Rows first, then columns; after each, numpy's rounding (halves to even) and a cast to uint8.
    """
    for axis in (0, 1):
        size = pixels.shape[axis]
        rows = np.moveaxis(pixels, axis, 0).astype(np.float64)
        shrunk = np.zeros((size // scale, *rows.shape[1:]))
        for i in range(size // scale):
            center = scale * (i + 0.5) - 0.5
            weights = {
                j: cubic((j - center) / scale)
                for j in range(math.floor(center) - 2 * scale, math.ceil(center) + 2 * scale + 1)
            }
            for j, weight in weights.items():
                mirrored = -1 - j if j < 0 else 2 * size - 1 - j if j >= size else j
                shrunk[i] += weight / sum(weights.values()) * rows[mirrored]
        pixels = np.moveaxis(np.around(shrunk.clip(0, 255)).astype(np.uint8), 0, axis)
    return pixels


def psnr(first, second):
    error = np.mean((first.astype(np.float64) - second) ** 2)
    return 10 * math.log10(255**2 / error)


def levels(image):
    return (image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def test_it_compares_both_images_shrunk_by_the_challenges_imresize(pair):
    hr, restored = pair(48, 40)
    target = imresize(levels(hr[0]), 4)
    expected = [psnr(imresize(levels(one), 4), target) for one in restored]
    assert score(restored, hr) == pytest.approx(expected, abs=1e-9)


def test_only_a_multiple_of_8_pixels_counts(pair):
    hr, restored = pair(48, 44)
    spoilt = restored.clone()
    spoilt[..., 40:] = 0
    assert score(spoilt, hr) == score(restored, hr) == score(restored[..., :40], hr[..., :40])


def test_the_hr_image_agrees_fully_with_itself(pair):
    hr, _ = pair()
    assert score(hr, hr) == [math.inf]


def test_it_is_another_number_than_agreement_with_the_given_lr(pair):
    hr, restored = pair()
    given = METRICS.get("lr-psnr").open(PAPER.rule("lr-psnr").choices, "cpu")
    against_given = given.score(restored, given.prepare(None, bicubic_downsample(hr)))
    for one, other in zip(score(restored, hr), against_given.tolist(), strict=True):
        assert one == pytest.approx(other, abs=1)
        assert one != other


def test_an_image_below_8_pixels_cannot_be_judged(pair):
    hr, restored = pair(7, 40)
    with pytest.raises(MetricUndefined, match="at least 8 pixels"):
        score(restored, hr)
