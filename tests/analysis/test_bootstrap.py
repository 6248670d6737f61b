"""Bootstrap over images and samples: truth known, so coverage can be counted."""

import math

import numpy as np
import pytest
from scipy import stats

from pdbench.analysis.bootstrap import bca_interval, mean_interval, resample, shared_images


def difference(means):
    return means["a"] - means["b"]


def singles(values):
    return {f"{index}": (value,) for index, value in enumerate(values)}


def test_only_images_that_all_lists_share_are_used():
    found = resample({"a": {"x": (1.0,), "y": (3.0,)}, "b": {"y": (5.0,), "z": (9.0,)}})
    assert found.images == ("y",)
    assert found.means == {"a": 3.0, "b": 5.0}


def test_hardness_of_images_cancels_in_a_difference():
    hard = np.random.default_rng(0).normal(0, 5, size=30)
    lists = {"a": singles(28.1 + hard), "b": singles(28.0 + hard)}
    interval = resample(lists).interval(difference)
    assert (interval.low, interval.high) == pytest.approx((0.1, 0.1))


def test_interval_covers_the_truth_at_least_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(60):
        hard = rng.normal(0, 5, size=25)
        noisy = {f"{i}": tuple(value + rng.normal(0, 0.5, size=4)) for i, value in enumerate(hard)}
        lists = {"a": noisy, "b": singles(hard + rng.normal(0, 0.3, size=25))}
        interval = resample(lists, resamples=399, seed=trial).interval(difference, confidence=0.8)
        hits += interval.low <= 0 <= interval.high
    assert 46 <= hits < 60


def test_noise_of_samples_widens_the_interval():
    rng = np.random.default_rng(2)
    spread = {f"{i}": tuple(rng.permutation([-3.0, -1.0, 1.0, 3.0])) for i in range(20)}
    flat = dict.fromkeys(spread, (0.0,) * 4)
    interval = resample({"a": spread, "b": flat}).interval(difference)
    assert interval.high > 0.4  # every image's mean is 0: images alone would give no width


def test_equally_many_samples_are_redrawn_together():
    rng = np.random.default_rng(3)
    first = {f"{i}": tuple(rng.normal(size=5)) for i in range(10)}
    second = {name: tuple(value + 1 for value in values) for name, values in first.items()}
    interval = resample({"a": second, "b": first}).interval(difference)
    assert (interval.low, interval.high) == pytest.approx((1.0, 1.0))


def test_images_may_have_different_numbers_of_outputs():
    lists = {"a": {"x": (1.0,), "y": (2.0, 4.0), "z": (0.0, 3.0, 6.0)}}
    found = resample(lists, resamples=200)
    assert found.means["a"] == pytest.approx(7 / 3)
    assert found.draws["a"].std() > 0


def test_same_seed_same_interval_and_other_seed_another():
    lists = {"a": singles([1.0, 4.0, 2.0, 8.0]), "b": singles([0.0, 1.0, 5.0, 2.0])}
    first, again, other = (resample(lists, seed=s).interval(difference) for s in (0, 0, 1))
    assert first == again
    assert first != other


def test_one_image_has_no_interval():
    assert resample({"a": singles([1.0]), "b": singles([2.0])}).interval(difference) is None


def test_nothing_shared_and_nothing_finite_are_refused():
    with pytest.raises(ValueError, match="share an image"):
        resample({"a": singles([1.0]), "b": {}})
    with pytest.raises(ValueError, match="finite"):
        resample({"a": singles([float("inf")])})
    assert shared_images([]) == ()


def test_interval_of_what_never_varies_has_no_width():
    flat = np.full(50, 2.0)
    assert bca_interval(2.0, flat, flat[:4]).half_width == 0


def test_interval_of_a_difference_over_few_images_does_not_jump():
    values = np.array([1.0, 1.0, 2.0, 2.0, 2.0])
    rng = np.random.default_rng(0)

    def width(first):
        lists = {"a": singles(first), "b": singles([0.0, 1.0, 0.0, 1.0, 0.0])}
        return resample(lists).interval(difference).half_width

    expected = width(values)
    for _ in range(20):
        assert width(values + rng.uniform(-1e-5, 1e-5, size=5)) == pytest.approx(
            expected, abs=1e-4
        )


def test_interval_leans_with_the_skew_of_the_data():
    values = np.random.default_rng(0).exponential(size=60)
    found = resample({"a": singles(values)})
    interval = found.interval(lambda means: means["a"])
    assert interval.high - values.mean() > 1.1 * (values.mean() - interval.low)


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
    values = np.random.default_rng(0).normal(size=12)
    assert mean_interval(values, seed=1) != mean_interval(values, seed=2)


def test_equal_values_have_an_interval_without_width():
    assert mean_interval([0.3, 0.1 + 0.2, 0.3]).half_width == 0


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.inf], [1.0, math.nan]])
def test_no_interval_where_there_is_none(values):
    assert mean_interval(values) is None


def test_confidence_must_be_a_probability():
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), got 95"):
        mean_interval([1.0, 2.0], confidence=95)


def test_interval_of_ten_images_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [mean_interval(rng.normal(size=10)) for _ in range(1000)]
    covered = sum(interval.low <= 0 <= interval.high for interval in intervals)
    assert 930 <= covered <= 970


def test_interval_of_ten_and_more_images_is_scipys_bootstrap_with_students_tails():
    values = np.random.default_rng(4).gamma(2, size=14)
    reach = math.sqrt(14 / 13) * stats.t.ppf(0.975, 13)
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=4999,
        confidence_level=1 - 2 * stats.norm.sf(reach),
        method="BCa",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    interval = mean_interval(values)
    assert (interval.low, interval.high) == pytest.approx((found.low, found.high))


def test_interval_of_few_images_is_students_and_does_not_jump():
    values = np.array([28.1, 30.4, 26.2, 29.0, 33.5])
    interval = mean_interval(values)
    expected = stats.t.interval(0.95, 4, values.mean(), stats.sem(values))
    assert (interval.low, interval.high) == pytest.approx(expected)
    rng = np.random.default_rng(0)
    for base in (values, np.array([28.0, 28.0, 30.0, 30.0, 30.0])):
        half = mean_interval(base).half_width
        for _ in range(20):
            moved = mean_interval(base + rng.uniform(-1e-5, 1e-5, size=5))
            assert moved.half_width == pytest.approx(half, abs=1e-4)
