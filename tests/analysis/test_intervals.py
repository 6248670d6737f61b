import math

import numpy as np
import pytest

from pdbench.analysis.intervals import mean_interval, paired_difference, within_image_intervals


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


def test_paired_difference_ignores_how_hard_an_image_is():
    hardness = np.random.default_rng(0).normal(0, 5, size=30)
    noise = np.random.default_rng(1).normal(0, 0.05, size=30)
    first = {f"{i}": 28 + value for i, value in enumerate(hardness + noise)}
    second = {f"{i}": 27.9 + hard for i, hard in enumerate(hardness)}
    difference = paired_difference(first, second)
    assert difference.mean == pytest.approx(0.1, abs=0.03)
    assert difference.interval.low > 0
    assert difference.n == 30


def test_paired_difference_uses_shared_images_only():
    difference = paired_difference({"a": 1.0, "b": 2.0}, {"b": 0.5, "c": 9.0})
    assert (difference.mean, difference.n, difference.interval) == (1.5, 1, None)


def test_paired_difference_of_nothing_shared_is_refused():
    with pytest.raises(ValueError, match="share no image"):
        paired_difference({"a": 1.0}, {"b": 1.0})


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
    """For two methods the centred scores are half the difference, scaled by sqrt(2)."""
    rng = np.random.default_rng(3)
    first = {f"{i}": value for i, value in enumerate(rng.normal(size=50))}
    second = {f"{i}": value for i, value in enumerate(rng.normal(size=50))}
    paired = within_image_intervals({"a": first, "b": second})
    whole = paired_difference(first, second).interval.half_width
    assert paired["a"].half_width == pytest.approx(whole / math.sqrt(2), rel=0.02)


def test_one_method_has_nothing_to_pair_with():
    assert within_image_intervals({"a": {"x": 1.0, "y": 2.0}}) == {"a": None}
