import warnings

import pytest
import torch
from safetensors.torch import load

from pdbench.errors import MetricUndefined
from pdbench.metrics.lpips_alex import HEADS, METRIC
from pdbench.weights import bundled_bytes


@pytest.fixture
def scorer(alex_file):
    return METRIC.open({"version": "0.1"}, "cpu")


def score(scorer, restored, reference):
    with torch.inference_mode():
        return scorer.score(restored, scorer.prepare(reference, None))


@pytest.fixture
def original(torchvision_alex):
    def build(*, spatial=False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lpips = pytest.importorskip("lpips")
            return lpips.LPIPS(net="alex", spatial=spatial, verbose=False)

    return build


@pytest.mark.parametrize("size", [(64, 48), (65, 83), (31, 36)])
def test_lpips_equals_the_authors_package(scorer, original, pair, size):
    reference, restored = pair(*size)
    with torch.inference_mode():
        expected = original()(restored, reference.expand_as(restored), normalize=True).flatten()
    got = score(scorer, restored, reference)
    assert got.tolist() == pytest.approx(expected.tolist(), abs=2e-6)


@pytest.mark.parametrize("size", [(64, 48), (65, 83), (31, 36)])
def test_the_map_is_the_authors_spatial_one(scorer, original, pair, size):
    reference, restored = pair(*size)
    with torch.inference_mode():
        expected = original(spatial=True)(restored[:1], reference, normalize=True)[0, 0]
        got = scorer.distance_map(restored[:1], scorer.prepare(reference, None))
    assert torch.allclose(got, expected, rtol=0, atol=2e-6)


def test_the_authors_examples_get_their_published_scores(scorer, golden):
    restored = torch.cat([golden("lpips_ex_p0"), golden("lpips_ex_p1")])
    got = score(scorer, restored, golden("lpips_ex_ref"))
    # Printed in the README of the authors' repository.
    assert got.tolist() == pytest.approx([0.722, 0.138], abs=5e-4)


def test_linear_layers_are_those_of_the_authors_package(original):
    carried = load(bundled_bytes(HEADS))
    assert len(carried) == 5
    for stage, layer in enumerate(original().lins):
        assert torch.equal(carried[f"lin{stage}"], layer.model[1].weight.flatten())


def test_equal_images_have_no_distance(scorer, pair):
    reference, _ = pair()
    assert score(scorer, reference, reference).item() == 0


def test_lpips_is_symmetric(scorer, pair):
    reference, restored = pair()
    there = score(scorer, restored[:1], reference).item()
    assert there == pytest.approx(score(scorer, reference, restored[:1]).item(), abs=1e-7)


def test_a_batch_gets_the_scores_of_its_images(scorer, pair):
    reference, restored = pair()
    single = [score(scorer, one[None], reference).item() for one in restored]
    assert score(scorer, restored, reference).tolist() == single


def test_an_image_too_small_for_the_last_stage_cannot_be_judged(scorer, pair):
    reference, restored = pair(30, 40)
    with pytest.raises(MetricUndefined, match="at least 31 pixels"):
        score(scorer, restored, reference)


def test_another_version_is_refused():
    with pytest.raises(ValueError, match="expected LPIPS version"):
        METRIC.open({"version": "0.0"}, "cpu")
