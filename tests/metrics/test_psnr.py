import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from pdbench.errors import MetricUndefined
from pdbench.images import quantize
from pdbench.metrics.psnr import METRIC, psnr


def score(restored, reference, *, colour="rgb", border=0):
    scorer = METRIC.open({"colour": colour, "border": border}, "cpu")
    return scorer.score(restored, scorer.prepare(reference, None))


def levels(image):
    return (image[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


def test_psnr_equals_scikit_image(pair):
    reference, restored = pair()
    expected = [peak_signal_noise_ratio(levels(reference), levels(one[None])) for one in restored]
    assert score(restored, reference).tolist() == pytest.approx(expected, abs=1e-12)


def test_one_level_off_everywhere_is_48_db():
    assert psnr(torch.ones(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)).item() == pytest.approx(
        20 * math.log10(255)
    )


def test_equal_images_have_infinite_psnr(pair):
    reference, _ = pair()
    assert score(reference, reference).item() == math.inf


def test_psnr_is_symmetric(pair):
    reference, restored = pair()
    assert score(restored[:1], reference).item() == score(reference, restored[:1]).item()


def test_what_lies_in_the_border_does_not_count(pair):
    reference, restored = pair()
    spoilt = restored.clone()
    spoilt[:, :, :4] = 0
    kept, changed = (score(image, reference, border=4) for image in (restored, spoilt))
    assert kept.tolist() == changed.tolist()
    assert not torch.equal(score(restored, reference), score(spoilt, reference))


def test_full_range_luma_gives_1_32_db_less_than_studio_range(pair):
    reference, restored = pair()
    gap = score(restored, reference, colour="bt601") - score(restored, reference, colour="yiq")
    assert gap.tolist() == pytest.approx([20 * math.log10(255 / 219)] * 2, abs=2e-4)


def test_float_noise_below_the_8_bit_grid_does_not_count(pair):
    reference, restored = pair()
    assert torch.equal(score(restored + 1e-6, reference), score(restored, reference))


def test_another_size_raises(pair):
    reference, restored = pair()
    with pytest.raises(ValueError, match="expected restored of the reference's size"):
        score(restored[..., :-1], reference)


def test_an_image_inside_its_border_cannot_be_judged():
    tiny = quantize(torch.rand(1, 3, 8, 8))
    with pytest.raises(MetricUndefined):
        score(tiny, tiny, border=4)


def test_without_a_reference_it_declines():
    with pytest.raises(MetricUndefined, match="no reference"):
        METRIC.open({"colour": "rgb", "border": 0}, "cpu").prepare(None, None)


def test_an_unknown_colour_raises(pair):
    with pytest.raises(ValueError, match="expected a colour"):
        score(pair()[1], pair()[0], colour="lab")


def test_an_unknown_option_raises():
    with pytest.raises(TypeError, match="gamma"):
        METRIC.open({"colour": "rgb", "border": 0, "gamma": 2}, "cpu")
