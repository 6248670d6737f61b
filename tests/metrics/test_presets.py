"""Each preset gives the numbers of the code it names.

What can be installed is called: pyiqa, scikit-image, and BasicSR out of its sdist. BasicSR's,
PIRM's and SRFlow's lines are also written again here, from their published arithmetic. Metrics
that two presets open alike are compared once: their hashes say so below. Ma, NIQE, LPIPS, PieAPP
and DISTS are compared with pyiqa, BasicSR and the authors' packages beside each metric.
"""

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import load
from scipy.ndimage import correlate
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pdbench.bicubic import bicubic_downsample
from pdbench.images import load_image, luma_bt601, luma_yiq, quantize
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.dists import HEADS
from pdbench.metrics.niqe import PRIOR
from pdbench.metrics.protocol import (
    BASICSR_RGB,
    BASICSR_Y,
    PAPER,
    PIRM,
    PYIQA,
    SRFLOW,
    Protocol,
    Rule,
    protocol_hashes,
)
from pdbench.weights import bundled_bytes


@pytest.fixture
def images(make_pair):
    """A reference and a float result between the levels, in places outside [0, 1]."""
    reference, restored = make_pair(60, 77)
    noise = torch.rand(restored[:1].shape, generator=torch.Generator().manual_seed(7))
    return reference, 1.4 * (restored[:1] - 0.5) + 0.5 + (noise - 0.5) / 128


def score(protocol, metrics, images, lr=None):
    reference, result = images
    panel = MetricCollection(protocol, metrics)
    panel.prepare(reference, lr)
    return {
        name: values[0]
        for name, values in panel.score(quantize(result, protocol.quantization)).items()
    }


def pixels(image):
    """(H, W, 3) float32 in [0, 1]."""
    return image[0].permute(1, 2, 0).numpy()


def rounded(image):
    """As BasicSR's tensor2img."""
    return (np.clip(pixels(image), 0, 1) * 255.0).round().astype(np.uint8)


def crop(planes):
    return planes[4:-4, 4:-4]


def psnr(one, other):
    mse = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return 10 * np.log10(255**2 / mse)


def basicsr_planes(levels, variant):
    if variant == "rgb":
        return crop(levels).astype(np.float64)
    # Its Y is float32 and not rounded.
    scaled = crop(levels).astype(np.float32) / 255
    luma = (scaled @ np.array([65.481, 128.553, 24.966]) + 16).astype(np.float32) / 255
    return (luma * np.float32(255))[..., None].astype(np.float64)


def basicsr_ssim(one, other):
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2

    def mean(plane):
        return correlate(plane, window)[5:-5, 5:-5]

    maps = []
    for x, y in zip(np.moveaxis(one, 2, 0), np.moveaxis(other, 2, 0), strict=True):
        mu_x, mu_y = mean(x), mean(y)
        var_x, var_y = mean(x**2) - mu_x**2, mean(y**2) - mu_y**2
        covariance = mean(x * y) - mu_x * mu_y
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        maps.append(
            (2 * mu_x * mu_y + c1)
            * (2 * covariance + c2)
            / ((mu_x**2 + mu_y**2 + c1) * (var_x + var_y + c2))
        )
    return np.mean([one.mean() for one in maps])


@pytest.mark.parametrize("protocol", [BASICSR_Y, BASICSR_RGB], ids=lambda one: one.id)
def test_basicsr_is_its_own_arithmetic(protocol, images):
    variant = protocol.id.removeprefix("basicsr-")
    one, other = (basicsr_planes(rounded(image), variant) for image in reversed(images))
    got = score(protocol, ["psnr", "ssim"], images)
    assert got["psnr"] == pytest.approx(psnr(one, other), abs=2e-5)
    assert got["ssim"] == pytest.approx(basicsr_ssim(one, other), abs=1e-6)


@pytest.mark.parametrize("protocol", [BASICSR_Y, BASICSR_RGB], ids=lambda one: one.id)
def test_basicsr_equals_the_package(protocol, images, basicsr_module):
    module = basicsr_module("metrics.psnr_ssim")
    one, other = (rounded(image)[..., ::-1] for image in reversed(images))
    options = {"crop_border": 4, "test_y_channel": protocol is BASICSR_Y}
    got = score(protocol, ["psnr", "ssim"], images)
    assert got["psnr"] == pytest.approx(module.calculate_psnr(one, other, **options), abs=2e-5)
    assert got["ssim"] == pytest.approx(module.calculate_ssim(one, other, **options), abs=1e-6)


