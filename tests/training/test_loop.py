"""The training loop: resumes bit for bit, stops on divergence, keeps validation images apart."""

import csv
import itertools
import logging
import math
import shutil
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from pdbench.baselines.rrdb.objective import RRDBObjective
from pdbench.errors import InputError
from pdbench.training import loop
from pdbench.training.checkpoint import load_checkpoint, newest_checkpoint
from pdbench.training.loop import TrainingDiverged, fit
from pdbench.training.recipe import Crops, Optimization, Recipe
from pdbench.training.state import Start

RECIPE = Recipe(
    baseline="rrdb",
    size="compact",
    network={"features": 8, "blocks": 1, "growth": 4},
    crops=Crops(batch=2, lr_side=8, graphics=0.3, saturate=0.3, validation=2),
    optimization=Optimization(steps=6, optimizer="muon", lr=1e-3, clip=10.0, ema=0.5),
    validate_every=2,
    checkpoint_every=2,
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for index in range(5):
        pixels = np.kron(rng.integers(0, 256, (6, 7, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"photo{index}.png")
    return folder


@pytest.fixture(scope="module")
def finished(photos, tmp_path_factory):
    """Folder of a run that is over, made once."""
    out = tmp_path_factory.mktemp("finished")
    train(photos, out)
    return out


@pytest.fixture
def run_folder(finished, tmp_path):
    """A copy of the folder of a run that is over."""
    return shutil.copytree(finished, tmp_path / "run")


def changed(**optimization):
    return replace(RECIPE, optimization=replace(RECIPE.optimization, **optimization))


def train(photos, out, recipe=RECIPE, objective=None, **options):
    objective = objective or RRDBObjective()
    return fit(recipe, objective, [photos], out, device="cpu", progress=False, **options)


def final_state(out):
    return load_checkpoint(newest_checkpoint(out))


def test_a_resumed_run_ends_bit_for_bit_like_an_undisturbed_one(photos, tmp_path, finished):
    class Killed(RRDBObjective):
        def loss(self, network, lr, hr, *, progress):
            if round(6 * progress) == 5:
                raise KeyboardInterrupt
            return super().loss(network, lr, hr, progress=progress)

    with pytest.raises(KeyboardInterrupt):
        train(photos, tmp_path / "cut", objective=Killed())
    assert final_state(tmp_path / "cut")["step"] == 4
    train(photos, tmp_path / "cut", resume=True)
    whole, cut = final_state(finished), final_state(tmp_path / "cut")
    for part in ("network", "average"):
        assert all(torch.equal(whole[part][name], cut[part][name]) for name in whole[part])
    logs = [(run / "log.csv").read_text().splitlines() for run in (finished, tmp_path / "cut")]
    strip = [[line.split(",")[0:1] + line.split(",")[2:] for line in log[1:3]] for log in logs]
    assert strip[0] == strip[1]


class Watching(RRDBObjective):
    """Keeps what it is trained on."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def loss(self, network, lr, hr, *, progress):
        self.seen.append((progress, lr.clone()))
        return super().loss(network, lr, hr, progress=progress)


def test_exported_weights_go_on_where_their_run_was_lost(photos, tmp_path):
    whole, rest = Watching(), Watching()
    train(photos, tmp_path / "whole", objective=whole)
    (tmp_path / "rest").mkdir()
    shutil.copy(tmp_path / "whole" / "log.csv", tmp_path / "rest")
    state = load_file(tmp_path / "whole" / "latest.safetensors")
    train(photos, tmp_path / "rest", objective=rest, start=Start(state, "ab" * 32, step=4))
    for (then, theirs), (now, ours) in zip(whole.seen[4:], rest.seen, strict=True):
        assert then == now
        assert torch.equal(theirs, ours)
    logs = [(tmp_path / run / "log.csv").read_text().splitlines() for run in ("whole", "rest")]
    assert logs[0][:3] == logs[1][:3]
    assert [line.split(",")[0] for line in logs[1]] == ["step", "2", "4", "6"]
    with safe_open(tmp_path / "rest" / "compact.safetensors", "pt") as file:
        facts = file.metadata()
    assert (facts["steps"], facts["started_from"]) == ("6", "ab" * 32 + " at step 4")


@pytest.mark.parametrize(
    ("options", "says"), [({}, "ends after 6 steps"), ({"time_limit": 9.0}, "leave --time out")]
)
def test_a_step_that_no_schedule_has_is_refused(photos, tmp_path, options, says):
    with pytest.raises(InputError, match=says):
        train(photos, tmp_path / "out", start=Start({}, "ab" * 32, step=6), **options)
    assert not (tmp_path / "out").exists()


def test_a_half_written_checkpoint_is_never_taken(run_folder):
    (run_folder / ".checkpoint-00000099.pt.1.part").write_bytes(b"half")
    assert newest_checkpoint(run_folder).name == "checkpoint-00000006.pt"


def test_a_folder_with_a_run_is_not_overwritten(photos, finished):
    with pytest.raises(InputError, match="--resume"):
        train(photos, finished)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"recipe": replace(RECIPE, network={**RECIPE.network, "blocks": 2})}, "network.blocks 1"),
        ({"recipe": replace(RECIPE, seed=1)}, "seed 0, this one 1"),
        ({"recipe": changed(steps=8)}, "optimization.steps 6, this one 8"),
        ({"recipe": changed(ema=0.9)}, "optimization.ema 0.5"),
        ({"time_limit": 60.0}, "--time None, this one 60.0"),
    ],
)
def test_resuming_another_run_is_refused(photos, run_folder, options, says):
    with pytest.raises(InputError, match=says):
        train(photos, run_folder, resume=True, **options)


def test_how_often_a_run_is_looked_at_may_change(photos, run_folder):
    path = run_folder / "compact.safetensors"
    before = path.read_bytes()
    path.unlink()
    train(photos, run_folder, replace(RECIPE, validate_every=1, checkpoint_every=1), resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "broken",
    [
        {"recipe": "[1]"}, {"recipe": "{"}, {"recipe": 3}, {"network": []}, {"network": {"x": 1}},
        {"average": 1}, {"optimizers": []}, {"optimizers": [{}, {}]}, {"seconds": "soon"},
    ],
)  # fmt: skip
def test_a_checkpoint_of_another_shape_is_refused_in_one_line(photos, run_folder, broken):
    path = newest_checkpoint(run_folder)
    torch.save({**load_checkpoint(path), **broken}, path)
    with pytest.raises(InputError, match=r"checkpoint-00000006.pt'[^\n]*$"):
        train(photos, run_folder, resume=True)


def test_a_time_limit_ends_the_run_and_lays_the_schedule_out(photos, tmp_path, monkeypatch):
    """A clock that goes one second a look: two looks a step."""
    clock = itertools.count()
    monkeypatch.setattr(loop.time, "monotonic", lambda: float(next(clock)))
    train(photos, tmp_path, replace(RECIPE, validate_every=1), time_limit=4.0)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["seconds"] for row in rows] == ["1", "2", "3", "4"]
    rates = [float(row["rate"]) for row in rows]
    expected = [(1 + math.cos(math.pi * p)) / 2 for p in (0, 0.25, 0.5, 0.75)]
    assert rates == pytest.approx(expected, rel=1e-5)
    assert (tmp_path / "compact.safetensors").is_file()


def test_a_run_with_a_time_limit_resumes_with_the_time_that_is_left(photos, tmp_path):
    class Slow(RRDBObjective):
        seen: ClassVar = []

        def loss(self, network, lr, hr, *, progress):
            self.seen.append(progress)
            if len(self.seen) == 4:
                raise KeyboardInterrupt
            return super().loss(network, lr, hr, progress=progress)

    recipe = replace(RECIPE, checkpoint_every=1)
    with pytest.raises(KeyboardInterrupt):
        train(photos, tmp_path, recipe, Slow(), time_limit=600.0)
    again = Slow()
    again.seen.clear()
    with pytest.raises(KeyboardInterrupt):
        train(photos, tmp_path, recipe, again, time_limit=600.0, resume=True)
    assert final_state(tmp_path)["step"] == 6
    assert 0 < again.seen[0] < again.seen[-1] < 0.5


def test_a_non_finite_loss_stops_and_names_the_last_good_checkpoint(photos, tmp_path):
    class Diverging(RRDBObjective):
        def loss(self, network, lr, hr, *, progress):
            loss = super().loss(network, lr, hr, progress=progress)
            return loss * float("nan") if progress == 0.5 else loss

    with pytest.raises(TrainingDiverged, match=r"step 3.*checkpoint-00000002\.pt"):
        train(photos, tmp_path, objective=Diverging())
    state = final_state(tmp_path)
    assert all(value.isfinite().all() for value in state["network"].values())


def test_diverging_before_the_first_checkpoint_names_none(photos, tmp_path):
    class Diverging(RRDBObjective):
        def loss(self, network, lr, hr, *, progress):
            return super().loss(network, lr, hr, progress=progress) * float("nan")

    with pytest.raises(TrainingDiverged, match="stopped; there is no checkpoint yet; lower"):
        train(photos, tmp_path, objective=Diverging())


def test_validation_images_are_never_trained_on(photos, tmp_path, monkeypatch):
    seen = []
    load = loop.load_photos
    monkeypatch.setattr(loop, "load_photos", lambda f, side: seen.append(f) or load(f, side))
    train(photos, tmp_path)
    trained, held = seen
    assert len(trained) == 3
    assert len(held) == 2
    assert not set(trained) & set(held)
    assert (tmp_path / "held_out.txt").read_text().split() == [path.name for path in held]


def test_the_log_holds_validation_scores(finished):
    with (finished / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4", "6"]
    assert [row["lr_pixels"] for row in rows] == ["256", "512", "768"]
    assert all(0 < float(row["val_psnr_y"]) < 100 for row in rows)


def test_a_missing_training_folder_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        train(tmp_path / "nowhere", tmp_path / "out")


def test_too_few_images_are_refused(photos, tmp_path):
    greedy = replace(RECIPE, crops=replace(RECIPE.crops, validation=5))
    with pytest.raises(InputError, match=r"5 images are too few.*needs at least 6"):
        train(photos, tmp_path, recipe=greedy)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_asking_for_a_missing_gpu_is_refused(photos, tmp_path):
    with pytest.raises(InputError, match="no CUDA"):
        fit(RECIPE, RRDBObjective(), [photos], tmp_path, device="cuda", progress=False)


@pytest.mark.parametrize(
    ("level", "progress", "disable"),
    [(logging.WARNING, True, None), (logging.WARNING, False, True), (logging.ERROR, True, True)],
)
def test_a_bar_is_for_terminals_and_never_with_q(
    photos, tmp_path, monkeypatch, level, progress, disable
):
    """tqdm's None: shown where stderr is a terminal."""
    seen = []

    class Bar(loop.tqdm):
        def __init__(self, *arguments, **options):
            seen.append(options["disable"])
            super().__init__(*arguments, **{**options, "disable": True})

    monkeypatch.setattr(loop, "tqdm", Bar)
    monkeypatch.setattr(logging.getLogger(), "level", level)
    fit(changed(steps=1), RRDBObjective(), [photos], tmp_path, device="cpu", progress=progress)
    assert seen == [disable]
