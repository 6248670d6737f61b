"""What holds for every declared metric. Weights that cannot be had skip that metric."""

import re

import pytest
import torch

from pdbench.errors import CannotJudge, WeightsUnavailable
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS

OPENED = [metric for metric in METRICS if metric.open and not metric.per_set]


def rule(metric):
    """Return the rule of the first protocol that covers a metric."""
    return next(one.rule(metric.id) for one in PROTOCOLS if metric.id in one.rules)


@pytest.fixture(scope="module", params=OPENED, ids=lambda metric: metric.id)
def opened(request):
    metric = request.param
    try:
        return metric, metric.open(rule(metric).choices, "cpu")
    except WeightsUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def prepared(opened, pair):
    metric, scorer = opened
    hr, restored = pair(104, 208)
    lr = hr[..., ::4, ::4].contiguous()
    with torch.inference_mode():
        return scorer, restored, scorer.prepare(hr if metric.needs_reference else None, lr)


def test_a_score_is_one_finite_float64_per_image(prepared):
    scorer, restored, kept = prepared
    with torch.inference_mode():
        scores = scorer.score(restored, kept)
    assert scores.shape == (2,)
    assert scores.dtype == torch.float64
    assert torch.isfinite(scores).all()


def test_scoring_twice_gives_the_same_and_changes_no_image(prepared):
    scorer, restored, kept = prepared
    before = restored.clone()
    with torch.inference_mode():
        assert torch.equal(scorer.score(restored, kept), scorer.score(restored, kept))
    assert torch.equal(restored, before)


def test_a_batch_in_another_order_gets_the_same_scores(prepared):
    scorer, restored, kept = prepared
    with torch.inference_mode():
        there, back = scorer.score(restored, kept), scorer.score(restored.flip(0), kept)
    assert torch.equal(there, back.flip(0))


def test_an_image_of_one_pixel_is_declined(opened):
    metric, scorer = opened
    tiny = torch.zeros(1, 3, 1, 1)
    if metric.id in ("psnr", "mse"):
        pytest.skip("it judges a single pixel")
    with torch.inference_mode(), pytest.raises(CannotJudge):
        scorer.score(tiny, scorer.prepare(tiny if metric.needs_reference else None, tiny))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_a_declaration_is_complete(metric):
    assert re.fullmatch(r"[a-z][a-z0-9-]*", metric.id)
    assert metric.title
    assert re.search(r", \d{4}, https://|\d{4}, https://", metric.reference)
    assert all(METRICS.get(part) for part in metric.parts)
    assert all(file.how for file in metric.weights)