def test_pirm_is_its_own_arithmetic(images):
    def luma(levels):
        exact = levels.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 16
        return np.floor(exact + 0.5)

    one, other = (luma(crop(rounded(image))) for image in reversed(images))
    got = score(PIRM, ["psnr", "mse"], images)
    assert got["mse"] == pytest.approx(np.mean((one - other) ** 2), rel=1e-4)
    assert got["psnr"] == pytest.approx(10 * np.log10(255**2 / got["mse"]), abs=1e-9)


def test_pirm_niqe_and_ma_are_those_of_paper():
    pirm, paper = protocol_hashes(PIRM), protocol_hashes(PAPER)
    assert {name: pirm[name] for name in ("niqe", "ma", "pi")} == {
        name: paper[name] for name in ("niqe", "ma", "pi")
    }


def imresize(levels):
    """Shrink uint8 (H, W, C) by four: mirrored border, halves to even, vertical pass first."""
    for axis in (0, 1):
        size = levels.shape[axis]
        centers = 4 * np.arange(size // 4) + 1.5
        taps = np.arange(-8, size + 8)
        distance = np.abs(taps[None] - centers[:, None]) / 4
        near = 1.5 * distance**3 - 2.5 * distance**2 + 1
        far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        weights = np.where(distance <= 1, near, np.where(distance <= 2, far, 0)) / 4
        padding = [(8, 8) if other == axis else (0, 0) for other in range(3)]
        padded = np.pad(levels, padding, mode="symmetric").astype(np.float64)
        summed = np.moveaxis(np.tensordot(weights, padded, (1, axis)), 0, axis)
        levels = np.around(np.clip(summed, 0, 255)).astype(np.uint8)
    return levels


def test_srflow_is_its_own_arithmetic(images):
    reference, result = (image[..., :76] for image in images)
    lr = bicubic_downsample(reference)
    sr = (np.clip(pixels(result), 0, 1) * 255).astype(np.uint8)
    hr = rounded(reference)
    got = score(SRFLOW, ["psnr", "ssim", "lr-psnr"], (reference, result), lr)
    assert got["psnr"] == pytest.approx(peak_signal_noise_ratio(sr, hr), abs=1e-9)
    expected = structural_similarity(sr, hr, channel_axis=2)
    assert got["ssim"] == pytest.approx(expected, abs=1e-9)
    assert got["lr-psnr"] == pytest.approx(psnr(imresize(sr), rounded(lr)), abs=1e-9)


def test_the_port_srflow_shrinks_with_is_not_matlabs(images):
    reference, _ = images
    lr = bicubic_downsample(reference[..., :76], mirrored=True)
    assert np.array_equal(rounded(lr), imresize(rounded(reference[..., :76])))
    assert not torch.equal(lr, bicubic_downsample(reference[..., :76]))


@pytest.fixture
def clipped(images):
    return images[0], images[1].clamp(0, 1)


def test_pyiqa_psnr_is_pyiqas(pyiqa_module, images, clipped):
    expected = pyiqa_module("psnr_arch").psnr(clipped[1], clipped[0]).item()
    got = score(PYIQA, ["psnr"], images)["psnr"]
    assert got == pytest.approx(expected, abs=1e-4)
    assert got != pytest.approx(score(PAPER, ["psnr"], images)["psnr"], abs=1e-4)


def test_pyiqa_ssim_is_pyiqas(pyiqa_module, images, clipped):
    expected = pyiqa_module("ssim_arch").SSIM()(clipped[1], clipped[0]).item()
    assert score(PYIQA, ["ssim"], images)["ssim"] == pytest.approx(expected, abs=2e-6)


def test_pyiqa_ssim_counts_no_negative_contrast(pyiqa_module, images):
    reference = images[0]
    opposite = (reference, 1 - reference)
    expected = pyiqa_module("ssim_arch").SSIM()(1 - reference, reference).item()
    assert score(PYIQA, ["ssim"], opposite)["ssim"] == pytest.approx(expected, abs=2e-6)
    assert score(BASICSR_Y, ["ssim"], opposite)["ssim"] < 0


def test_pyiqa_dists_does_not_resize(pyiqa_module, torchvision_vgg, make_pair):
    original = pyiqa_module("dists_arch").DISTS(pretrained=False)
    trained = load(bundled_bytes(HEADS))
    for name in ("alpha", "beta"):
        getattr(original, name).data = trained[name].view(1, -1, 1, 1)
    reference, restored = make_pair(257, 257)
    with torch.inference_mode():
        expected = original(restored[:1], reference).item()
    got, resized = (
        score(one, ["dists"], (reference, restored[:1]))["dists"] for one in (PYIQA, PAPER)
    )
    assert got == pytest.approx(expected, abs=2e-6)
    assert resized != pytest.approx(expected, abs=1e-3)


@pytest.fixture
def pyiqas_niqe(pyiqa_module):
    """Call pyiqa's NIQE on a Y plane in 0..255, with our prior, which is the published one."""
    module = pyiqa_module("niqe_arch")
    prior = load(bundled_bytes(PRIOR))
    given = {"mu_pris_param": prior["mean"][None], "cov_pris_param": prior["covariance"]}
    return lambda plane, border: module.calculate_niqe(plane / 255, border, **given).item()


def test_pyiqa_niqe_is_pyiqas(pyiqas_niqe, make_pair):
    reference, restored = make_pair(104, 200)
    got = score(PYIQA, ["niqe"], (reference, restored[:1]))["niqe"]
    # Its own float32 luma rounds a few near ties the other way, so it gets the exact one.
    plane = luma_yiq(restored[:1], rounded=True)
    assert got == pytest.approx(pyiqas_niqe(plane, 0), abs=1e-6)


def test_pyiqa_niqe_is_pyiqas_on_photographs_but_for_near_ties_of_its_luma(
    pyiqa_module, test_data
):
    prior = load(bundled_bytes(PRIOR))
    given = {"mu_pris_param": prior["mean"][None], "cov_pris_param": prior["covariance"]}
    original = pyiqa_module("niqe_arch").calculate_niqe
    for path in sorted((test_data / "data" / "test" / "Set5" / "HR").glob("*.png")):
        image = load_image(path)[None]
        expected = original(image, 0, color_space="yiq", **given).item()
        got = score(PYIQA, ["niqe"], (image, image))["niqe"]
        assert got == pytest.approx(expected, abs=5e-3)


def test_pyiqa_pi_is_pyiqas_and_not_made_of_the_metrics_beside_it(
    every_metric, pyiqa_module, pyiqas_niqe, ma_model_file, make_pair
):
    reference, restored = make_pair(108, 200)
    network = pyiqa_module("nrqm_arch").NRQM
    nrqm = network(crop_border=4, pretrained_model_path=str(ma_model_file))
    plane = luma_bt601(restored[:1], rounded=True)
    expected = (10 - nrqm(plane).item() + pyiqas_niqe(plane, 4)) / 2
    got = score(PYIQA, ["pi", "niqe", "ma"], (reference, restored[:1]))
    assert got["pi"] == pytest.approx(expected, abs=1e-5)
    assert got["pi"] != pytest.approx((10 - got["ma"] + got["niqe"]) / 2, abs=2e-3)


@pytest.mark.parametrize("protocol", [PAPER, PIRM, PYIQA], ids=lambda one: one.id)
def test_pi_is_made_of_its_own_parts_on_every_image(every_metric, make_pair, protocol):
    reference, restored = make_pair(104, 204)
    parts = Protocol(
        id="parts",
        title="what PI is made of",
        rules={
            name: Rule(choices=protocol.part_choices("pi", name), source="a test")
            for name in ("ma", "niqe")
        },
        quantization=protocol.quantization,
    )
    for image in (reference, restored[:1], restored[1:]):
        whole, part = (score(one, None, (reference, image)) for one in (only_pi(protocol), parts))
        assert whole["pi"] == pytest.approx((10 - part["ma"] + part["niqe"]) / 2, abs=1e-12)


def only_pi(protocol):
    return dataclasses.replace(
        protocol, rules={name: protocol.rule(name) for name in ("niqe", "ma", "pi")}
    )
