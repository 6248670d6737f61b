import pytest
import torch

from pdbench.errors import MetricUndefined
from pdbench.images import load_image, luma_bt601
from pdbench.metrics.niqe import METRIC, _halve
from pdbench.metrics.protocol import PAPER

SCORER = METRIC.open(PAPER.rule("niqe").choices, "cpu")


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


def test_halving_is_the_bicubic_of_the_original(pyiqa_module, pair):
    plane = luma_bt601(pair(96, 192)[0], rounded=True)
    resize = pyiqa_module("niqe_arch").imresize
    expected = resize(plane / 255.0, scale=0.5, antialiasing=True) * 255.0
    assert torch.allclose(_halve(plane[0, 0]), expected[0, 0], rtol=0, atol=5e-5)


def test_prior_is_the_published_one(test_prior):
    mean, covariance = test_prior
    assert torch.equal(SCORER._mean, mean)
    assert torch.equal(SCORER._covariance, covariance)


@pytest.fixture
def test_prior(request):
    """The prior inside basicsr 1.4.2, where its sdist is at hand (it is not installed)."""
    numpy = pytest.importorskip("numpy")
    folder = request.config.cache.mkdir("basicsr")
    path = next(folder.glob("**/niqe_pris_params.npz"), None) or _unpack(folder)
    stored = numpy.load(path)
    mean = torch.from_numpy(stored["mu_pris_param"]).flatten().double()
    return mean, torch.from_numpy(stored["cov_pris_param"]).double()


def _unpack(folder):
    import subprocess
    import sys
    import tarfile

    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    command += ["--no-build-isolation", "--retries", "0", "--timeout", "5", "-d", str(folder)]
    done = subprocess.run([*command, "basicsr==1.4.2"], capture_output=True, check=False)
    archive = next(folder.glob("basicsr-*.tar.gz"), None)
    if done.returncode or archive is None:
        pytest.skip("basicsr 1.4.2 cannot be fetched")
    with tarfile.open(archive) as tar:
        member = "basicsr-1.4.2/basicsr/metrics/niqe_pris_params.npz"
        tar.extract(member, folder, filter="data")
    return folder / member


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


def test_a_flat_image_cannot_be_judged():
    with pytest.raises(MetricUndefined, match="texture"):
        score(torch.full((1, 3, 208, 208), 0.5))
