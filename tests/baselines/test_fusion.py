"""The fusion networks: size, start, reach, losses, and what they are trained on."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from pdbench.baselines import BASELINES
from pdbench.baselines.fusion.fuser import FusionFuser
from pdbench.baselines.fusion.net import Fusion
from pdbench.baselines.fusion.objective import SAMPLES as TRAINED
from pdbench.baselines.fusion.objective import FusionObjective, draw_samples
from pdbench.data.patches import make_photo
from pdbench.errors import InputError
from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Fused, Sampled
from pdbench.methods.fusion import L1, SAMPLES
from pdbench.training.recipe import Crops, Optimization, Recipe, read_recipe

RECIPE = Recipe(
    baseline="fusion-l1",
    size="compact",
    network={"samples": 10, "features": 8, "blocks": 1},
    crops=Crops(batch=2, lr_side=8),
    optimization=Optimization(steps=10),
)


def shaken(**options) -> Fusion:
    """A network with no zero weights."""
    torch.manual_seed(0)
    network = Fusion(**options)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return network.eval()


@pytest.fixture
def flow(monkeypatch):
    """A stand-in for the compact flow: samples are the enlarged LR image plus noise."""

    class Flow(torch.nn.Module):
        def condition(self, lr):
            return torch.nn.functional.interpolate(lr, scale_factor=4)

        def decode(self, latents, prepared):
            noise = torch.nn.functional.interpolate(latents[1][:, :3], scale_factor=4)
            return prepared + 0.1 * noise

    monkeypatch.setattr(
        "pdbench.baselines.fusion.objective.srflow_da.BASELINE",
        type("Declared", (), {"load": lambda self, size, device: Flow()})(),
    )
    return Flow()


@pytest.fixture
def batch():
    hr = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.avg_pool2d(hr, 4), hr


@pytest.mark.parametrize("name", ["fusion-l1", "fusion-lpips"])
@pytest.mark.parametrize("size", ["compact", "paper"])
def test_both_sizes_have_the_published_parameters(name, size):
    baseline = BASELINES.get(name)
    network = baseline.network(**read_recipe(baseline.recipe_path(size)).network)
    assert sum(value.numel() for value in network.state_dict().values()) == 166_787
    assert network.conv_first.in_channels == 30


def test_with_the_mean_skip_training_starts_from_the_average():
    samples = torch.rand(2, 10, 3, 8, 8)
    torch.testing.assert_close(Fusion()(samples), samples.mean(1))
    assert not torch.allclose(Fusion(skip="none")(samples), samples.mean(1), atol=1e-2)


def test_no_pixel_beyond_the_reach_matters():
    network = shaken(samples=2, features=8, blocks=2)
    samples = torch.rand(1, 2, 3, 24, 24, requires_grad=True)
    network(samples)[0, :, 12, 12].sum().backward()
    rows = samples.grad.abs().sum((0, 1, 2, 4)).nonzero().flatten()
    assert (int(rows[0]), int(rows[-1])) == (12 - network.reach, 12 + network.reach)


def test_tiles_give_the_whole_images_pixels():
    fuser = FusionFuser(shaken(samples=4, features=16))
    samples, lr = torch.rand(4, 3, 64, 96), torch.rand(3, 16, 24)
    images = [
        SampleBank(lr, "key", 0, [], lambda _: fuser, max_memory=memory).fused("fusion", samples)
        for memory in (2**40, 2 * 160 * fuser.bytes_per_pixel)
    ]
    torch.testing.assert_close(images[0], images[1], atol=1e-5, rtol=0)
    torch.testing.assert_close(images[0], fuser.fuse(samples), atol=1e-5, rtol=0)


def test_the_method_fuses_the_first_samples_at_tau_09():
    asked = []

    class Bank:
        def samples(self, baseline, *, tau, count):
            asked.append((baseline, tau, count))
            return torch.zeros(count, 3, 8, 8)

        def fused(self, baseline, samples):
            return samples.sum(0) + len(samples)

    assert L1.run(torch.zeros(3, 2, 2), Bank()).mean() == SAMPLES
    assert asked == [("srflow-da", 0.9, 10)]
    assert L1.needs == (Sampled("srflow-da", 0.9, 10), Fused("fusion-l1"))
    assert L1.baselines == ["fusion-l1", "srflow-da"]


def test_samples_are_those_of_the_flow_image_by_image(flow):
    lr = torch.rand(2, 3, 4, 4)
    samples = draw_samples(flow, lr, 5, 0.0)
    assert samples.shape == (2, 5, 3, 16, 16)
    for sample in samples.unbind(1):
        torch.testing.assert_close(sample, flow.condition(lr))
    spread = draw_samples(flow, lr, 5, 0.9).std(1).mean()
    assert 0.05 < float(spread) < 0.15


def test_l1_is_the_mean_error_of_the_average_at_the_start(flow, batch):
    objective = FusionObjective("l1")
    network = objective.build(replace(RECIPE, objective={"tau": 0.0}))
    lr, hr = batch
    expected = (flow.condition(lr) - hr).abs().mean()
    assert float(objective.loss(network, lr, hr, progress=0.0).detach()) == pytest.approx(
        float(expected), rel=1e-4
    )


@pytest.mark.parametrize("kind", ["l1", "lpips-vgg"])
def test_the_loss_trains_the_network_not_the_flow(flow, batch, kind):
    objective = FusionObjective(kind)
    network = objective.build(RECIPE)
    objective.loss(network, *batch, progress=0.0).backward()
    assert network.conv_last.weight.grad.abs().sum() > 0
    assert network.conv_last.weight.grad.isfinite().all()


def test_validation_compares_with_the_average_and_with_another_order(flow):
    objective = FusionObjective("l1")
    objective.build(RECIPE)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        scores = objective.validate(shaken(**RECIPE.network), [make_photo("", pixels)])
        start = objective.validate(Fusion(**RECIPE.network), [make_photo("", pixels)])
    assert math.isnan(scores.pop("val_niqe"))  # too small a photograph; its column stays
    assert list(scores) == ["val_psnr_y", "val_psnr_y_average", "val_lpips_vgg", "val_order"]
    assert all(math.isfinite(value) for value in scores.values())
    assert scores["val_order"] > 0
    assert start["val_order"] < 1e-3
    assert start["val_psnr_y"] == pytest.approx(start["val_psnr_y_average"], abs=1e-3)


def test_an_unknown_objective_key_is_refused(flow):
    with pytest.raises(InputError, match="unknown key 'temperature'"):
        FusionObjective("l1").build(replace(RECIPE, objective={"temperature": 1.0}))


def test_a_network_that_no_method_could_run_is_not_trained(flow):
    assert TRAINED == SAMPLES
    recipe = replace(RECIPE, network={**RECIPE.network, "samples": 3})
    with pytest.raises(InputError, match="samples is 3, but fusion-l1 fuses 10; change it"):
        FusionObjective("l1").build(recipe)


def test_another_networks_weights_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"conv_first.weight": torch.zeros(1)}, path)
    with pytest.raises(InputError, match=r"for fusion-l1 .compact. does not fit"):
        BASELINES.get("fusion-l1").load("compact", "cpu", path)
