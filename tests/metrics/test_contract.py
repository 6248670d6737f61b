"""What holds for every metric under every protocol. Weights that cannot be had skip that metric.

Ma and PieAPP get random weights: nothing here depends on what they say. Chunks and strips are
tested beside each metric that has them.
"""

import math
import re
from types import SimpleNamespace

import pytest
import torch

from pdbench.bicubic import bicubic_downsample
from pdbench.errors import MetricUndefined, WeightsUnavailable
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS

SIZES = {"niqe": (104, 200), "ma": (92, 96)}
BEST = {
    "psnr": math.inf, "mse": 0, "ssim": 1, "lpips-vgg": 0, "lpips-alex": 0, "dists": 0,
    "lr-psnr-challenge": math.inf,
}  # fmt: skip


def opened_as():
    """Return one case for each way any protocol opens a metric, named by the first to do so."""
    found = {}
    for protocol in PROTOCOLS:
        for name in protocol.covered_ids:
            for part in METRICS.get(name).parts or (name,):
                own = protocol.rule(name).choices
                choices = own if part == name else protocol.part_choices(name, part)
                found.setdefault((part, tuple(choices.items())), protocol.id)
    return [
        pytest.param((METRICS.get(name), dict(choices)), id=f"{name}-{protocol}")
        for (name, choices), protocol in found.items()
        if not METRICS.get(name).per_set
    ]


CASES = opened_as()


def only(concerned):
    """Let a test see the metrics it concerns, each with the choices it is opened with."""
    cases = [case for case in CASES if concerned(*case.values[0])]
    return pytest.mark.parametrize("case", cases, indirect=True)


@pytest.fixture(scope="module", params=CASES)
def case(request, every_metric, make_pair):
    """One metric opened, its images, and its scores of a batch, computed once."""
    metric, choices = request.param
    try:
        scorer = metric.open(choices, "cpu")
    except WeightsUnavailable as error:
        pytest.skip(str(error))
    hr, restored = make_pair(*SIZES.get(metric.id, (64, 92)))
    lr = hr[..., ::4, ::4].contiguous()

    @torch.inference_mode()
    def score(images, reference=hr):
        return scorer.score(images, scorer.prepare(reference, lr))

    return SimpleNamespace(
        metric=metric,
        choices=choices,
        scorer=scorer,
        hr=hr,
        lr=lr,
        restored=restored,
        score=score,
        scores=score(restored),
    )


def test_a_score_is_one_finite_float64_per_image(case):
    assert case.scores.shape == (2,)
    assert case.scores.dtype == torch.float64
    assert torch.isfinite(case.scores).all()
    assert case.scores[0] != case.scores[1]


def test_a_batch_gets_the_scores_of_its_images_in_any_order(case):
    before = case.restored.clone()
    assert [case.score(one[None]).item() for one in case.restored.flip(0)] == [
        *reversed(case.scores.tolist())
    ]
    assert torch.equal(case.restored, before)


def test_another_image_prepared_in_between_changes_nothing(case):
    with torch.inference_mode():
        kept = case.scorer.prepare(case.hr, case.lr)
        case.scorer.prepare(case.hr.flip(-1), case.lr.flip(-1))
        assert case.scorer.score(case.restored[:1], kept).item() == case.scores[0].item()


# PieAPP compares the error of the one image with that of the other.
@only(lambda metric, _: metric.needs_reference and metric.id != "pieapp")
def test_it_is_symmetric_where_its_formula_is(case):
    swapped = case.score(case.hr, case.restored[:1]).item()
    assert swapped == pytest.approx(case.scores[0].item(), rel=1e-6)


@only(lambda metric, _: metric.id in BEST)
def test_an_image_against_itself_gets_the_best_score_there_is(case):
    best = 80 if case.choices.get("epsilon") else BEST[case.metric.id]
    assert case.score(case.hr).item() == pytest.approx(best, abs=1e-6)


@only(lambda metric, _: not metric.needs_reference)
def test_without_a_need_for_a_reference_none_is_looked_at(case):
    assert case.score(case.restored[:1], None).item() == case.scores[0].item()


@only(lambda metric, _: metric.id == "lr-psnr")
def test_full_agreement_with_the_lr_is_infinite(case):
    mirrored = case.choices["kernel"] == "imresize-py-uint8"
    lr = bicubic_downsample(case.hr, mirrored=mirrored)
    assert case.scorer.score(case.hr, case.scorer.prepare(None, lr)).item() == math.inf


@only(lambda metric, choices: choices.get("border") != 0 or metric.id not in ("psnr", "mse"))
def test_an_image_of_one_pixel_is_declined(case):
    tiny = torch.zeros(1, 3, 1, 1)
    with torch.inference_mode(), pytest.raises(MetricUndefined):
        case.scorer.score(tiny, case.scorer.prepare(tiny, tiny))


@pytest.mark.gpu
def test_a_gpu_gives_the_scores_of_a_cpu(case):
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    scorer = case.metric.open(case.choices, "cuda")
    with torch.inference_mode():
        kept = scorer.prepare(case.hr.cuda(), case.lr.cuda())
        scores = scorer.score(case.restored.cuda(), kept)
    # Networks are float32, and NIQE and Ma look values up in tables by float64 sums.
    assert scores.tolist() == pytest.approx(case.scores.tolist(), rel=1e-4)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_a_declaration_is_complete(metric):
    assert re.fullmatch(r"[a-z][a-z0-9-]*", metric.id)
    assert metric.title
    assert re.search(r", \d{4}, https://|\d{4}, https://", metric.reference)
    assert all(METRICS.get(part) for part in metric.parts)
    assert all(file.how for file in metric.weights)
