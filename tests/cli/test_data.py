"""`pdbench data`: sets get into place, photographs are laid out, mistakes are one line."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pdbench import weights
from pdbench.data import downloads
from pdbench.data.datasets import open_dataset, open_folders


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    for index in range(2):
        pixels = np.random.default_rng(index).integers(0, 256, (40, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{index}.png")


def test_photographs_are_prepared_and_can_be_trained_on(pdbench, photos, monkeypatch):
    outcome = pdbench("data", "prepare", "--data", "photos", "--out", "ready")
    assert outcome.out == "Prepared: ready (2 photographs)\n"
    # held out are forty by the recipe: that it counts two shows that the folder was understood
    line = pdbench("train", "rrdb", "-q", "--data", "ready", "--out", "o", "--device", "cpu").line
    assert "2 images are too few: 40 are held out" in line


def test_a_test_set_is_exported_as_it_is_scored(pdbench, photos, tmp_path):
    outcome = pdbench("data", "export", "builtin", "-o", "out")
    assert outcome.out == f"Images: {Path('out/LR')}\nImages: {Path('out/HR')}\n"
    there = open_dataset("builtin")
    exported = open_folders(tmp_path / "out" / "HR", tmp_path / "out" / "LR")
    assert exported.sha256() == there.sha256()
    assert pdbench("data", "export", "builtin", "-o", "out").code == 0
    line = pdbench("data", "export", "./photos", "-o", "out").line
    assert "'out/LR' holds other files" in line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("prepare", "--data", "nowhere", "--out", "o"), "'nowhere' does not exist"),
        (("prepare", "--data", "empty", "--out", "o"), "no images below empty"),
        (("prepare", "--data", "photos/0.png", "--out", "o"), "'photos/0.png' is a file"),
        (("prepare", "--data", "photos", "--out", "photos/0.png"), "cannot make folder"),
        (("prepare", "--data", "photos", "--out", "photos/0.png/o"), "change --out"),
        (("prepare", "--out", "o"), "--data"),
        (("prepare", "--data", "photos", "--out", "o", "-j", "0"), "-j"),
        (("get", "set6", "--data-root", "."), "did you mean set5"),
        (("get", "set5"), "--data-root"),
        (("export", "set6", "-o", "o"), "did you mean set5"),
        (("export", "builtin"), "-o"),
        (("export", "builtin", "-o", "photos/0.png"), "cannot write images"),
        (("got", "set5"), "No such command 'got'"),
    ],
)
def test_a_mistake_is_one_line(words, says, refused, photos, tmp_path):
    (tmp_path / "empty").mkdir()
    assert says in refused("data", *words)


def test_a_host_that_cannot_be_reached_is_one_line(refused, monkeypatch):
    monkeypatch.setattr(weights, "_unreachable", {})
    monkeypatch.setenv("PDBENCH_OFFLINE", "")
    archive = downloads.Archive(url="http://127.0.0.1:9/Set5.zip", folder="Set5/HR", images=5)
    monkeypatch.setattr(downloads, "ARCHIVES", {"set5": (archive,)})
    line = refused("data", "get", "set5", "--data-root", "root")
    assert "cannot get set5: 127.0.0.1 cannot be reached" in line
