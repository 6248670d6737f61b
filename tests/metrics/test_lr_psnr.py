import math

import pytest
import torch

from pdbench.bicubic import bicubic_downsample
from pdbench.errors import MetricUndefined
from pdbench.images import quantize
from pdbench.metrics.lr_psnr import METRIC
from pdbench.metrics.protocol import PAPER
from pdbench.metrics.psnr import psnr


def score(restored, lr):
    scorer = METRIC.open(PAPER.rule("lr-psnr").choices, "cpu")
    return scorer.score(restored, scorer.prepare(None, lr))


def test_the_hr_image_agrees_fully_with_its_own_lr(pair):
    hr, _ = pair()
    assert score(hr, bicubic_downsample(hr)).item() == math.inf


def test_it_is_the_psnr_of_the_shrunk_image_against_the_given_lr(pair):
    _, restored = pair()
    lr = quantize(torch.rand(1, 3, 16, 12, generator=torch.Generator().manual_seed(3)))
    expected = psnr(bicubic_downsample(restored), lr, peak=1.0)
    assert score(restored, lr).tolist() == pytest.approx(expected.tolist(), abs=1e-4)


def test_without_an_lr_image_it_declines(pair):
    with pytest.raises(MetricUndefined, match="no LR image"):
        score(pair()[1], None)


def test_an_lr_of_another_size_cannot_be_judged(pair):
    _, restored = pair()
    with pytest.raises(MetricUndefined, match="4 times the LR image's size"):
        score(restored, torch.rand(1, 3, 15, 12))
