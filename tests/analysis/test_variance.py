import numpy as np
import pytest
from scipy import stats

from pdbench.analysis import summarize
from pdbench.analysis.bootstrap import mean_interval
from pdbench.analysis.variance import (
    difference_interval,
    difference_region,
    region_radius,
    sample_covariance,
    variance_parts,
)


def test_covariance_equals_numpy_pooled_over_images(make_score):
    values = np.random.default_rng(0).normal(size=(2, 3, 6))
    values += np.array([0.0, 9.0, -4.0])[:, None]
    scores = [
        make_score(image=f"{i}", sample=s, metric=name, value=values[m, i, s])
        for m, name in enumerate(("psnr", "ssim"))
        for i in range(3)
        for s in range(6)
    ]
    summary = summarize(scores)
    found = sample_covariance(summary.mean("m", "psnr"), summary.mean("m", "ssim"))
    pooled = np.mean([np.cov(values[:, i]) for i in range(3)], axis=0)
    assert found == pytest.approx((pooled[0, 0], pooled[0, 1], pooled[1, 1]))


def test_one_output_per_image_has_no_covariance(make_score):
    mean = summarize([make_score(), make_score(image="b")]).mean("m", "psnr")
    assert sample_covariance(mean, mean) is None


def test_image_variance_is_freed_of_sample_variance(make_score):
    rng = np.random.default_rng(0)
    scores = [
        make_score(image=f"{image}", sample=sample, value=center + rng.normal(0, 2))
        for image, center in enumerate(rng.normal(30, 1, size=400))
        for sample in range(3)
    ]
    mean = summarize(scores).mean("m", "psnr")
    parts = variance_parts(mean)
    assert mean.image_std > 1.4
    assert parts.image == pytest.approx(1, abs=0.2)
    assert parts.sample == pytest.approx(2, rel=0.1)


def test_image_variance_is_never_negative(make_score):
    scores = [make_score(image=i, sample=s, value=float(s)) for i in "abc" for s in (0, 1)]
    assert variance_parts(summarize(scores).mean("m", "psnr")).image == 0


def means_of(make_score, **rows):
    """Score methods in two metrics: method -> [(psnr, ssim) by image]."""
    scores = [
        make_score(method=method, image=f"{i}", metric=metric, value=value)
        for method, points in rows.items()
        for i, point in enumerate(points)
        for metric, value in zip(("psnr", "ssim"), point, strict=True)
    ]
    summary = summarize(scores)
    return {m: (summary.mean(m, "psnr"), summary.mean(m, "ssim")) for m in rows}


def test_a_region_of_differences_is_free_of_image_difficulty(make_score):
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 5, size=(14, 1)) * (1, -1)
    own, other = rng.normal(0, 0.1, size=(2, 14, 2))
    means = means_of(make_score, a=hard + own, b=hard + other)
    paired = difference_region(means["a"], means["b"])
    expected = np.cov((own - other).T) / 14
    assert paired.covariance == pytest.approx((expected[0, 0], expected[0, 1], expected[1, 1]))
    assert paired.radius == region_radius(14)
    alone = difference_region(means["a"], None)
    expected = np.cov((hard + own).T) / 14
    assert alone.covariance == pytest.approx((expected[0, 0], expected[0, 1], expected[1, 1]))
    bar = difference_interval(means["a"][0], means["b"][0])
    assert bar.low < means["a"][0].value < bar.high < bar.low + 0.3
    assert difference_interval(means["a"][0], None) == mean_interval(
        list(means["a"][0].images.values())
    )


def test_the_reference_itself_and_few_images_have_no_region(make_score):
    means = means_of(make_score, a=np.random.default_rng(1).normal(size=(14, 2)))["a"]
    assert difference_region(means, means) is None
    assert difference_interval(means[0], means[0]) is None
    few = means_of(make_score, a=np.random.default_rng(1).normal(size=(4, 2)))["a"]
    assert difference_region(few, None) is None


@pytest.mark.parametrize("images", [5, 14, 100])
def test_region_radius_is_hotellings(images):
    quantile = stats.f.ppf(0.95, 2, images - 2)
    expected = (2 * (images - 1) / (images - 2) * quantile) ** 0.5
    assert region_radius(images) == pytest.approx(expected)


def test_region_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(300):
        values = rng.normal(size=(8, 2))
        mean, spread = values.mean(axis=0), np.cov(values.T) / 8
        hits += mean @ np.linalg.solve(spread, mean) <= region_radius(8) ** 2
    assert 274 <= hits <= 295


def test_region_needs_three_images():
    with pytest.raises(ValueError, match="at least 3 images, got 2"):
        region_radius(2)
