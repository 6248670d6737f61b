"""ESRGAN+ and the fusion networks from the shell: trained, put into a folder, run; or missing."""

import numpy as np
import pytest
from PIL import Image

from pdbench import baselines, methods
from pdbench.errors import WeightsUnavailable

TINY = """
size: compact
crops: {batch: 2, lr_side: 8, validation: 1}
optimization: {steps: 1}
"""
RECIPES = {
    "rrdb": "network: {features: 8, blocks: 1, growth: 4}",
    "esrgan-plus": "network: {features: 8, blocks: 1, growth: 4}\n"
    "objective: {perceptual: 0.0, discriminator: {features: 4, levels: 2}}",
    "fusion-l1": "network: {samples: 10, features: 8, blocks: 1}",
}


@pytest.fixture
def photos(tmp_path):
    """Folder of three small photograph-like images."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        coarse = np.random.default_rng(index).integers(0, 256, (6, 6, 3), np.uint8)
        image = Image.fromarray(coarse).resize((48, 48), Image.Resampling.BICUBIC)
        image.save(folder / f"p{index}.png")
    return folder


@pytest.fixture
def train(pdbench, photos, tmp_path):
    """Train a tiny network into a folder as its compact weights; returns the outcome."""

    def call(name, *words):
        recipe = tmp_path / f"{name}.yaml"
        recipe.write_text(f"baseline: {name}\n{RECIPES[name]}\n{TINY}")
        out = tmp_path / f"out-{name}"
        options = ("--config", recipe, "--data", photos, "--out", out, "--device", "cpu")
        outcome = pdbench("train", name, *options, *words)
        if outcome.code == 0:
            folder = tmp_path / "weights"
            folder.mkdir(exist_ok=True)
            (out / "compact.safetensors").rename(folder / f"{name}-compact.safetensors")
        return outcome

    return call


@pytest.fixture
def no_weights(monkeypatch):
    """ESRGAN+ has no weights, as on a machine that never trained it."""
    known = baselines.fingerprint

    def fingerprint(name, *args):
        if name == "esrgan-plus":
            raise WeightsUnavailable("esrgan-plus has no compact weights here; train them")
        return known(name, *args)

    monkeypatch.setattr(baselines, "fingerprint", fingerprint)
    monkeypatch.setitem(methods.SUITES, "table1", ("bicubic", "esrgan-plus"))


def test_trained_networks_are_rows_of_the_table(train, pdbench, photos, tmp_path):
    assert train("esrgan-plus").code == train("fusion-l1").code == 0
    for index in (1, 2):
        (photos / f"p{index}.png").unlink()
    options = ("--dataset", photos, "--metrics", "psnr", "-j", "1")
    outcome = pdbench(
        "run", "--method", "esrgan-plus,fusion-l1", "--weights-dir", tmp_path / "weights", *options
    )
    assert outcome.code == 0, outcome.err
    assert "ESRGAN+" in outcome.out
    assert "Fusion-L1" in outcome.out
    assert "(2 scores computed" in outcome.out


def test_esrgan_plus_starts_from_an_exported_rrdb(train, tmp_path):
    assert train("rrdb").code == 0
    weights = tmp_path / "weights" / "rrdb-compact.safetensors"
    assert train("esrgan-plus", "--from", weights).code == 0


def test_a_start_that_does_not_fit_is_one_line(train, tmp_path):
    outcome = train("rrdb", "--from", tmp_path / "none.safetensors")
    assert (outcome.code, "does not exist" in outcome.line) == (2, True)
    assert train("fusion-l1").code == 0
    outcome = train(
        "esrgan-plus", "--from", tmp_path / "weights" / "fusion-l1-compact.safetensors"
    )
    assert outcome.code == 2
    assert "holds no RRDB" in outcome.line


@pytest.mark.usefixtures("no_workers")
def test_a_suite_leaves_out_what_has_no_weights_and_says_why(no_weights, pdbench, photos):
    options = ("--dataset", photos, "--metrics", "psnr", "-j", "1")
    outcome = pdbench("run", "--suite", "table1", *options)
    assert outcome.code == 0
    assert outcome.line == (
        "left out: esrgan-plus: esrgan-plus has no compact weights here; train them"
    )
    assert "Bicubic" in outcome.out


def test_a_method_without_weights_that_is_named_is_refused(no_weights, refused, photos):
    line = refused("run", "--method", "esrgan-plus", "--dataset", photos, "--metrics", "psnr")
    assert "train them" in line
