"""Perceptual losses: LPIPS is the metric, VGG's features are taken before their activation."""

import numpy as np
import pytest
import torch

from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PAPER
from pdbench.metrics.vgg import halve, open_vgg16
from pdbench.training.losses import DEVIATION, MEAN, lpips_distance, vgg_distance


def test_the_loss_as_lpips_is_the_metric():
    torch.manual_seed(0)
    reference = torch.rand(2, 3, 40, 48)
    restored = (reference + 0.2 * torch.randn(2, 3, 40, 48)).clamp(0, 1)
    panel, scores = MetricCollection(PAPER, ["lpips-vgg"]), []
    for image, other in zip(restored, reference, strict=True):
        panel.prepare(other, None)
        scores.append(panel.score(image)["lpips-vgg"][0])
    assert float(lpips_distance(restored, reference)) == pytest.approx(np.mean(scores), rel=1e-5)


@pytest.mark.parametrize("distance", [lpips_distance, vgg_distance])
def test_gradients_are_finite_on_flat_images(distance):
    flat = torch.zeros(1, 3, 32, 32, requires_grad=True)
    distance(flat, torch.ones(1, 3, 32, 32)).backward()
    assert flat.grad.isfinite().all()
    assert flat.grad.abs().sum() > 0


def test_features_are_those_whose_activation_is_vggs_last_stage():
    image = torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(0))
    vgg = open_vgg16("cpu")
    mean, deviation = (torch.tensor(x).view(1, 3, 1, 1) for x in (MEAN, DEVIATION))
    first = torch.cat(list(vgg.first_stage((image - mean) / deviation)), 2)
    *_, fourth, fifth = vgg.later_stages(halve(first))
    before = vgg.before_last_relu(fourth)
    assert before.min() < 0
    torch.testing.assert_close(before.relu(), fifth)
    assert float(vgg_distance(image, image)) == 0
