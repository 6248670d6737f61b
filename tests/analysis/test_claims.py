"""Verdicts on synthetic scores whose truth is known."""

import math
import random

import pytest

from pdbench.analysis import summarize
from pdbench.analysis.claims import CLAIMS, Check, Claim, judge
from pdbench.analysis.paper_tables import paper_table
from pdbench.scores import MetricFacts

PSNR_CLAIM = Claim("X", "a beats b.", (Check("psnr", ("a",), ("b",), 1.0),))


@pytest.fixture
def judged(make_score, psnr, lpips):
    """Judge claims on methods with given means of one metric, 20 images each."""

    def call(claim, means, *, metric="psnr", noise=0.05):
        rng = random.Random(0)
        hard = [rng.gauss(0, 3) for _ in range(20)]
        rows = [
            make_score(method, f"{i}", mean + hard[i] + rng.gauss(0, noise), metric=metric)
            for method, mean in means.items()
            for i in range(20)
        ]
        (found,) = judge(summarize(rows), [psnr, lpips], claims=[claim])
        return found

    return call


@pytest.mark.parametrize(
    ("lead", "verdict"), [(1.3, "supported"), (0.7, "contradicted"), (1.0, "undecided")]
)
def test_verdict_follows_the_interval_and_the_margin(judged, lead, verdict):
    found = judged(PSNR_CLAIM, {"a": 28 + lead, "b": 28.0}, noise=0.2)
    assert found.verdict == verdict
    assert found.findings[0].lead == pytest.approx(lead, abs=0.2)
    assert found.findings[0].n == 20


def test_a_lower_score_leads_where_lower_is_better(judged):
    claim = Claim("X", "", (Check("lpips-vgg", ("a",), ("b",)),))
    assert judged(claim, {"a": 0.2, "b": 0.5}, metric="lpips-vgg").verdict == "supported"


def test_best_of_all_is_the_lead_over_the_nearest(judged):
    claim = Claim("X", "", (Check("psnr", ("a",), ("b", "c")),))
    found = judged(claim, {"a": 30.0, "b": 29.5, "c": 20.0})
    assert found.findings[0].lead == pytest.approx(0.5, abs=0.1)
    assert judged(claim, {"a": 30.0, "b": 30.5, "c": 20.0}).verdict == "contradicted"


def test_worst_two_are_the_lead_of_all_others(judged):
    claim = Claim("X", "", (Check("psnr", ("a", "b"), ("c", "d")),))
    assert judged(claim, {"a": 30, "b": 29, "c": 28, "d": 20}).verdict == "supported"
    assert judged(claim, {"a": 30, "b": 27, "c": 28, "d": 20}).verdict == "contradicted"


def test_a_missing_rival_leaves_support_undecided_but_not_contradiction(judged):
    claim = Claim("X", "", (Check("psnr", ("a",), ("b", "gone")),))
    found = judged(claim, {"a": 30.0, "b": 29.0})
    assert (found.verdict, found.reason) == ("undecided", "rows missing: gone")
    assert judged(claim, {"a": 28.0, "b": 29.0}).verdict == "contradicted"


def test_a_missing_row_cannot_be_measured(judged):
    found = judged(PSNR_CLAIM, {"b": 28.0})
    assert (found.verdict, found.reason) == ("not measurable", "rows missing: a")


def test_a_missing_metric_cannot_be_measured(judged):
    claim = Claim("X", "", (Check("lpips-vgg", ("a",), ("b",)),))
    found = judged(claim, {"a": 30.0, "b": 29.0})
    assert (found.verdict, found.reason) == ("not measurable", "LPIPS-VGG is not available")


def test_one_contradicted_part_contradicts_the_claim(judged):
    checks = (Check("psnr", ("a",), ("b",)), Check("psnr", ("b",), ("a",)))
    assert judged(Claim("X", "", checks), {"a": 30.0, "b": 29.0}).verdict == "contradicted"


def test_a_part_that_cannot_be_measured_keeps_a_claim_from_support(judged):
    checks = (Check("psnr", ("a",), ("b",)), Check("pieapp", ("a",), ("b",)))
    found = judged(Claim("X", "", checks), {"a": 30.0, "b": 29.0})
    assert (found.verdict, found.reason) == ("undecided", "pieapp is not available")


def test_one_image_decides_nothing(make_score, psnr):
    scores = [make_score("a", value=30.0), make_score("b", value=20.0)]
    (found,) = judge(summarize(scores), [psnr], claims=[PSNR_CLAIM])
    assert (found.verdict, found.reason) == ("undecided", "one image has no interval")


def test_infinite_images_are_left_out_and_counted(make_score, psnr):
    rows = [make_score(m, f"{i}", 30.0 + 2 * (m == "a") + i) for m in "ab" for i in range(5)]
    rows += [make_score("a", "perfect", math.inf), make_score("b", "perfect", 30.0)]
    (found,) = judge(summarize(rows), [psnr], claims=[PSNR_CLAIM])
    assert (found.verdict, found.findings[0].n, found.findings[0].total) == ("supported", 5, 6)


def test_samples_of_a_stochastic_row_widen_the_interval(make_score, psnr):
    wide, flat = [], []
    for i in range(10):
        for s, shift in enumerate((-2.0, -1.0, 1.0, 2.0)):
            wide.append(make_score("a", f"{i}", 30 + shift, sample=s))
            flat.append(make_score("a", f"{i}", 30.0, sample=s))
    rival = [make_score("b", f"{i}", 28.8) for i in range(10)]
    halves = [
        judge(summarize(rows + rival), [psnr], claims=[PSNR_CLAIM])[0].findings[0].interval
        for rows in (wide, flat)
    ]
    assert halves[0].half_width > 0.2
    assert halves[1].half_width == 0


def test_the_eight_claims_name_rows_of_the_paper_only():
    rows = {row.label for row in paper_table().rows}
    assert [claim.id for claim in CLAIMS] == [f"C{n}" for n in range(1, 9)]
    for claim in CLAIMS:
        for check in claim.checks:
            assert {*check.better, *check.worse} <= rows


def test_every_claim_stands_beside_the_papers_lead_which_supports_it(make_score):
    metrics = {check.metric for claim in CLAIMS for check in claim.checks}
    facts = [
        MetricFacts(id=name, title=name, better=better, kind="perception")
        for name in metrics
        for better in [("lower", "higher")[name in ("psnr", "ma")]]
    ]
    found = judge(summarize([make_score()]), facts)
    leads = {
        (f.check.metric, f.check.better, f.check.worse): f.paper for j in found for f in j.findings
    }
    assert leads["psnr", ("average-25",), ("rrdb",)] == pytest.approx(29.269 - 29.102)
    assert leads["lpips-vgg", ("average-5",), ("average-25",)] == pytest.approx(0.0237)
    assert all(f.paper > f.check.margin for j in found for f in j.findings)


def test_size_of_an_effect_is_a_share_of_the_papers(judged):
    claim = Claim("X", "", (Check("psnr", ("average-5",), ("srflow-da[tau=0.9]",)),))
    found = judged(claim, {"average-5": 28.0, "srflow-da[tau=0.9]": 29.527}, noise=0)
    assert found.findings[0].share == pytest.approx(-1)
