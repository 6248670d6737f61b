import pytest
import torch

from pdbench.metrics import vgg
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PAPER, PYIQA
from pdbench.metrics.vgg import Vgg16, open_vgg16, shared_first_stages

BOTH = ["lpips-vgg", "dists"]


@pytest.fixture
def computed(vgg_file, monkeypatch):
    """List the images whose first stage is computed, by their size."""
    sizes = []
    first_stage = Vgg16.first_stage

    def listed(self, image):
        sizes.append(tuple(image.shape[-2:]))
        return first_stage(self, image)

    monkeypatch.setattr(Vgg16, "first_stage", listed)
    return sizes


def scores(protocol, names, reference, restored):
    panel = MetricCollection(protocol, names)
    panel.prepare(reference, None)
    return panel.score(restored)


def test_a_panel_computes_a_first_stage_once_for_both_metrics(computed, pair):
    reference, restored = pair(64, 48)
    together = scores(PYIQA, BOTH, reference, restored)
    assert computed == [(64, 48)] * 3
    assert together == {name: scores(PYIQA, [name], reference, restored)[name] for name in BOTH}


def test_where_dists_sees_a_smaller_image_outputs_are_not_kept(computed, pair, monkeypatch):
    reference, restored = pair(260, 280)
    panel = MetricCollection(PAPER, BOTH)
    panel.prepare(reference, None)
    monkeypatch.setattr(vgg.FirstStages, "get", lambda *_: pytest.fail("it is kept"))
    panel.score(restored[:1])
    assert computed == [(260, 280), (256, 275)] * 2


def test_inside_the_same_pixels_are_computed_once(computed, pair):
    backbone, (image, others) = open_vgg16("cpu"), pair()
    with torch.inference_mode(), shared_first_stages() as stages:
        first = backbone.first_stage_of(image)
        assert not stages.asked_again
        assert backbone.first_stage_of(image[0][None]) is first
        assert stages.asked_again
        assert backbone.first_stage_of(image.clone()) is not first
        assert backbone.first_stage_of(others[1:]) is not first
    assert len(computed) == 3
    assert vgg._shared.get() is None


def test_no_more_is_kept_than_there_is_room_for(computed, pair):
    backbone, (image, others) = open_vgg16("cpu"), pair(64, 48)
    with torch.inference_mode(), shared_first_stages(pixels=64 * 48 * 2 - 1) as stages:
        for one in (image, others[:1], others[:1], image):
            kept = torch.cat(list(backbone.first_stage_of(one)), dim=2)
    assert len(computed) == 3
    assert stages.room == 64 * 48 - 1
    with torch.inference_mode():
        assert torch.equal(kept, torch.cat(list(backbone.first_stage_of(image)), dim=2))
