"""Model files: a board names those it accepts, and a difference of files accuses nobody."""

import json

import pytest
from scipy.io import savemat
from synthetic_weights import random_ma_model

import pdbench as api
from pdbench.errors import InputError
from pdbench.leaderboard import read_board
from pdbench.weights import sha256_of

from .conftest import CARD, NAMES, edit, failures, photograph, restore, submit


def ma_model(folder, trees):
    """Write a random model of Ma; return its sha256."""
    folder.mkdir()
    savemat(folder / "NRQM_model.mat", random_ma_model(trees=trees))
    return sha256_of(folder / "NRQM_model.mat")


def accept(board, digest):
    (board / "models.json").write_text(json.dumps({"NRQM_model.mat": digest}), encoding="utf-8")


def test_a_published_model_file_is_held_to_its_sha256(board, made, data_root):
    card = {**CARD, "name": "Third"}
    submit(board, "third", made / "third", data_root, card, metrics=("psnr", "lpips-vgg"))
    third = board / "submissions" / "third"
    edit(third, lambda p: p["models"].update({"vgg16_features.safetensors": "0" * 64}))
    text = failures(board, "third")
    assert "lpips-vgg was made with another model file: vgg16_features.safetensors" in text
    assert "the board accepts" in text


def test_another_model_file_is_named_and_accuses_nobody(board, tmp_path, monkeypatch):
    images, data = tmp_path / "sr", tmp_path / "data" / "Set5" / "HR"
    for folder in (images, data):
        folder.mkdir(parents=True)
    for seed, name in enumerate(NAMES):
        photograph(seed, side=128).save(data / f"{name}.png")
        restore(data / f"{name}.png", images / f"{name}.png", strength=6, seed=seed)
    root, card = tmp_path / "data", {**CARD, "name": "Third"}
    theirs, ours = (ma_model(tmp_path / owner, trees) for trees, owner in enumerate("ab", 3))
    ma = r"needs NRQM_model\.mat, of which this board accepts none"

    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path / "a"))
    with pytest.raises(InputError, match=ma):
        submit(board, "third", images, root, card, metrics=("psnr", "ma"))
    accept(board, theirs)
    submit(board, "third", images, root, card, metrics=("psnr", "ma"))
    (found,) = api.verify("third", board=board, sr=images, data_root=root, jobs=1)
    assert (found.failures, found.level) == ([], "re-scored")

    monkeypatch.setenv("PDBENCH_WEIGHTS", str(tmp_path / "b"))
    (found,) = api.verify("third", board=board, sr=images, data_root=root, jobs=1)
    assert (found.failures, found.level) == ([], "self-reported")
    said = (
        f"made with another model file (NRQM_model.mat of sha256 {theirs[:12]}, here {ours[:12]})"
    )
    assert said in found.notes[0]
    accept(board, ours)
    text = failures(board, "third", sr=images, data_root=root)
    assert f"ma was made with another model file: NRQM_model.mat has sha256 {theirs[:12]}" in text
    assert "not those of these images" not in text


def test_a_damaged_list_of_accepted_files_is_named(board):
    (board / "models.json").write_text('{"NRQM_model.mat": 7}', encoding="utf-8")
    with pytest.raises(InputError, match=r"'models\.json' is damaged"):
        read_board(board)
