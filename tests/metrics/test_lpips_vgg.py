import warnings

import pytest
import torch
from safetensors.torch import load

from pdbench.errors import MetricUndefined
from pdbench.metrics import lpips_vgg, vgg
from pdbench.metrics.lpips_vgg import HEADS, METRIC
from pdbench.weights import bundled_bytes


@pytest.fixture
def scorer(vgg_file):
    return METRIC.open({"version": "0.1"}, "cpu")


def score(scorer, restored, reference):
    with torch.inference_mode():
        return scorer.score(restored, scorer.prepare(reference, None))


@pytest.fixture
def original(torchvision_vgg):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lpips = pytest.importorskip("lpips")
        return lpips.LPIPS(net="vgg", verbose=False)


@pytest.mark.parametrize("size", [(64, 48), (65, 83), (16, 17)])
def test_lpips_equals_the_authors_package(scorer, original, pair, size):
    reference, restored = pair(*size)
    with torch.inference_mode():
        expected = original(restored, reference.expand_as(restored), normalize=True).flatten()
    got = score(scorer, restored, reference)
    assert got.tolist() == pytest.approx(expected.tolist(), abs=2e-6)


def test_linear_layers_are_those_of_the_authors_package(original):
    carried = load(bundled_bytes(HEADS))
    assert len(carried) == 5
    for stage, layer in enumerate(original.lins):
        assert torch.equal(carried[f"lin{stage}"], layer.model[1].weight.flatten())


def test_the_authors_examples_get_their_scores(scorer, golden):
    restored = torch.cat([golden("lpips_ex_p0"), golden("lpips_ex_p1")])
    got = score(scorer, restored, golden("lpips_ex_ref"))
    assert got.tolist() == pytest.approx([0.5686, 0.4217], abs=5e-5)


def test_strips_and_a_reference_not_kept_change_nothing(scorer, pair, monkeypatch):
    reference, restored = pair(64, 48)
    whole = score(scorer, restored[:1], reference).item()
    monkeypatch.setattr(lpips_vgg, "_KEPT_PIXELS", 0)
    monkeypatch.setattr(vgg, "_STRIP", 10)
    assert score(scorer, restored[:1], reference).item() == pytest.approx(whole, abs=1e-7)


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


def test_an_image_that_four_halvings_leave_nothing_of_cannot_be_judged(scorer, pair):
    reference, restored = pair(15, 40)
    with pytest.raises(MetricUndefined, match="at least 16 pixels"):
        score(scorer, restored, reference)


def test_another_version_is_refused():
    with pytest.raises(ValueError, match="expected LPIPS version"):
        METRIC.open({"version": "0.0"}, "cpu")
