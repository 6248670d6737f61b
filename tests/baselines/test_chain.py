"""`train all`: every network after those it starts from, with their new weights, resumable."""

import os
from pathlib import Path

import pytest
from safetensors.torch import save_file
from torch import ones

from pdbench.baselines import BASELINES, training
from pdbench.baselines.training import train_all, training_order
from pdbench.errors import InputError, WeightsUnavailable


@pytest.fixture
def trained(monkeypatch):
    """Replace training by a record of it: (network, where its origins' weights come from)."""
    calls = []

    def train(name, data, out, *, config, resume, **options):
        assert resume
        origins = [
            BASELINES.get(origin).weights_path(config) for origin in BASELINES.get(name).after
        ]
        calls.append((name, origins))
        path = out / f"{config}.safetensors"
        out.mkdir(parents=True, exist_ok=True)
        save_file({"x": ones(1)}, path)
        return path

    monkeypatch.setattr(training, "train", train)
    return calls


def test_no_network_comes_before_one_it_starts_from():
    order = [baseline.id for baseline in training_order()]
    assert sorted(order) == sorted(BASELINES.ids())
    for baseline in BASELINES:
        assert all(order.index(name) < order.index(baseline.id) for name in baseline.after)


def test_the_flow_and_the_gan_start_from_rrdb_and_fusion_from_the_flow():
    after = {baseline.id: baseline.after for baseline in BASELINES}
    assert after == {
        "rrdb": (),
        "srflow-da": ("rrdb",),
        "esrgan-plus": ("rrdb",),
        "fusion-l1": ("srflow-da",),
        "fusion-lpips": ("srflow-da",),
    }


@pytest.mark.parametrize("config", ["compact", "paper"])
def test_each_starts_from_what_was_trained_before_it(trained, tmp_path, config):
    paths = train_all([Path()], tmp_path, config=config)
    assert paths == [tmp_path / b.id / f"{config}.safetensors" for b in training_order()]
    for name, origins in trained:
        expected = [
            tmp_path / origin / f"{config}.safetensors" for origin in BASELINES.get(name).after
        ]
        assert origins == expected


def test_what_is_finished_is_not_trained_again(trained, tmp_path):
    train_all([Path()], tmp_path)
    for name in ("fusion-l1", "fusion-lpips"):
        (tmp_path / name / "compact.safetensors").unlink()
    trained.clear()
    train_all([Path()], tmp_path, resume=True)
    assert [name for name, _ in trained] == ["fusion-l1", "fusion-lpips"]


def test_a_folder_in_use_is_not_taken_over(trained, tmp_path):
    train_all([Path()], tmp_path)
    with pytest.raises(InputError, match="add --resume"):
        train_all([Path()], tmp_path)


def test_the_users_own_weights_are_still_searched_after_the_chains(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path / "mine"))
    seen = []
    train = training.train
    monkeypatch.setattr(
        training,
        "train",
        lambda *a, **k: seen.append(os.environ["PDBENCH_WEIGHTS"]) or train(*a, **k),
    )
    train_all([Path()], tmp_path / "out")
    assert set(seen) == {os.pathsep.join([str(tmp_path / "out"), str(tmp_path / "mine")])}
    assert os.environ["PDBENCH_WEIGHTS"] == str(tmp_path / "mine")


def test_a_recipe_file_serves_one_network_only(tmp_path):
    with pytest.raises(InputError, match="--config is compact or paper"):
        train_all([Path()], tmp_path, config="mine.yaml")


def test_trained_weights_are_found_in_the_folder_of_the_chain(tmp_path, monkeypatch):
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsUnavailable):
        BASELINES.get("rrdb").weights_path("paper")
    (tmp_path / "rrdb").mkdir()
    (tmp_path / "rrdb" / "paper.safetensors").touch()
    assert BASELINES.get("rrdb").weights_path("paper") == tmp_path / "rrdb" / "paper.safetensors"


def test_weights_are_found_in_the_folder_that_one_training_was_given(tmp_path, monkeypatch):
    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path))
    path = tmp_path / "compact.safetensors"
    ships = BASELINES.get("srflow-da").weights_path("compact")
    save_file({"x": ones(1)}, path, metadata={"baseline": "rrdb", "network": "{}"})
    assert BASELINES.get("rrdb").weights_path("compact") == path
    assert BASELINES.get("srflow-da").weights_path("compact") == ships
    save_file({"x": ones(1)}, path)  # of somebody else
    assert BASELINES.get("rrdb").weights_path("compact") != path
    path.write_bytes(b"half")
    with pytest.raises(InputError, match=r"compact\.safetensors' is damaged"):
        BASELINES.get("rrdb").weights_path("compact")
