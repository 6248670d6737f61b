import numpy as np
import pytest

from pdbench.analysis import summarise
from pdbench.analysis.spread import sample_covariance


def test_covariance_equals_numpy_pooled_over_images(make_score):
    values = np.random.default_rng(0).normal(size=(2, 3, 6))
    values += np.array([0.0, 9.0, -4.0])[:, None]
    scores = [
        make_score(image=f"{i}", sample=s, metric=name, value=values[m, i, s])
        for m, name in enumerate(("psnr", "ssim"))
        for i in range(3)
        for s in range(6)
    ]
    summary = summarise(scores)
    found = sample_covariance(summary.mean("m", "psnr"), summary.mean("m", "ssim"))
    pooled = np.mean([np.cov(values[:, i]) for i in range(3)], axis=0)
    assert found == pytest.approx((pooled[0, 0], pooled[0, 1], pooled[1, 1]))


def test_one_output_per_image_has_no_covariance(make_score):
    mean = summarise([make_score(), make_score(image="b")]).mean("m", "psnr")
    assert sample_covariance(mean, mean) is None
