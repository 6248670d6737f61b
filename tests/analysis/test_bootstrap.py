"""Bootstrap over images and samples: truth known, so coverage can be counted."""

import numpy as np
import pytest

from pdbench.analysis.bootstrap import bca_interval, resample, shared_images


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


def test_interval_leans_with_the_skew_of_the_data():
    values = np.random.default_rng(0).exponential(size=60)
    found = resample({"a": singles(values)})
    interval = found.interval(lambda means: means["a"])
    assert interval.high - values.mean() > 1.1 * (values.mean() - interval.low)
