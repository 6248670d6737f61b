import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load

from pdbench.metrics.dists import HEADS, METRIC, resize_short_side
from pdbench.weights import bundled_bytes


@pytest.fixture
def scorer(vgg_file):
    return METRIC.open({"resize_short_side": 256}, "cpu")


@pytest.fixture
def trained(torchvision_vgg):
    """Alpha and beta as the authors' package ships them."""
    pytest.importorskip("DISTS_pytorch")
    return torch.load(Path(sys.prefix) / "weights.pt", map_location="cpu", weights_only=True)


@pytest.fixture
def original(trained):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import DISTS_pytorch

        network = DISTS_pytorch.DISTS(load_weights=False)
    network.alpha.data, network.beta.data = trained["alpha"], trained["beta"]
    return network


def score(scorer, restored, reference):
    with torch.inference_mode():
        return scorer.score(restored, scorer.prepare(reference, None))


@pytest.mark.parametrize("size", [(64, 48), (65, 83), (16, 17)])
def test_dists_equals_the_authors_package(scorer, original, pair, size):
    reference, restored = pair(*size)
    with torch.inference_mode():
        expected = original(reference.expand_as(restored), restored)
    got = score(scorer, restored, reference)
    assert got.tolist() == pytest.approx(expected.tolist(), abs=2e-6)


def test_channel_weights_are_those_of_the_authors_package(trained):
    carried = load(bundled_bytes(HEADS))
    assert torch.equal(carried["alpha"], trained["alpha"].flatten())
    assert torch.equal(carried["beta"], trained["beta"].flatten())


def test_the_authors_pair_gets_its_published_score(scorer, golden):
    got = score(scorer, golden("dists_r1"), golden("dists_r0"))
    assert got.item() == pytest.approx(0.334674, abs=2e-6)


@pytest.mark.parametrize("size", [(300, 401), (512, 280), (257, 257)])
def test_resizing_is_the_authors_own(torchvision_vgg, pair, size):
    from torchvision.transforms import functional

    reference, _ = pair(*size)
    pixels = (reference[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    expected = functional.resize(Image.fromarray(pixels), 256)
    got = resize_short_side(reference[0], 256)
    assert np.array_equal((got * 255).round().permute(1, 2, 0).numpy(), np.array(expected))


def test_an_image_of_short_side_256_is_left_alone():
    image = torch.rand(3, 256, 300)
    assert resize_short_side(image, 256) is image


def test_equal_images_have_no_distance(scorer, pair):
    reference, _ = pair()
    assert score(scorer, reference, reference).item() == pytest.approx(0, abs=1e-7)


def test_dists_is_symmetric(scorer, pair):
    reference, restored = pair()
    there = score(scorer, restored[:1], reference).item()
    assert there == pytest.approx(score(scorer, reference, restored[:1]).item(), abs=1e-7)


def test_a_batch_gets_the_scores_of_its_images(scorer, pair):
    reference, restored = pair()
    single = [score(scorer, one[None], reference).item() for one in restored]
    assert score(scorer, restored, reference).tolist() == single
