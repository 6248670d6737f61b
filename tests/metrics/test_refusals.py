"""No metric gives a number for what it cannot judge, under any protocol: the cell stays empty."""

import math

import pytest
import torch

from pdbench.analysis import summarize
from pdbench.metrics import METRICS
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PROTOCOLS
from pdbench.plots.tables import table
from pdbench.scores import Score

NEEDS_ONE_PIXEL = {"psnr", "mse"}


@pytest.fixture(params=PROTOCOLS, ids=lambda protocol: protocol.id)
def panel(request, every_metric):
    panel = MetricCollection(request.param)
    if panel.unavailable:
        pytest.skip("; ".join(panel.unavailable.values()))
    return panel


def test_an_image_that_is_not_finite_gets_no_score(panel, make_pair):
    reference, restored = make_pair(104, 200)
    panel.prepare(reference, reference[..., ::4, ::4].contiguous())
    for value in (math.nan, math.inf, -math.inf):
        restored[0, 1, 2, 3] = value
        scores = panel.score(restored[:1])
        assert set(scores) == set(panel.protocol.metric_ids)
        assert all(values == [None] for values in scores.values())
        assert all("NaN or infinite" in panel.reasons[name][0] for name in scores)


def test_an_image_too_small_gets_no_score_and_a_reason(panel):
    tiny = torch.rand(1, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    panel.prepare(tiny, tiny[..., :1, :1])
    for name, (value,) in panel.score(tiny).items():
        if name in NEEDS_ONE_PIXEL and panel.protocol.rule(name).choices["border"] == 0:
            assert value is not None
        else:
            assert value is None, name
            assert panel.reasons[name][0]


def test_no_reference_leaves_the_cells_of_those_that_need_one_empty(panel, make_pair):
    _, restored = make_pair(104, 200)
    panel.prepare(None, None)
    for name, (value,) in panel.score(restored[:1]).items():
        blind = not METRICS.get(name).needs_reference and name != "lr-psnr"
        assert (value is not None) == blind, name
        assert blind or panel.reasons[name][0].startswith("there is no ")


def test_the_table_counts_the_images_that_have_a_score(panel, make_pair):
    reference, restored = make_pair(104, 200)
    panel.prepare(reference, reference[..., ::4, ::4].contiguous())
    scores = []
    for name, image in (("whole", restored[:1]), ("spoilt", restored[:1] * math.nan)):
        for metric, (value,) in panel.score(image).items():
            scores.append(
                Score(
                    dataset="toy",
                    image=name,
                    method="bicubic",
                    seed=0,
                    sample=0,
                    metric=metric,
                    protocol=panel.protocol.id,
                    protocol_hash=panel.hashes[metric],
                    weights="",
                    value=value,
                    reason=panel.reasons[metric][0],
                )
            )
    text = table(summarize(scores, [METRICS.get(name).facts for name in panel.ids]))
    assert " 1/2" in text
    assert "NaN or infinite" in text
