import math

import numpy as np
import pytest

from pdbench.analysis.intervals import mean_interval, within_image_intervals


def test_interval_of_normal_values_is_near_the_t_interval():
    values = np.random.default_rng(0).normal(30, 2, size=200)
    interval = mean_interval(values)
    half = 1.972 * values.std(ddof=1) / math.sqrt(200)
    assert interval.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_interval_leans_to_the_long_tail():
    values = np.random.default_rng(0).exponential(size=60)
    interval = mean_interval(values)
    assert interval.high - values.mean() > 1.1 * (values.mean() - interval.low)


def test_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    intervals = [mean_interval(rng.normal(size=40), confidence=0.8) for _ in range(80)]
    covered = sum(interval.low <= 0 <= interval.high for interval in intervals)
    assert 54 <= covered <= 74


def test_same_values_give_the_same_interval():
    values = [1.0, 4.0, 2.0, 8.0]
    assert mean_interval(values) == mean_interval(values)


def test_other_seed_gives_another_interval():
    values = [1.0, 4.0, 2.0, 8.0, 5.5]
    assert mean_interval(values, seed=1) != mean_interval(values, seed=2)


def test_equal_values_have_an_interval_without_width():
    assert mean_interval([0.3, 0.1 + 0.2, 0.3]).half_width == 0


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.inf], [1.0, math.nan]])
def test_no_interval_where_there_is_none(values):
    assert mean_interval(values) is None


def test_confidence_must_be_a_probability():
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), got 95"):
        mean_interval([1.0, 2.0], confidence=95)


def test_within_image_intervals_drop_what_methods_share():
    rng = np.random.default_rng(2)
    hard = rng.normal(0, 4, size=20)
    scores = {
        name: {f"{i}": base + hard[i] + rng.normal(0, 0.1) for i in range(20)}
        for name, base in (("a", 30.0), ("b", 27.0), ("c", 28.0))
    }
    paired = within_image_intervals(scores)
    for name, images in scores.items():
        mean = sum(images.values()) / 20
        assert paired[name].low < mean < paired[name].high
        assert paired[name].half_width < 0.1 < mean_interval(list(images.values())).half_width


def test_within_image_interval_of_two_methods_matches_their_difference():
    """For two methods the centered scores are half the difference, scaled by sqrt(2)."""
    rng = np.random.default_rng(3)
    first = {f"{i}": value for i, value in enumerate(rng.normal(size=50))}
    second = {f"{i}": value for i, value in enumerate(rng.normal(size=50))}
    paired = within_image_intervals({"a": first, "b": second})
    gaps = [first[name] - second[name] for name in sorted(first)]
    whole = mean_interval(gaps).half_width
    assert paired["a"].half_width == pytest.approx(whole / math.sqrt(2), rel=0.02)


def test_one_method_has_nothing_to_pair_with():
    assert within_image_intervals({"a": {"x": 1.0, "y": 2.0}}) == {"a": None}
