"""Images made from the HR image are held for review; no honest row is."""

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pdbench.api.leaderboard import verify
from pdbench.data.datasets import open_dataset
from pdbench.images import load_image
from pdbench.leaderboard import read_board
from pdbench.leaderboard.plausibility import BOUNDS, GRAIN, detail, grain, implausible
from pdbench.leaderboard.scoring import rgb_levels
from pdbench.leaderboard.site import render_site

from .conftest import CARD, submit

BOARD = Path(__file__).parents[2] / "leaderboard"
DATA = Path(os.environ.get("PDBENCH_TEST_DATA", "")) / "data"
SETS = {"set5": "Set5", "set14": "Set14"}


def rounded(levels):
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def jpeg(levels, quality):
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream).convert("RGB"))


def noise(levels, strength):
    return NOISE.normal(0, strength, levels.shape)


NOISE = np.random.default_rng(0)
CHEATS = {
    "one level": lambda hr, sr: rounded(hr + NOISE.integers(-1, 2, hr.shape)),
    "noise of 5": lambda hr, sr: rounded(hr + noise(hr, 5)),
    "JPEG 95": lambda hr, sr: jpeg(hr, 95),
    "JPEG 75": lambda hr, sr: jpeg(hr, 75),
    "half HR": lambda hr, sr: rounded(0.5 * hr + 0.5 * sr),
    "a third HR": lambda hr, sr: rounded(0.33 * hr + 0.67 * sr),
}
LITTLE = {
    "a twentieth HR": lambda hr, sr: rounded(0.05 * hr + 0.95 * sr),
    "a twentieth HR, noise": lambda hr, sr: rounded(0.05 * hr + 0.95 * sr + noise(hr, 3)),
    "shifted HR": lambda hr, sr: np.roll(hr, 1, axis=1),
}


def psnr(first, second):
    return 10 * np.log10(255**2 / np.mean((first.astype(float) - second) ** 2))


@pytest.mark.parametrize("cheat", CHEATS)
def test_images_made_from_the_hr_image_take_no_rank(cheat, board, made, data_root, tmp_path):
    (tmp_path / "sr").mkdir()
    for file in (data_root / "Set5" / "HR").iterdir():
        hr = np.asarray(Image.open(file))
        sr = np.asarray(Image.open(made / "third" / file.name))
        Image.fromarray(CHEATS[cheat](hr, sr)).save(tmp_path / "sr" / file.name)
    done = submit(board, "novel", tmp_path / "sr", data_root, {**CARD, "name": "Novel"})
    assert "implausible, held for review" in " ".join(done.warnings)
    (found,) = verify("novel", board=board, sr=tmp_path / "sr", data_root=data_root, jobs=1)
    assert "implausible, held for review" in found.notes[0]
    site = render_site(read_board(board))
    assert b"held for review" in site["methods/novel.html"]
    assert b"novel" not in site["data/set5-paper.csv"]


def test_no_row_of_the_board_is_held():
    for entry in read_board(BOARD).entries:
        asked = replace(entry, provenance=entry.provenance.model_copy(update={"way": "images"}))
        assert implausible(asked) == "", entry.id


@pytest.mark.skipif(not (DATA / "outside").is_dir(), reason="PDBENCH_TEST_DATA lacks outside/")
@pytest.mark.parametrize("dataset", SETS)
def test_published_networks_are_below_the_bounds_and_cheats_on_them_above(dataset):
    found = {}
    for pair in open_dataset(dataset, DATA / "test").pairs:
        hr = rgb_levels(pair.load()[1])
        height, width = hr.shape[:2]
        outputs = {
            name: rgb_levels(
                load_image(DATA / "outside" / name / SETS[dataset] / f"{pair.name}.png")
            )[:height, :width]
            for name in ("imdn", "pan")
        }
        made = {("imdn", name): cheat(hr, outputs["imdn"]) for name, cheat in CHEATS.items()}
        for network, levels in outputs.items():
            made |= {(network, name): cheat(hr, levels) for name, cheat in LITTLE.items()}
        outputs |= made
        for name, levels in outputs.items():
            values = psnr(levels, hr), detail(levels, hr), grain(levels, hr)
            found.setdefault(name, []).append(values)
    means = {name: np.mean(values, axis=0) for name, values in found.items()}
    bounds = (*BOUNDS[dataset], GRAIN)
    assert {name for name, mean in means.items() if (abs(mean) <= bounds).all()} == {"imdn", "pan"}
    for name in ("imdn", "pan"):
        assert means[name][2] < 0.015
        assert means[name, "a twentieth HR"][2] == pytest.approx(0.05, abs=0.015)
