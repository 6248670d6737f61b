"""Two networks in one loop, and runs that start from given weights."""

import csv
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from pdbench.baselines import training
from pdbench.baselines.esrgan_plus.objective import ESRGANPlusObjective
from pdbench.baselines.rrdb.net import RRDB
from pdbench.errors import InputError
from pdbench.leaderboard.contamination import leaked_metrics
from pdbench.training.checkpoint import export_weights, load_checkpoint, newest_checkpoint
from pdbench.training.loop import TrainingDiverged, fit
from pdbench.training.recipe import Crops, Optimization, Recipe
from pdbench.training.state import Start

NETWORK = {"features": 8, "blocks": 1, "growth": 4}
RECIPE = Recipe(
    baseline="esrgan-plus",
    size="compact",
    network=NETWORK,
    crops=Crops(batch=2, lr_side=8, validation=1),
    optimization=Optimization(steps=4, optimizer="muon", lr=1e-3, clip=10.0, ema=0.5),
    objective={
        "perceptual": 0.0,
        "pixel": 1.0,
        "adversarial": 0.5,
        "discriminator": {"features": 4, "levels": 2, "norm": "spectral"},
    },
    validate_every=2,
    checkpoint_every=2,
)


class Objective(ESRGANPlusObjective):
    """With a validation that takes no time."""

    def validate(self, network, photos):
        return {"val_mean": float(network(torch.ones(1, 3, 4, 4)).mean())}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for index in range(3):
        pixels = np.kron(rng.integers(0, 256, (6, 7, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"photo{index}.png")
    return folder


@pytest.fixture(scope="module")
def whole(photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    train(photos, out)
    return out


def train(photos, out, objective=None, recipe=RECIPE, **options):
    objective = objective or Objective()
    return fit(recipe, objective, [photos], out, device="cpu", progress=False, **options)


def final_state(out):
    return load_checkpoint(newest_checkpoint(out))


def assert_equal(one, other):
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, list):
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    else:
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


@pytest.mark.parametrize("killed_in", ["loss", "adversary_loss"])
def test_a_resumed_run_ends_bit_for_bit_like_an_undisturbed_one(
    whole, photos, tmp_path, killed_in
):
    class Killed(Objective):
        steps = 0

        def loss(self, network, lr, hr, *, progress):
            self.steps = round(4 * progress)
            if killed_in == "loss" and self.steps == 3:
                raise KeyboardInterrupt
            return super().loss(network, lr, hr, progress=progress)

        def adversary_loss(self, adversary, hr):
            if self.steps == 3:
                raise KeyboardInterrupt
            return super().adversary_loss(adversary, hr)

    with pytest.raises(KeyboardInterrupt):
        train(photos, tmp_path, objective=Killed())
    assert final_state(tmp_path)["step"] == 2
    train(photos, tmp_path, resume=True)
    first, second = final_state(whole), final_state(tmp_path)
    for part in ("network", "average", "optimizers", "adversary"):
        assert_equal(first[part], second[part])


def test_both_networks_move(whole, photos, tmp_path):
    still = replace(RECIPE, optimization=replace(RECIPE.optimization, steps=1))
    train(photos, tmp_path, recipe=still)
    before, after = final_state(tmp_path), final_state(whole)
    name = "layers.0.parametrizations.weight.original"
    first, last = (state["adversary"]["network"][name] for state in (before, after))
    assert not torch.equal(first, last)
    name = "model.0.weight"
    assert not torch.equal(before["network"][name], after["network"][name])


def test_the_log_holds_the_adversarys_loss(whole):
    with (whole / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4"]
    assert all(0.1 < float(row["adversary_loss"]) < 5 for row in rows)


def test_only_the_generator_is_exported(whole):
    names = load_file(whole / "compact.safetensors").keys()
    assert all(name.startswith("model.") for name in names)


def test_the_weights_say_what_they_were_trained_on_and_how_much_they_saw(whole):
    with safe_open(whole / "compact.safetensors", "pt") as file:
        facts = file.metadata()
    assert facts["losses"] == "l1, vgg16-features, gan"
    assert set(leaked_metrics(facts["losses"].split(", "))) == {"lpips-vgg", "dists"}
    assert facts["lr_pixels"] == str(4 * 2 * 8 * 8)


def test_an_adversary_that_diverges_stops_the_run(photos, tmp_path):
    class Diverging(Objective):
        def adversary_loss(self, adversary, hr):
            return super().adversary_loss(adversary, hr) * float("nan")

    with pytest.raises(TrainingDiverged, match="step 0"):
        train(photos, tmp_path, objective=Diverging())


@pytest.fixture
def start():
    torch.manual_seed(5)
    network = Objective().build(RECIPE)
    return Start({n: v.half().float() for n, v in network.state_dict().items()}, "ab" * 32)


def test_a_run_starts_from_given_weights_without_initialization(photos, tmp_path, start):
    class Watching(Objective):
        def begin(self, network, lr, hr):
            raise AssertionError("data-dependent initialization of given weights")

        def loss(self, network, lr, hr, *, progress):
            if progress == 0:
                assert_equal(dict(network.state_dict()), dict(start.state))
            return super().loss(network, lr, hr, progress=progress)

    train(photos, tmp_path, objective=Watching(), start=start)
    with safe_open(tmp_path / "compact.safetensors", "pt") as file:
        assert file.metadata()["started_from"] == "ab" * 32


def test_where_a_run_started_survives_a_resume(photos, tmp_path, start):
    class Killed(Objective):
        def loss(self, network, lr, hr, *, progress):
            if progress == 0.5:
                raise KeyboardInterrupt
            return super().loss(network, lr, hr, progress=progress)

    with pytest.raises(KeyboardInterrupt):
        train(photos, tmp_path, objective=Killed(), start=start)
    train(photos, tmp_path, resume=True)
    with safe_open(tmp_path / "compact.safetensors", "pt") as file:
        assert file.metadata()["started_from"] == start.sha256
    with pytest.raises(InputError, match="did not start from this file"):
        train(photos, tmp_path, resume=True, start=replace(start, sha256="cd" * 32))


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "baseline: rrdb\nsize: compact\nnetwork: {features: 8, blocks: 1, growth: 4}\n"
        "crops: {batch: 2, lr_side: 8, validation: 1}\n"
        "optimization: {steps: 1, ema: 0.0, lr: 1.0e-6}\n"
    )
    return path


def test_exported_weights_are_what_training_goes_on_from(photos, tmp_path, recipe_file):
    torch.manual_seed(3)
    weights, state = tmp_path / "given.safetensors", RRDB(**NETWORK).state_dict()
    export_weights(weights, state, {"network": json.dumps(NETWORK)})
    made = training.train(
        "rrdb", [photos], tmp_path / "out", config=str(recipe_file), start=weights, progress=False
    )
    for name, value in load_file(made).items():
        torch.testing.assert_close(value.float(), state[name], atol=2e-3, rtol=0)
    with safe_open(made, "pt") as file:
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()
        assert file.metadata()["started_from"] == digest


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist"),
        ("other", "does not fit"),
        ("damaged", "damaged"),
    ],
)
def test_weights_that_cannot_be_started_from_are_refused(
    photos, tmp_path, recipe_file, content, says
):
    path = tmp_path / "given.safetensors"
    if content == "other":
        export_weights(path, RRDB(features=16, blocks=1, growth=4).state_dict(), {})
    elif content == "damaged":
        path.write_bytes(b"half")
    with pytest.raises(InputError, match=says):
        training.train(
            "rrdb", [photos], tmp_path / "out", config=str(recipe_file), start=path,
            progress=False,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()
