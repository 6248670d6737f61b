"""The script for a short stay on a GPU, on a CPU."""

import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import safe_open

from pdbench.training.recipe import Crops

SCRIPT = Path(__file__).parents[2] / "examples" / "train_on_gpu.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("train_on_gpu", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_packed_photographs_stay_below_the_limit_and_are_spread(script, five_photos, tmp_path):
    size = sum(path.stat().st_size for path in five_photos.iterdir())
    assert script.pack([five_photos], tmp_path / "all") == size
    part = script.pack([five_photos], tmp_path / "part", most_bytes=size // 2)
    assert size // 4 < part <= size // 2
    names = [path.name for path in sorted((tmp_path / "part").rglob("*.png"))]
    assert 1 <= len(names) <= 3
    assert names[-1] > "photo2.png"


def test_a_larger_batch_raises_the_rates_by_its_root(script):
    recipe = script.large_batch("rrdb", 64)
    assert recipe.crops.batch == 64
    assert recipe.optimization.muon_lr == pytest.approx(4e-2)
    assert recipe.network == script.large_batch("rrdb", 4).network


def test_both_networks_are_trained_in_the_time_and_the_flow_starts_from_rrdb(
    script, five_photos, tmp_path, monkeypatch
):
    monkeypatch.setenv("PDBENCH_WEIGHTS", "")
    crops = Crops(batch=2, lr_side=8, validation=1)
    recipes = {
        name: replace(script.large_batch(name, 2), crops=crops, network=network)
        for name, network in {
            "rrdb": {"features": 8, "blocks": 1, "growth": 4},
            "srflow-da": {"features": 8, "blocks": 1, "growth": 4, "taps": [0], "steps": 1,
                          "hidden": 4, "depth": 1, "skip": "input", "published": False},
        }.items()
    }  # fmt: skip
    weights = script.train(five_photos, tmp_path, 2.0, recipes, device="cpu")
    assert weights == [tmp_path / name / "compact.safetensors" for name in recipes]
    for path in weights:
        with safe_open(path, "pt") as file:
            assert int(file.metadata()["lr_pixels"]) > 0
    made = [path.read_bytes() for path in weights]
    assert script.train(five_photos, tmp_path, 2.0, recipes, device="cpu") == weights
    assert [path.read_bytes() for path in weights] == made
    assert os.environ["PDBENCH_WEIGHTS"] == ""
