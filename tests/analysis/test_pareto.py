"""Pareto front and hypervolume, with what redrawn images say of them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdbench.analysis import pareto_front, summarize
from pdbench.analysis.pareto import hypervolume, measure_front
from pdbench.scores import MetricFacts

PSNR = MetricFacts(id="psnr", title="PSNR", better="higher", kind="distortion")
LPIPS = MetricFacts(id="lpips", title="LPIPS", better="lower", kind="perception")

points = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.tuples(*[st.integers(0, 5).map(float)] * 2),
    min_size=1,
    max_size=12,
)


def test_front_of_a_small_plane_by_hand():
    plane = {
        "bicubic": (26.0, 0.40),
        "rrdb": (29.0, 0.27),
        "sample": (27.0, 0.22),
        "average": (28.5, 0.23),
        "worse": (28.4, 0.24),
    }
    assert pareto_front(plane, x=PSNR, y=LPIPS) == ["rrdb", "average", "sample"]


def test_directions_come_from_the_metrics():
    plane = {"a": (1.0, 1.0), "b": (2.0, 2.0)}
    assert pareto_front(plane, x=PSNR, y=PSNR) == ["b"]
    assert pareto_front(plane, x=LPIPS, y=LPIPS) == ["a"]


def test_equal_points_share_the_front():
    assert pareto_front({"a": (1.0, 1.0), "b": (1.0, 1.0)}, x=PSNR, y=LPIPS) == ["a", "b"]


@settings(deadline=None, database=None)
@given(points)
def test_every_method_is_on_the_front_or_beaten_by_one_that_is(plane):
    front = pareto_front(plane, x=PSNR, y=LPIPS)
    for name, point in plane.items():
        beaten = any(
            plane[other][0] >= point[0] and plane[other][1] <= point[1] and plane[other] != point
            for other in front
        )
        assert beaten == (name not in front)


@pytest.fixture
def scored(make_score):
    """Score methods around given (psnr, lpips) points on some images."""

    def make(points, *, images=30, noise=0.0):
        rng = np.random.default_rng(0)
        hard = rng.normal(0, 3, size=images)
        rows = []
        for method, (psnr, lpips) in points.items():
            for index, shift in enumerate(hard):
                name = f"{index}"
                value = psnr + shift + rng.normal(0, noise)
                rows.append(make_score(method, name, value))
                rows.append(make_score(method, name, lpips - shift / 50, metric="lpips-vgg"))
        return summarize(rows)

    return make


CLEAR = {"net": (29.0, 0.30), "mean": (28.0, 0.25), "poor": (27.0, 0.40)}


def test_area_of_two_steps_by_hand(psnr, lpips):
    points = [(29.0, 0.30), (28.0, 0.25), (26.5, 0.5)]
    area = hypervolume(points, (27.0, 0.40), x=psnr, y=lpips)
    assert area == pytest.approx(2 * 0.10 + 1 * 0.05)


def test_points_behind_the_reference_enclose_nothing(psnr, lpips):
    assert hypervolume([(20.0, 0.9)], (27.0, 0.40), x=psnr, y=lpips) == 0
    assert hypervolume([], (27.0, 0.40), x=psnr, y=lpips) == 0


def test_sure_members_and_sure_losers(scored, psnr, lpips):
    front = measure_front(scored(CLEAR), CLEAR, psnr, lpips)
    assert {m.method: (m.member, m.probability) for m in front.members} == {
        "net": (True, 1.0),
        "mean": (True, 1.0),
        "poor": (False, 0.0),
    }
    assert [m.method for m in front.members] == ["net", "mean", "poor"]


def test_equal_methods_up_to_noise_are_members_about_half_the_time(scored, psnr, lpips):
    points = {"a": (28.0, 0.25), "b": (28.0, 0.25), "far": (30.0, 0.5)}
    summary = scored(points, noise=0.5)
    shares = {m.method: m.probability for m in measure_front(summary, points, psnr, lpips).members}
    assert shares["far"] == 1
    assert shares["a"] + shares["b"] == pytest.approx(1, abs=0.01)
    assert 0.02 < shares["a"] < 0.98


def test_moving_reference_keeps_difficulty_out_of_the_area(scored, psnr, lpips):
    front = measure_front(scored(CLEAR), CLEAR, psnr, lpips)
    assert front.volume == pytest.approx(2 * 0.10 + 1 * 0.05)
    assert front.interval.half_width < 1e-9
    fixed = measure_front(scored(CLEAR), CLEAR, psnr, lpips, reference=(20.0, 0.6))
    assert fixed.interval.half_width > 0.1
    assert fixed.interval.low < fixed.volume < fixed.interval.high


def test_area_of_few_images_is_not_negative(scored, psnr, lpips):
    points = {"a": (28.0, 0.30), "b": (27.8, 0.28), "c": (27.6, 0.29)}
    front = measure_front(scored(points, noise=0.5, images=5), points, psnr, lpips)
    assert 0 == front.interval.low < front.volume < front.interval.high


def test_a_method_without_a_metric_is_named_and_left_out(make_score, scored, psnr, lpips):
    rows = [make_score(m, metric=k) for m in "ab" for k in ("psnr", "lpips-vgg")]
    rows += [make_score("c"), make_score("c", value=None, metric="lpips-vgg", reason="no weights")]
    rows += [make_score("d", value=math.inf), make_score("d", metric="lpips-vgg")]
    front = measure_front(summarize(rows), "abcd", psnr, lpips)
    assert [m.method for m in front.members] == ["a", "b"]
    assert front.absent == {"c": "LPIPS-VGG: no weights", "d": "PSNR is infinite"}
    assert (front.n, front.interval, front.members[0].probability) == (1, None, None)


def test_no_method_with_both_metrics_has_no_front(make_score, psnr, lpips):
    assert measure_front(summarize([make_score()]), ["m"], psnr, lpips) is None
