"""Differences between two methods, where the truth is known."""

import itertools
import math

import numpy as np
import pytest

from pdbench.analysis import summarize
from pdbench.analysis.comparison import compare, holm, least_p, permutation_test


@pytest.fixture
def summary(make_score):
    """PSNR of `a` is 0.5 dB above `b` on 16 images; LPIPS differs by chance only."""
    rng = np.random.default_rng(4)
    scores = []
    for image in range(16):
        hard, loss = rng.normal(28, 4), rng.uniform(0.1, 0.5)
        for method, gain in (("a", 0.5), ("b", 0.0)):
            for metric, value in (("psnr", hard + gain), ("lpips-vgg", loss)):
                value += rng.normal(0, 0.1)
                scores.append(make_score(method, f"{image}", value, metric=metric))
    return summarize(scores, images=20)


def test_a_real_difference_is_found_and_chance_is_not(summary, psnr, lpips):
    by_psnr, by_lpips = compare(summary, "a", "b", [psnr, lpips])
    assert by_psnr.difference == pytest.approx(0.5, abs=0.1)
    assert by_psnr.interval.low > 0.3
    assert (by_psnr.better, by_lpips.better) == ("first", "")
    assert by_lpips.interval.low < 0 < by_lpips.interval.high


def test_direction_of_the_metric_decides_who_is_better(summary, psnr, lpips):
    swapped = compare(summary, "b", "a", [psnr])[0]
    assert swapped.better == "second"
    assert swapped.difference == pytest.approx(-compare(summary, "a", "b", [psnr])[0].difference)


def test_n_and_total_are_those_of_the_dataset(summary, psnr):
    assert [(c.n, c.total) for c in compare(summary, "a", "b", [psnr])] == [(16, 20)]


def test_p_values_are_corrected_over_the_metrics(summary, psnr, lpips):
    both = compare(summary, "a", "b", [psnr, lpips])
    assert [c.corrected for c in both] == holm([c.p for c in both])
    assert compare(summary, "a", "b", [psnr])[0].corrected == both[0].p


def test_metric_without_scores_says_why(make_score, psnr, lpips):
    scores = [make_score("a"), make_score("b")]
    scores.append(make_score("a", value=None, metric="lpips-vgg", reason="no weights"))
    found = compare(summarize(scores), "a", "b", [psnr, lpips])
    assert (found[1].n, found[1].difference, found[1].reason) == (0, None, "no weights")


def test_metric_neither_was_asked_for_is_left_out(make_score, psnr, lpips):
    assert (
        len(compare(summarize([make_score("a"), make_score("b")]), "a", "b", [psnr, lpips])) == 1
    )


def test_infinite_score_has_a_difference_but_no_test(make_score, psnr):
    scores = [make_score("a", "x", math.inf), make_score("b", "x", 30.0)]
    scores += [make_score(m, "y", 30.0) for m in "ab"]
    (found,) = compare(summarize(scores), "a", "b", [psnr])
    assert (found.difference, found.interval, found.p) == (math.inf, None, None)
    assert "infinite" in found.reason


def test_two_perfect_images_differ_by_nothing(make_score, psnr):
    scores = [make_score(m, "x", math.inf) for m in "ab"]
    scores += [make_score("a", f"{i}", 31.0) for i in range(4)]
    scores += [make_score("b", f"{i}", 30.0) for i in range(4)]
    (found,) = compare(summarize(scores), "a", "b", [psnr])
    assert found.difference == pytest.approx(0.8)
    assert found.interval.low < 0.8 < found.interval.high or found.interval.high == 1.0


def test_variance_of_images_and_of_samples_are_apart(make_score, psnr):
    rng = np.random.default_rng(1)
    scores = [make_score("b", f"{i}") for i in range(200)]
    for image in range(200):
        center = rng.normal(30, 2)
        scores += [
            make_score("a", f"{image}", center + rng.normal(0, 1), sample=s) for s in range(4)
        ]
    parts, single = compare(summarize(scores), "a", "b", [psnr])[0].parts
    assert parts.image == pytest.approx(2, rel=0.1)
    assert parts.sample == pytest.approx(1, rel=0.1)
    assert single.sample is None


def test_exact_p_value_by_hand():
    assert permutation_test([1.0, 1.0, 1.0]) == pytest.approx(2 / 8)
    assert permutation_test([1.0, 2.0, -1.0]) == pytest.approx(6 / 8)
    assert permutation_test([0.0, 0.0]) == 1.0


@pytest.mark.parametrize("count", [5, 14, 40])
def test_least_p_is_reached_by_gaps_of_one_sign(count):
    assert permutation_test([1.0 + i / 7 for i in range(count)]) == least_p(count)


def test_a_floor_of_random_patterns_is_told_from_an_exact_p(make_score, psnr):
    for count, bounded in ((14, False), (20, True)):
        scores = [make_score(m, f"{i}", 30.0 + (m == "a")) for m in "ab" for i in range(count)]
        assert compare(summarize(scores), "a", "b", [psnr])[0].bounded == bounded


def test_p_values_are_uniform_when_nothing_differs():
    rng = np.random.default_rng(0)
    p = [permutation_test(rng.normal(size=10)) for _ in range(300)]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09
    assert 0.42 <= np.mean(p) <= 0.58


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_keeps_the_error_of_a_family_below_its_level():
    """Exact over a grid: with all nulls true, any correction below 0.05 is an error."""
    grid = (np.arange(20) + 0.5) / 20
    wrong = [min(holm(list(p))) < 0.05 for p in itertools.product(grid, repeat=2)]
    assert np.mean(wrong) <= 0.05 + 1e-9
