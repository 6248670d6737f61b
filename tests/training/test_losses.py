"""Losses of images and of distributions of them: LPIPS is the metric, scores are proper."""

import math

import numpy as np
import pytest
import torch

from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PAPER
from pdbench.training.losses import (
    lpips_distance,
    lpips_energy,
    random_window,
    spread_of_opposites,
)


def test_the_loss_as_lpips_is_the_metric():
    torch.manual_seed(0)
    reference = torch.rand(2, 3, 40, 48)
    restored = (reference + 0.2 * torch.randn(2, 3, 40, 48)).clamp(0, 1)
    panel, scores = MetricCollection(PAPER, ["lpips-vgg"]), []
    for image, other in zip(restored, reference, strict=True):
        panel.prepare(other, None)
        scores.append(panel.score(image)["lpips-vgg"][0])
    assert float(lpips_distance(restored, reference)) == pytest.approx(np.mean(scores), rel=1e-5)


def test_the_loss_as_lpips_has_finite_gradients_on_flat_images():
    flat = torch.zeros(1, 3, 32, 32, requires_grad=True)
    lpips_distance(flat, torch.ones(1, 3, 32, 32)).backward()
    assert flat.grad.isfinite().all()


def test_a_window_is_the_same_in_all_images():
    image = torch.rand(1, 3, 20, 30)
    one, other = random_window(8, image, image)
    assert one.shape == (1, 3, 8, 8)
    assert torch.equal(one, other)
    assert random_window(99, image, image)[0].shape == (1, 3, 20, 20)


def test_the_spread_of_opposites_is_half_that_of_independent_samples():
    generator = torch.Generator().manual_seed(0)
    one, two = torch.randn(2, 100_000, generator=generator)
    found = spread_of_opposites((one - -one).abs().mean())
    assert float(found) == pytest.approx(float((one - two).abs().mean()) / 2, rel=0.01)


def test_the_energy_score_prefers_samples_as_different_as_the_truth_is_from_them():
    generator = torch.Generator().manual_seed(0)
    truth, noise = 0.2 * torch.randn(2, 4, 3, 64, 64, generator=generator)
    gray = torch.full_like(truth, 0.5)
    alike = float(lpips_energy(gray, gray, gray + truth))
    assert float(lpips_energy(gray + noise, gray - noise, gray + truth)) < alike - 0.1


def test_the_energy_score_has_finite_gradients_where_samples_are_alike():
    sample = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    score = lpips_energy(sample, sample, torch.rand(1, 3, 32, 32))
    score.backward()
    assert math.isfinite(float(score.detach()))
    assert sample.grad.isfinite().all()
