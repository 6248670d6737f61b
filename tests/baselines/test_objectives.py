"""Training objectives: what they minimize, what they freeze, what they report."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from pdbench.baselines.rrdb.objective import RRDBObjective
from pdbench.baselines.srflow_da.objective import (
    SRFlowDAObjective,
    draw_latents,
)
from pdbench.data.patches import make_photo
from pdbench.errors import InputError
from pdbench.training.recipe import Crops, Optimization, Recipe
from pdbench.training.validation import center_pair, psnr_y

FLOW = Recipe(
    baseline="srflow-da",
    size="compact",
    network={"features": 8, "blocks": 1, "growth": 4, "taps": [0], "steps": 1, "hidden": 8,
             "depth": 1, "floor": 0.2, "published": False},
    crops=Crops(batch=2, lr_side=8),
    optimization=Optimization(steps=10),
)  # fmt: skip


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    hr = torch.rand(2, 3, 32, 32, generator=generator)
    return torch.nn.functional.avg_pool2d(hr, 4), hr


def build(**weights):
    torch.manual_seed(0)
    objective = SRFlowDAObjective()
    return objective, objective.build(replace(FLOW, objective=weights))


def rrdb_loss(loss, restored, reference):
    objective = RRDBObjective()
    network = {"features": 8, "blocks": 1, "growth": 4}
    objective.build(replace(FLOW, network=network, objective={"loss": loss}))
    return float(objective.loss(lambda _: restored, torch.empty(0), reference, progress=0.0))


def test_rrdb_minimizes_the_mean_absolute_error_or_minus_the_psnr(batch):
    _, hr = batch
    assert rrdb_loss("l1", hr + 0.25, hr) == pytest.approx(0.25, abs=1e-6)
    gain = rrdb_loss("psnr", hr + 0.25, hr) - rrdb_loss("psnr", hr + 0.125, hr)
    assert gain == pytest.approx(math.log(4), abs=0.01)  # 6.02 dB, less the flat crop's
    with pytest.raises(InputError, match="'l1' or 'psnr'"):
        rrdb_loss("squared", hr, hr)


def test_psnr_of_one_level_of_error_on_luma():
    reference = torch.full((1, 3, 16, 16), 100 / 255)
    error = (65.481 + 128.553 + 24.966) / 255
    expected = 20 * np.log10(255 / error)
    assert psnr_y(reference + 1 / 255, reference) == pytest.approx(expected, abs=1e-3)


def test_the_validation_window_is_the_center():
    pixels = np.zeros((400, 480, 3), np.uint8)
    pixels[200, 240] = 255
    lr, hr = center_pair(make_photo("", pixels), torch.device("cpu"))
    assert lr.shape == (1, 3, 64, 64)
    assert hr.shape == (1, 3, 256, 256)
    assert hr[0, 0, 128, 128] == 1


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("frozen", [0.0, 0.5])
def test_the_flow_knows_whether_all_its_tensors_get_a_gradient(batch, published, frozen):
    objective = SRFlowDAObjective()
    given = replace(FLOW, network={**FLOW.network, "published": published})
    network = objective.build(replace(given, objective={"frozen": frozen}))
    objective.loss(network, *batch, progress=0.0).backward()
    unused = [name for name, value in network.named_parameters() if value.grad is None]
    assert objective.leaves_unused is bool(unused)


def test_the_flow_minimizes_likelihood_alone(batch):
    objective, network = build()
    torch.manual_seed(1)
    loss = objective.loss(network, *batch, progress=0.0)
    torch.manual_seed(1)
    nll = network(batch[0], batch[1] + 2.3094 / 255 * torch.randn_like(batch[1]))
    assert float(loss.detach()) == pytest.approx(float(nll.detach().mean()), abs=1e-4)


def test_the_encoder_is_frozen_for_the_first_part(batch):
    objective, network = build(frozen=0.5)
    objective.loss(network, *batch, progress=0.49).backward()
    assert network.RRDB.conv_first.weight.grad is None
    objective.loss(network, *batch, progress=0.5).backward()
    assert network.RRDB.conv_first.weight.grad is not None


def test_the_encoder_starts_from_rrdb():
    from pdbench.baselines import BASELINES

    rrdb = BASELINES.get("rrdb").load("compact", "cpu")
    arguments = {"features": 64, "blocks": 3, "growth": 32, "taps": [1], "skip": "input",
                 "steps": 1, "hidden": 8, "depth": 1, "published": False}  # fmt: skip
    network = SRFlowDAObjective().build(
        replace(FLOW, network=arguments, objective={"encoder": "compact"})
    )
    assert torch.equal(network.RRDB.conv_up1.weight, rrdb.conv_up1.weight)


def test_an_unknown_objective_key_is_refused():
    with pytest.raises(InputError, match="nll_weight"):
        build(nll_weight=1)


def test_validation_reports_finite_scores(batch):
    objective, network = build()
    objective.begin(network, *batch)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        scores = objective.validate(network.eval(), [make_photo("", pixels)])
    undefined = {name for name, value in scores.items() if not np.isfinite(value)}
    assert undefined == {name for name in scores if "niqe" in name}  # too small a photograph
    assert 1 < scores["val_mse_ratio"] < 3
    assert 0 <= scores["val_exploded"] <= 1
    assert scores["val_psnr_y_tau0.9"] < scores["val_psnr_y_average25"]


def test_an_exploded_sample_is_counted_and_does_not_stop_the_run(batch):
    objective, network = build()
    objective.begin(network, *batch)
    network.flowUpsamplerNet.layers[1].actnorm.logs.data.fill_(-200)
    pixels = np.full((64, 64, 3), 128, np.uint8)
    with torch.no_grad():
        scores = objective.validate(network.eval(), [make_photo("", pixels)])
    assert scores["val_exploded"] == 1
    assert scores["val_excursion"] > 100


def test_latents_scale_with_tau():
    lr = torch.zeros(3, 3, 4, 5)
    one, half = (draw_latents(lr, 2, tau, torch.Generator().manual_seed(0)) for tau in (1.0, 0.5))
    assert [tuple(x.shape) for x in one] == [(6, 6, 8, 10), (6, 24, 4, 5)]
    assert all(torch.equal(a / 2, b) for a, b in zip(one, half, strict=True))
