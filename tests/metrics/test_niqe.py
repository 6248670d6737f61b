import numpy as np
import pytest
import torch

from pdbench.bicubic import bicubic_upsample
from pdbench.errors import MetricUndefined
from pdbench.images import load_image, luma_bt601, to_uint8
from pdbench.metrics.niqe import METRIC, _halve
from pdbench.metrics.protocol import BASICSR_RGB, BASICSR_Y, PAPER

SCORER = METRIC.open(PAPER.rule("niqe").choices, "cpu")
BASICSR = METRIC.open(BASICSR_Y.rule("niqe").choices, "cpu")


def score(image):
    return SCORER.score(image, None)


@pytest.fixture
def original(pyiqa_module):
    """Call pyiqa's NIQE with the border shaved and our prior."""
    module = pyiqa_module("niqe_arch")
    prior = {"mu_pris_param": SCORER._mean[None], "cov_pris_param": SCORER._covariance}

    def judge(image):
        return module.calculate_niqe(image, 4, color_space="ycbcr", **prior).item()

    return judge


def test_niqe_equals_pyiqa(original, pair):
    _, restored = pair(208, 300)
    expected = [original(one[None]) for one in restored]
    assert score(restored).tolist() == pytest.approx(expected, abs=1e-6)


def test_niqe_of_photographs_equals_pyiqa_given_the_same_luma(original, test_data):
    for name in ("img_003", "img_004"):
        image = load_image(test_data / "data" / "test" / "Set5" / "HR" / f"{name}.png")[None]
        # MATLAB's luma is exact; pyiqa's, in float32, rounds a few near ties the other way.
        expected = original(luma_bt601(image, rounded=True) / 255)
        assert score(image).item() == pytest.approx(expected, abs=1e-9)


def test_both_presets_of_basicsr_have_its_niqe():
    assert BASICSR_Y.rule("niqe").choices == BASICSR_RGB.rule("niqe").choices


def test_basicsr_niqe_gives_the_values_of_the_package(golden):
    """Made by `calculate_niqe(levels, crop_border=4)` of basicsr 1.4.2 (numpy 2.4, scipy 1.17)."""
    expected = {"dists_r0": 5.374189616255562, "dists_r1": 7.054942953793349}
    got = {name: BASICSR.score(golden(name), None).item() for name in expected}
    assert got == pytest.approx(expected, abs=1e-6)


def bicubic(path):
    return bicubic_upsample(load_image(path))


@pytest.mark.parametrize(
    ("name", "count"),
    [("Set5", 5), ("Set14", 14), pytest.param("BSD100", 100, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize(("folder", "read"), [("HR", load_image), ("LR_bicubic_x4", bicubic)])
def test_basicsr_niqe_equals_the_package(basicsr_module, test_data, name, count, folder, read):
    original = basicsr_module("metrics.niqe").calculate_niqe
    files = sorted((test_data / "data" / "test" / name / folder).glob("*.png"))
    assert len(files) == count
    for image in map(read, files):
        blue_first = np.ascontiguousarray(to_uint8(image).permute(1, 2, 0).numpy()[..., ::-1])
        expected = original(blue_first, crop_border=4)
        assert BASICSR.score(image[None], None).item() == pytest.approx(expected, abs=1e-6)


def test_halving_is_the_bicubic_of_the_original(pyiqa_module, pair):
    plane = luma_bt601(pair(96, 192)[0], rounded=True)
    resize = pyiqa_module("niqe_arch").imresize
    expected = resize(plane / 255.0, scale=0.5, antialiasing=True) * 255.0
    assert torch.allclose(_halve(plane[0, 0]), expected[0, 0], rtol=0, atol=5e-5)


def test_prior_is_the_published_one(basicsr_folder):
    stored = np.load(basicsr_folder / "metrics" / "niqe_pris_params.npz")
    assert np.array_equal(SCORER._mean, stored["mu_pris_param"][0])
    assert np.array_equal(SCORER._covariance, stored["cov_pris_param"])


def test_more_noise_scores_worse(pair):
    clean, _ = pair(208, 208)
    generator = torch.Generator().manual_seed(0)
    noisy = (clean + 0.2 * torch.randn(clean.shape, generator=generator)).clamp(0, 1)
    assert score(noisy).item() > score(clean).item()


def test_a_batch_gets_the_scores_of_its_images(pair):
    _, restored = pair(104, 200)
    assert score(restored).tolist() == [score(one[None]).item() for one in restored]


def test_what_lies_in_the_border_does_not_count(pair):
    clean, _ = pair(104, 200)
    spoilt = clean.clone()
    spoilt[..., :4, :] = 0
    assert score(spoilt).item() == score(clean).item()


def test_a_single_block_cannot_be_judged(pair):
    with pytest.raises(MetricUndefined, match="two blocks of 96x96"):
        score(pair(120, 150)[0])


def test_an_image_below_one_block_cannot_be_judged(pair):
    with pytest.raises(MetricUndefined, match="at least 104 pixels"):
        score(pair(103, 300)[0])


@pytest.mark.parametrize("scorer", [SCORER, BASICSR], ids=["paper", "basicsr"])
def test_a_flat_image_cannot_be_judged(scorer):
    with pytest.raises(MetricUndefined, match="texture"):
        scorer.score(torch.full((1, 3, 208, 208), 0.5), None)
