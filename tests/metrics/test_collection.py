import math

import pytest
import torch

from pdbench.errors import InputError, MetricUndefined, WeightsUnavailable
from pdbench.metrics import METRICS, collection
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.metric import Metric
from pdbench.metrics.protocol import PAPER, protocol_hashes
from pdbench.registry import Registry

CHEAP = ["ssim", "psnr", "lr-psnr"]


class Fake:
    """A scorer that answers with each image's mean, or as it is told."""

    def __init__(self, answer=None):
        self.answer = answer or (lambda image: image.double().mean().item())
        self.prepared = 0

    def prepare(self, reference, lr):
        self.prepared += 1

    def score(self, restored, prepared):
        return torch.tensor([self.answer(image) for image in restored], dtype=torch.float64)


@pytest.fixture
def fakes(monkeypatch):
    """Declare Ma and NIQE with scorers of ours, and PI as it is."""

    def declare(**scorers):
        def declared(name):
            metric = METRICS.get(name)
            fields = {key: getattr(metric, key) for key in ("id", "title", "better", "kind")}

            def opened(choices, device):
                if isinstance(scorers[name], Exception):
                    raise scorers[name]
                return scorers[name]

            return Metric(**fields, needs_reference=False, reference="a test", open=opened)

        known = [declared(name) for name in scorers] + [METRICS.get("pi")]
        registry = Registry("metric", known)
        monkeypatch.setattr(collection, "METRICS", registry)
        monkeypatch.setattr("pdbench.metrics.protocol.METRICS", registry)

    return declare


def opened(ids=CHEAP):
    return MetricCollection(PAPER, ids)


def test_scores_come_in_the_order_asked_for_one_per_image(pair):
    hr, restored = pair()
    metrics = opened()
    metrics.prepare(hr[0], hr[0, :, ::4, ::4].contiguous())
    scores = metrics.score(restored)
    assert list(scores) == CHEAP
    assert all(len(column) == 2 and None not in column for column in scores.values())
    assert metrics.reasons == {name: ["", ""] for name in CHEAP}


def test_a_panel_carries_the_protocols_hashes():
    hashes = protocol_hashes(PAPER)
    assert opened().hashes == {name: hashes[name] for name in CHEAP}


def test_an_image_with_nan_gets_no_score_and_spoils_no_other(pair):
    hr, restored = pair()
    metrics = opened(["psnr", "ssim"])
    metrics.prepare(hr, None)
    whole = metrics.score(restored)
    restored[0, 0, 0, 0] = math.nan
    for name, (first, second) in metrics.score(restored).items():
        assert first is None
        assert second == whole[name][1]
        assert metrics.reasons[name] == ["the image holds NaN or infinite values", ""]


def test_what_cannot_be_judged_is_none_with_the_reason(pair):
    hr, restored = pair(6, 40)
    metrics = opened(["ssim", "psnr"])
    metrics.prepare(hr, None)
    scores = metrics.score(restored)
    assert scores["ssim"] == [None, None]
    assert "at least 7 pixels" in metrics.reasons["ssim"][0]
    assert None not in scores["psnr"]


def test_without_a_reference_only_metrics_that_need_one_are_empty(pair):
    _, restored = pair()
    metrics = opened()
    metrics.prepare(None, restored[0, :, ::4, ::4].contiguous())
    scores = metrics.score(restored)
    assert scores["psnr"] == scores["ssim"] == [None, None]
    assert None not in scores["lr-psnr"]


def test_missing_weights_leave_the_metric_in_the_panel(fakes, pair):
    fakes(ma=WeightsUnavailable("the file is missing"), niqe=Fake())
    metrics = opened(["niqe", "ma", "pi"])
    metrics.prepare(None, None)
    scores = metrics.score(pair()[1])
    assert metrics.unavailable == {"ma": "the file is missing", "pi": "the file is missing"}
    assert scores["ma"] == scores["pi"] == [None, None]
    assert metrics.reasons["pi"][0] == "unavailable: the file is missing"
    assert None not in scores["niqe"]


def test_pi_is_made_of_its_parts_though_they_were_not_asked_for(fakes, pair):
    ma, niqe = Fake(lambda image: 8.0), Fake(lambda image: 4.0)
    fakes(ma=ma, niqe=niqe)
    metrics = opened(["pi"])
    metrics.prepare(None, None)
    assert metrics.score(pair()[1]) == {"pi": [3.0, 3.0]}
    assert ma.prepared == niqe.prepared == 1


def test_pi_without_one_part_says_which(fakes, pair):
    fakes(ma=Fake(lambda image: 8.0), niqe=Fake(lambda image: math.nan))
    metrics = opened(["pi"])
    metrics.prepare(None, None)
    assert metrics.score(pair()[1]) == {"pi": [None, None]}
    assert metrics.reasons["pi"] == ["niqe: the metric gave no number"] * 2


def test_one_image_that_cannot_be_judged_spoils_no_other(fakes, pair):
    def answer(image):
        if image.mean() > 0.9:
            raise MetricUndefined("too bright")
        return 1.0

    fakes(ma=Fake(), niqe=Fake(answer))
    metrics = opened(["niqe"])
    metrics.prepare(None, None)
    restored = torch.stack([torch.zeros(3, 8, 8), torch.ones(3, 8, 8)])
    assert metrics.score(restored) == {"niqe": [1.0, None]}
    assert metrics.reasons == {"niqe": ["", "too bright"]}


def test_scoring_before_preparing_raises(pair):
    with pytest.raises(RuntimeError, match="expected prepare"):
        opened().score(pair()[1])


def test_a_result_of_another_size_raises(pair):
    hr, restored = pair()
    metrics = opened(["psnr"])
    metrics.prepare(hr, None)
    with pytest.raises(ValueError, match="reference's size"):
        metrics.score(restored[..., :-4])


def test_an_unknown_metric_is_answered_with_close_matches():
    with pytest.raises(InputError, match="did you mean psnr"):
        opened(["pnsr"])
