"""The error of averages, with samplers whose truth is known."""

import math

import numpy as np
import pytest

from pdbench.analysis import summarize
from pdbench.analysis.theory import SAMPLE, measured_counts, perfect_psnr, sampler_ratio

METHODS = (SAMPLE, "average-5", "average-25")


def psnr_of(error):
    return -10 * math.log10(error)


@pytest.fixture
def sampled(make_score):
    """Score averages of synthetic samples whose variance is `ratio - 1` times the least error."""

    def make(ratio, *, pixels=4000, images=6):
        rng = np.random.default_rng(0)
        rows = []
        for image in range(images):
            least = rng.uniform(0.001, 0.01)
            truth = rng.normal(0, math.sqrt(least), size=pixels)
            noise = rng.normal(0, math.sqrt((ratio - 1) * least), size=(25, pixels))
            for sample in range(5):
                error = np.mean((noise[sample] - truth) ** 2)
                rows.append(make_score(SAMPLE, f"{image}", psnr_of(error), sample=sample))
            for k in (5, 25):
                error = np.mean((noise[:k].mean(axis=0) - truth) ** 2)
                rows.append(make_score(f"average-{k}", f"{image}", psnr_of(error)))
        return summarize(rows, images=8)

    return make


@pytest.mark.parametrize("truth", [1.1, 2.0, 3.5])
def test_ratio_of_a_known_sampler_is_measured(sampled, truth):
    found = sampler_ratio(sampled(truth), METHODS)
    assert found.ratio == pytest.approx(truth, rel=0.03)
    assert found.interval.low <= found.ratio <= found.interval.high
    assert (found.counts, found.n, found.total) == ((1, 5, 25), 6, 8)


def test_perfect_sampler_lies_on_its_own_theory_curve(sampled):
    summary = sampled(2.0)
    curve = perfect_psnr(summary, METHODS, (1, 5, 25))
    for k, method in measured_counts(METHODS).items():
        assert summary.mean(method, "psnr").value == pytest.approx(curve[k], abs=0.1)
    assert curve[25] - curve[1] == pytest.approx(10 * math.log10(2 / 1.04))


def test_timid_sampler_is_better_than_its_theory_curve(sampled):
    summary = sampled(1.1)
    curve = perfect_psnr(summary, METHODS, (1,))
    assert summary.mean(SAMPLE, "psnr").value > curve[1] + 2


def test_counts_come_from_ids():
    names = ["average-25", SAMPLE, "median-5", "average-5", "rrdb"]
    assert measured_counts(names) == {1: SAMPLE, 5: "average-5", 25: "average-25"}
    assert measured_counts(["average-1", SAMPLE]) == {1: SAMPLE}


@pytest.mark.parametrize(
    ("methods", "why"),
    [(["average-5"], "PSNR of srflow-da"), ([SAMPLE], "average-k with k > 1"), ([], "missing")],
)
def test_what_is_missing_is_said(sampled, methods, why):
    assert why in sampler_ratio(sampled(2.0), methods)
    assert why in perfect_psnr(sampled(2.0), methods, (1,))


def test_error_that_grows_has_no_limit(make_score):
    rows = [make_score(SAMPLE, "x", 30.0), make_score("average-5", "x", 60.0)]
    rows += [make_score(SAMPLE, "y", 20.0), make_score("average-5", "y", 60.0)]
    assert "limit" in sampler_ratio(summarize(rows), METHODS)
    assert "limit" in perfect_psnr(summarize(rows), METHODS, (1,))
