import pytest
import torch
from skimage.metrics import structural_similarity

from pdbench.errors import MetricUndefined
from pdbench.metrics.protocol import PAPER
from pdbench.metrics.ssim import METRIC

PAPER_CHOICES = PAPER.rule("ssim").choices


def score(restored, reference, **choices):
    scorer = METRIC.open({**PAPER_CHOICES, **choices}, "cpu")
    return scorer.score(restored, scorer.prepare(reference, None))


def levels(image):
    return (image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


@pytest.mark.parametrize("size", [(64, 48), (7, 7), (33, 90)])
@pytest.mark.parametrize(("window", "sample"), [(7, True), (7, False), (5, True)])
def test_ssim_equals_scikit_image(pair, size, window, sample):
    if min(size) < window:
        pytest.skip("smaller than the window")
    reference, restored = pair(*size)
    expected = [
        structural_similarity(
            levels(reference[0]),
            levels(one),
            channel_axis=2,
            win_size=window,
            use_sample_covariance=sample,
        )
        for one in restored
    ]
    got = score(restored, reference, window=window, sample_covariance=sample)
    assert got.tolist() == pytest.approx(expected, abs=1e-12)


def test_equal_images_score_one(pair):
    reference, _ = pair()
    assert score(reference, reference).item() == pytest.approx(1, abs=1e-15)


def test_ssim_is_symmetric(pair):
    reference, restored = pair()
    there, back = score(restored[:1], reference), score(reference, restored[:1])
    assert there.item() == pytest.approx(back.item(), abs=1e-14)


def test_flat_images_are_judged_by_their_luminance_alone():
    dark, bright = torch.full((1, 3, 16, 16), 0.2), torch.full((1, 3, 16, 16), 0.8)
    x, y, constant = 51, 204, (0.01 * 255) ** 2
    expected = (2 * x * y + constant) / (x**2 + y**2 + constant)
    assert score(dark, bright).item() == pytest.approx(expected)


def test_an_image_smaller_than_the_window_cannot_be_judged(pair):
    reference, restored = pair(6, 40)
    with pytest.raises(MetricUndefined, match="at least 7 pixels"):
        score(restored, reference)
