"""A run is decided by recipe and seed: twice, interrupted, in parts, from prepared data."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from pdbench.baselines.rrdb.objective import RRDBObjective
from pdbench.baselines.srflow_da.objective import SRFlowDAObjective
from pdbench.data.prepare import prepare_photos
from pdbench.errors import InputError
from pdbench.training import log
from pdbench.training.checkpoint import load_checkpoint, newest_checkpoint
from pdbench.training.loop import fit
from pdbench.training.recipe import Crops, Optimization, Recipe

ROOT = Path(__file__).resolve().parents[2]
RRDB = Recipe(
    baseline="rrdb",
    size="compact",
    network={"features": 8, "blocks": 1, "growth": 4},
    crops=Crops(batch=4, lr_side=8, graphics=0.3, saturate=0.3, validation=2),
    optimization=Optimization(steps=4, lr=1e-3, clip=10.0, ema=0.5),
    validate_every=4,
)
FLOW = replace(
    RRDB,
    baseline="srflow-da",
    network={"features": 8, "blocks": 1, "growth": 4, "taps": [0], "steps": 1, "hidden": 4,
             "depth": 1, "floor": 0.2, "published": False},
    crops=replace(RRDB.crops, batch=2),
    optimization=replace(RRDB.optimization, steps=8, optimizer="muon", precision="bf16"),
    objective={"frozen": 0.5},
    validate_every=2,
    checkpoint_every=2,
)  # fmt: skip


def recorded(kind, recipe, *, die_at=None):
    """Return an objective that keeps its losses, and the list it keeps them in."""
    losses = []

    class Recorded(kind):
        def loss(self, network, lr, hr, *, progress):
            if die_at is not None and round(progress * recipe.optimization.steps) == die_at:
                raise KeyboardInterrupt
            value = super().loss(network, lr, hr, progress=progress)
            losses.append(value.item())
            return value

    return Recorded(), losses


def train(recipe, data, out, kind=RRDBObjective, *, die_at=None, **options):
    objective, losses = recorded(kind, recipe, die_at=die_at)
    fit(recipe, objective, [data], out, device="cpu", progress=False, **options)
    return losses


def test_two_runs_of_one_seed_have_the_same_first_50_losses(five_photos, tmp_path):
    recipe = replace(
        FLOW,
        crops=replace(FLOW.crops, lr_side=4, graphics=0.0),
        optimization=replace(FLOW.optimization, steps=50, precision="float32"),
        validate_every=50,
        checkpoint_every=50,
    )
    first, second = (train(recipe, five_photos, tmp_path / n, SRFlowDAObjective) for n in "ab")
    assert len(first) == 50
    assert len(set(first)) == 50
    assert first == second


def test_another_seed_gives_other_losses(five_photos, tmp_path):
    recipe = replace(RRDB, optimization=replace(RRDB.optimization, steps=1))
    a = train(recipe, five_photos, tmp_path / "a")
    # numpy takes seeds below 2^32 only, and every step has its own
    b = train(replace(recipe, seed=2**32 - 1), five_photos, tmp_path / "b")
    assert a != b


def same(a, b):
    """Compare everything a checkpoint holds, but for the time that was spent."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return all(same(a[key], b[key]) for key in a if key != "seconds")
    if isinstance(a, list):
        return len(a) == len(b) and all(same(*pair) for pair in zip(a, b, strict=True))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def test_a_run_killed_by_signal_9_and_resumed_exports_the_same_bytes(five_photos, tmp_path):
    recipe = replace(FLOW, optimization=replace(FLOW.optimization, steps=30), validate_every=30)
    (tmp_path / "recipe.yaml").write_text(json.dumps(asdict(recipe)))  # JSON is YAML
    words = ["--config", tmp_path / "recipe.yaml", "--data", five_photos, "--device", "cpu"]
    command = [sys.executable, "-m", "pdbench", "train", "srflow-da", "--threads", "1", *words]

    def start(out, *more):
        return subprocess.Popen(
            [*map(str, command), "--out", str(tmp_path / out), *more],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip

    victim = start("cut")
    while victim.poll() is None and newest_checkpoint(tmp_path / "cut") is None:
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    assert not (tmp_path / "cut" / "compact.safetensors").exists()
    runs = [start("cut", "--resume"), start("whole")]
    assert [run.wait() for run in runs] == [0, 0]
    one, other = (tmp_path / run / "compact.safetensors" for run in ("cut", "whole"))
    assert one.read_bytes() == other.read_bytes()
    assert (tmp_path / "cut" / "curves.svg").is_file()


@pytest.mark.parametrize("die_at", [3, 6])
def test_an_interrupted_run_ends_bit_for_bit_like_an_undisturbed_one(
    five_photos, tmp_path, die_at, whole_flow
):
    """The latents, the noise, bfloat16, a frozen part, Muon's and Adam's moments, the average."""
    losses, final, rows = whole_flow
    with pytest.raises(KeyboardInterrupt):
        train(FLOW, five_photos, tmp_path, SRFlowDAObjective, die_at=die_at)
    again = train(FLOW, five_photos, tmp_path, SRFlowDAObjective, resume=True)
    assert again == losses[die_at // 2 * 2 :]
    assert same(load_checkpoint(newest_checkpoint(tmp_path)), final)
    assert untimed(tmp_path / "log.csv") == rows


def test_a_row_of_a_resumed_run_has_the_steps_before_the_interruption(five_photos, tmp_path):
    """Checkpoints at 2, rows at 4: the mean is over all four steps, as in an undisturbed run."""
    recipe = replace(RRDB, checkpoint_every=2)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, five_photos, tmp_path / "cut", die_at=3)
    train(recipe, five_photos, tmp_path / "cut", resume=True)
    train(recipe, five_photos, tmp_path / "whole")
    assert untimed(tmp_path / "cut" / "log.csv") == untimed(tmp_path / "whole" / "log.csv")


@pytest.fixture(scope="module")
def whole_flow(five_photos, tmp_path_factory):
    """An undisturbed run: its losses, last checkpoint and log."""
    out = tmp_path_factory.mktemp("whole")
    losses = train(FLOW, five_photos, out, SRFlowDAObjective)
    return losses, load_checkpoint(newest_checkpoint(out)), untimed(out / "log.csv")


def untimed(path):
    rows = [line.split(",") for line in path.read_text().splitlines()]
    assert rows[0][1] == "seconds"
    return [[cell for i, cell in enumerate(row) if i != 1] for row in rows]


@pytest.mark.parametrize("parts", [2, 4])
def test_a_batch_in_parts_gives_the_same_steps(five_photos, tmp_path, parts):
    whole = train(RRDB, five_photos, tmp_path / "whole")
    recipe = replace(RRDB, optimization=replace(RRDB.optimization, accumulate=parts))
    pieces = train(recipe, five_photos, tmp_path / "parts")
    assert len(pieces) == parts * len(whole)
    means = torch.tensor(pieces).view(-1, parts).mean(1)
    torch.testing.assert_close(means, torch.tensor(whole), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("parts", [3, 8])
def test_a_batch_that_cannot_be_divided_is_refused(five_photos, tmp_path, parts):
    recipe = replace(RRDB, optimization=replace(RRDB.optimization, accumulate=parts))
    with pytest.raises(InputError, match="cannot be shared evenly by 1 processes"):
        train(recipe, five_photos, tmp_path)


def test_prepared_data_gives_the_same_losses(five_photos, tmp_path):
    prepare_photos([five_photos], tmp_path / "ready", progress=False)
    plain = train(RRDB, five_photos, tmp_path / "a")
    assert train(RRDB, tmp_path / "ready", tmp_path / "b") == plain
    held = [(tmp_path / run / "held_out.txt").read_text() for run in "ab"]
    assert held[0] == held[1]


def test_crops_cut_by_worker_processes_are_the_same(five_photos, tmp_path):
    prepare_photos([five_photos], tmp_path / "ready", progress=False)
    alone = train(RRDB, tmp_path / "ready", tmp_path / "a")
    assert train(RRDB, tmp_path / "ready", tmp_path / "b", workers=2) == alone


def test_tensorboard_gets_the_rows_of_the_log(five_photos, tmp_path):
    pytest.importorskip("tensorboard")
    train(RRDB, five_photos, tmp_path, tensorboard=True)
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"val_psnr_y" in events.read_bytes()


def test_a_missing_tensorboard_is_one_clear_line(five_photos, tmp_path, monkeypatch):
    monkeypatch.setitem(log.__dict__["__builtins__"], "__import__", _without_tensorboard)
    with pytest.raises(InputError, match=r"pip install 'pdbench\[tensorboard\]'"):
        train(RRDB, five_photos, tmp_path, tensorboard=True)


def _without_tensorboard(name, *arguments, real=__import__):
    if "tensorboard" in name:
        raise ImportError(name)
    return real(name, *arguments)
