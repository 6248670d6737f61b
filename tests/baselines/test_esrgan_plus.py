"""ESRGAN+ equals the published network, starts from RRDB, and is fought by its discriminator."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pdbench.baselines.esrgan_plus.discriminator import Discriminator
from pdbench.baselines.esrgan_plus.net import ESRGANPlus, RelativeNoise
from pdbench.baselines.esrgan_plus.objective import ESRGANPlusObjective, relativistic_loss
from pdbench.baselines.esrgan_plus.state_dict import from_rrdb, to_pdbench, to_start
from pdbench.baselines.rrdb.net import RRDB
from pdbench.baselines.rrdb.restorer import RRDBRestorer
from pdbench.baselines.rrdb.state_dict import to_mid
from pdbench.data.patches import make_photo
from pdbench.errors import InputError
from pdbench.training.recipe import Crops, Optimization, Recipe

GOLDEN = Path(__file__).parents[1] / "golden" / "rrdb_small.safetensors"
SMALL = {"features": 8, "blocks": 1, "growth": 4}
RECIPE = Recipe(
    baseline="esrgan-plus",
    size="compact",
    network=SMALL,
    crops=Crops(batch=2, lr_side=8),
    optimization=Optimization(steps=10),
    objective={"discriminator": {"features": 4, "levels": 2, "norm": "spectral"}},
)


@pytest.fixture(scope="module")
def published(test_data):
    return torch.load(test_data / "golden/esrganplus_small.pt", weights_only=True)


@pytest.fixture
def reference(published):
    network = ESRGANPlus(features=16, blocks=2, growth=32)
    state = {name: value.float() for name, value in published["state_dict_fp16"].items()}
    network.load_state_dict(to_pdbench(state))
    return network


@pytest.fixture
def batch():
    hr = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.avg_pool2d(hr, 4), hr


def build(**objective):
    torch.manual_seed(0)
    made = ESRGANPlusObjective()
    recipe = replace(RECIPE, objective={**RECIPE.objective, **objective})
    network = made.build(recipe)
    return made, network, made.build_adversary(recipe)


def test_paper_size_has_the_published_parameters():
    with torch.device("meta"):
        state = ESRGANPlus().state_dict()
    assert len(state) == 771
    assert sum(value.numel() for value in state.values()) == 16_839_299
    assert sum(v.numel() for name, v in state.items() if "conv1x1" in name) == 141_312


def test_paper_size_has_the_published_keys_in_order(test_data):
    keys = json.loads((test_data / "golden/keys_esrganplus_full.json").read_text())["keys"]
    with torch.device("meta"):
        state = ESRGANPlus().state_dict()
    assert [[name, list(value.shape)] for name, value in state.items()] == keys


def test_output_equals_the_reference_without_noise(reference, published):
    with torch.no_grad():
        out = reference.eval()(published["lr"])
    torch.testing.assert_close(out, published["out_eval"], atol=1e-5, rtol=0)


def test_output_equals_the_reference_with_the_same_noise(reference, published):
    torch.manual_seed(published["train"]["seed"])
    with torch.no_grad():
        out = reference.train()(published["lr"])
    torch.testing.assert_close(out, published["train"]["out"], atol=1e-5, rtol=0)


def test_noise_is_relative_to_the_value_and_absent_in_eval():
    noise = RelativeNoise()
    x = torch.tensor([0.0, 1.0, -10.0]).repeat(20_000, 1)
    deviation = noise.train()(x).std(0)
    torch.testing.assert_close(deviation, torch.tensor([0.0, 0.1, 1.0]), rtol=0.03, atol=1e-6)
    assert torch.equal(noise.eval()(x), x)


def test_without_noise_training_and_evaluation_compute_the_same():
    network = ESRGANPlus(**SMALL, noise=0.0)
    lr = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        assert torch.equal(network.train()(lr), network.eval()(lr))


def test_noise_does_not_follow_the_memory_layout():
    noise = RelativeNoise().train()
    x = torch.rand(1, 3, 4, 5)
    torch.manual_seed(0)
    plain = noise(x)
    torch.manual_seed(0)
    assert torch.equal(noise(x.contiguous(memory_format=torch.channels_last)), plain)


def test_started_from_rrdb_it_gives_rrdbs_output():
    golden = load_file(GOLDEN)
    weights = {n[8:]: v.float() for n, v in golden.items() if n.startswith("weights/")}
    network = ESRGANPlus(features=16, blocks=2, growth=32).eval()
    network.load_state_dict(from_rrdb(weights))
    with torch.no_grad():
        torch.testing.assert_close(network(golden["lr"]), golden["out"], atol=1e-5, rtol=0)


def test_the_start_has_every_tensor_of_the_network():
    shape = {"features": 8, "blocks": 2, "growth": 4}
    plain, ours = RRDB(**shape).state_dict(), ESRGANPlus(**shape).state_dict()
    started = from_rrdb({to_mid(name): value for name, value in plain.items()})
    assert {n: v.shape for n, v in started.items()} == {n: v.shape for n, v in ours.items()}


def test_published_files_load_whatever_wraps_them():
    state = ESRGANPlus(**SMALL).state_dict()
    assert to_pdbench({f"module.{n}": v for n, v in state.items()}).keys() == state.keys()


def test_an_rrdb_is_refused_as_weights_but_taken_as_a_start():
    rrdb = RRDB(**SMALL).state_dict()
    with pytest.raises(InputError, match="--from"):
        to_pdbench(rrdb)
    assert to_start(rrdb).keys() == ESRGANPlus(**SMALL).state_dict().keys()
    with pytest.raises(InputError, match="no RRDB"):
        to_start({"weight": torch.zeros(1)})
    with pytest.raises(InputError, match=r"'body\.0\.conv1\.bias' is not part"):
        to_start({"conv_first.weight": torch.zeros(1), "body.0.conv1.bias": torch.zeros(1)})


def test_a_tile_with_its_overlap_gives_the_whole_images_pixels():
    torch.manual_seed(0)
    network = ESRGANPlus(features=16, blocks=2, growth=8).eval()
    restorer, lr = RRDBRestorer(network), torch.rand(1, 3, 12, 60)
    whole, part = restorer.restore(lr), restorer.restore(lr[..., : 10 + restorer.overlap])
    torch.testing.assert_close(part[..., :40], whole[..., :40], atol=1e-3, rtol=0)


def test_the_published_discriminator_gives_one_verdict_for_128_pixels():
    with torch.device("meta"):
        network = Discriminator()
        assert network(torch.empty(2, 3, 128, 128)).shape == (2, 1, 1, 1)
    assert network.layers[-3].weight.shape == (100, 512, 4, 4)


def test_a_discriminator_of_few_levels_judges_every_place_alike():
    torch.manual_seed(0)
    network = Discriminator(features=4, levels=2, norm="spectral").eval()
    verdicts = network(torch.full((1, 3, 64, 64), 0.3))
    assert verdicts.shape == (1, 1, 13, 13)
    inner = verdicts[..., 4:-4, 4:-4]
    torch.testing.assert_close(inner, inner.mean().expand_as(inner))


def test_the_relativistic_loss_is_ln_2_where_nothing_tells_images_apart():
    same = torch.full((3, 1, 2, 2), 1.7)
    assert float(relativistic_loss(same, same)) == pytest.approx(math.log(2), abs=1e-6)
    assert float(relativistic_loss(same + 5, same)) < 0.01
    assert float(relativistic_loss(same - 5, same)) > 4.9


def test_the_generators_loss_leaves_the_discriminator_alone_and_vice_versa(batch):
    objective, network, adversary = build(perceptual=0.0)
    objective.loss(network, *batch, progress=0.0).backward()
    assert all(p.grad is None for p in adversary.parameters())
    assert network.model[0].weight.grad.abs().sum() > 0
    network.zero_grad(set_to_none=True)
    objective.adversary_loss(adversary, batch[1]).backward()
    assert all(p.grad is not None for p in adversary.parameters())
    assert network.model[0].weight.grad is None


@pytest.mark.parametrize(
    ("term", "options"),
    [
        ("pixel", {"pixel": 1.0}),
        ("features", {"perceptual": 1.0}),
        ("adversarial", {"adversarial": 1.0}),
    ],
)
def test_each_term_alone_trains_the_generator(batch, term, options):
    off = {"pixel": 0.0, "perceptual": 0.0, "adversarial": 0.0}
    objective, network, _ = build(**{**off, **options})
    objective.loss(network, *batch, progress=0.0).backward()
    assert network.model[0].weight.grad.abs().sum() > 0, term


def test_before_its_delay_the_gan_neither_judges_nor_learns(batch):
    options = {"pixel": 1.0, "perceptual": 0.0, "adversarial": 1.0}
    late, network, adversary = build(**options, delay=0.5)
    never, _, _ = build(**{**options, "adversarial": 0.0})
    network.eval()
    alone = late.loss(network, *batch, progress=0.49)
    assert torch.equal(alone, never.loss(network, *batch, progress=0.49))
    late.adversary_loss(adversary, batch[1]).backward()
    assert all(p.grad is None for p in adversary.parameters())
    assert late.loss(network, *batch, progress=0.5) > alone
    late.adversary_loss(adversary, batch[1]).backward()
    assert all(p.grad is not None for p in adversary.parameters())


def test_it_starts_from_the_compact_rrdb():
    from pdbench.baselines import BASELINES

    rrdb = BASELINES.get("rrdb").load("compact", "cpu")
    recipe = replace(
        RECIPE,
        network={"features": 64, "blocks": 3, "growth": 32},
        objective={"start": "compact"},
    )
    network = ESRGANPlusObjective().build(recipe).eval()
    lr = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(network(lr), rrdb(lr), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        ({"gan": 1.0}, "unknown key 'gan'"),
        ({"start": "small"}, "'compact' or 'paper'"),
        ({"pixel": -1}, "greater than or equal to 0"),
        ({"discriminator": {"depth": 3}}, "unknown key 'depth'"),
    ],
)
def test_a_mistake_in_the_objective_is_one_line(objective, says):
    with pytest.raises(InputError, match=says):
        build(**objective)


def test_validation_reports_psnr_features_and_metrics():
    objective, network, _ = build()
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        scores = objective.validate(network.eval(), [make_photo("", pixels)])
    assert list(scores) == ["val_psnr_y", "val_vgg", "val_lpips_vgg", "val_niqe"]
    assert math.isnan(scores.pop("val_niqe"))  # too small a photograph; its column stays
    assert all(math.isfinite(value) for value in scores.values())


def test_what_the_start_lacks_is_logged(caplog):
    with caplog.at_level("INFO"):
        from_rrdb(RRDB(**SMALL).state_dict())
    assert "42 tensors filled from RRDB, 3 of them adapted" in caplog.text
    assert "model.1.sub.0.RDB3.conv1x1.weight" in caplog.text
