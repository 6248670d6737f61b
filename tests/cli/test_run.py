"""`pdbench run`: real runs on tiny images, and what it refuses."""

import contextlib
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import pdbench as api
from pdbench.baselines import BASELINES, fingerprint, open_baseline
from pdbench.baselines.baseline import read_weights
from pdbench.cli import main
from pdbench.cli.options import parse_memory, split_commas
from pdbench.harness.executors import LocalExecutor
from pdbench.harness.store import RunStore
from pdbench.methods import METHODS
from pdbench.weights import settings

pytestmark = pytest.mark.usefixtures("no_workers")
CHEAP = ("--metrics", "psnr,ssim", "-j", "1")


def draw(path, side=48, seed=0):
    """Save a photograph-like image: noise without high frequencies."""
    coarse = np.random.default_rng(seed).integers(0, 256, (side // 8, side // 8, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def photos(tmp_path):
    """Folder of two small images."""
    for index in range(2):
        draw(tmp_path / "photos" / f"p{index}.png", seed=index)
    return tmp_path / "photos"


@dataclass
class Scored:
    """One real run, made once, and what it printed."""

    home: Path
    out: str


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    for index in range(2):
        draw(home / "photos" / f"p{index}.png", seed=index)
    words = ["run", "--method", "bicubic", "--dataset", "./photos", "--export", "results", *CHEAP]
    printed = io.StringIO()
    with contextlib.chdir(home), contextlib.redirect_stdout(printed):
        assert main(words) == 0
    return Scored(home, printed.getvalue())


def test_a_run_prints_its_table_and_says_where_scores_are(scored):
    assert "Bicubic" in scored.out
    assert "2/2" in scored.out
    assert "Scores: runs/photos (4 scores computed, 0 kept)" in scored.out
    assert "pdbench plot runs/photos" in scored.out


def test_the_second_time_nothing_is_scored(scored, pdbench, monkeypatch):
    monkeypatch.chdir(scored.home)
    second = pdbench("run", "--method", "bicubic", "--dataset", "./photos", *CHEAP)
    table, _, rest = second.out.partition("Scores:")
    assert table == scored.out.partition("Scores:")[0]
    assert "(0 scores computed, 4 kept)" in rest


def test_a_dry_run_says_what_is_missing_and_writes_nothing(scored, pdbench, monkeypatch):
    monkeypatch.chdir(scored.home)
    before = sorted(scored.home.rglob("*"))
    words = ("run", "--method", "bicubic", "--dataset", "./photos", "--dry-run")
    new = pdbench(*words, *CHEAP, "-o", "new").out
    assert "Would score 2 images: 4 scores\n  bicubic: psnr (2 images), ssim (2 images)" in new
    assert "Time:    unknown; no run in this folder has timed bicubic" in new
    assert "Would score 0 images: 0 scores" in pdbench(*words, *CHEAP).out
    again = pdbench(*words, "--metrics", "psnr", "--force").out
    assert "Would score 2 images: 2 scores" in again
    assert re.search(r"Time:    about \d+ s for one process, by earlier runs", again)
    monkeypatch.setenv("HOME", str(scored.home / "nobody"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(scored.home / "nothing"))
    more = pdbench(*words, "--metrics", "psnr,pieapp").out
    assert "bicubic: pieapp (2 images)\nTime:    unknown" in more
    assert "Missing: PieAPP" in more
    assert sorted(scored.home.rglob("*")) == before


def test_a_run_folder_becomes_a_table_and_a_page(scored, pdbench, tmp_path):
    folder = scored.home / "runs" / "photos"
    assert pdbench("table", folder).out.strip() in scored.out
    assert pdbench("plot", folder, "-y", "ssim", "-o", "p.html").code == 0
    assert (tmp_path / "p.html").is_file()


def test_an_export_gives_the_same_table(scored, pdbench):
    assert "Export: results/photos_x4" in scored.out
    assert pdbench("table", scored.home / "results" / "photos_x4").out.strip() in scored.out


def test_a_network_runs_in_worker_processes(pdbench, photos, monkeypatch):
    monkeypatch.setattr("pdbench.harness.runner.LocalExecutor", LocalExecutor)
    outcome = pdbench("run", "--method", "rrdb,bicubic", "--dataset", photos, "--metrics", "psnr")
    assert outcome.code == 0
    assert outcome.out.index("Bicubic") < outcome.out.index("RRDB")  # the paper's order


@pytest.fixture
def broken(monkeypatch):
    """Bicubic, with a bug in it, in this process."""

    def crash(lr, bank):
        raise ZeroDivisionError("a \x1b[31mbug")

    method = replace(METHODS.get("bicubic"), run=crash)
    monkeypatch.setitem(METHODS._entries, "bicubic", method)


def test_a_failing_method_is_one_line_and_the_others_are_kept(broken, pdbench, photos):
    words = ("run", "--method", "bicubic,rrdb", "--dataset", photos, "--metrics", "psnr")
    outcome = pdbench(*words)
    assert outcome.code == 1
    assert outcome.line == (
        "pdbench: failed: bicubic on p0, p1: ZeroDivisionError: a \\x1b[31mbug"
    )
    assert "(2 scores computed, 0 kept)" in outcome.out
    assert "failed: ZeroDivisionError" in outcome.out
    shown = pdbench(*words, "--traceback")
    assert "in crash" in shown.err
    assert "(0 scores computed, 2 kept)" in shown.out


def test_a_run_without_any_score_fails(pdbench, photos, monkeypatch):
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    for name in ("TORCH_HOME", "XDG_CACHE_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(photos))
    outcome = pdbench("run", "--method", "bicubic", "--dataset", photos, "--metrics", "pieapp")
    assert outcome.code == 1
    assert outcome.line.startswith("pdbench: nothing could be scored: PieAPP")
    assert "(0 scores computed, 0 kept)" in outcome.out


def test_a_networks_weights_are_taken_from_the_weights_folder(tmp_path):
    state, _ = read_weights(BASELINES.get("rrdb").weights_path("compact"))
    torch.save(state, tmp_path / "rrdb-compact.pth")
    lr = torch.rand(1, 3, 8, 8)
    ours = fingerprint("rrdb"), open_baseline("rrdb").restore(lr)
    with settings(weights_dir=tmp_path):
        given = fingerprint("rrdb"), open_baseline("rrdb").restore(lr)
    assert given[0] != ours[0]
    assert torch.equal(given[1], ours[1])


def test_the_python_call_is_the_command(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = api.run(["bicubic"], dataset=str(photos), metrics=["psnr"], jobs=1)
    assert [score.metric for score in report.record.scores] == ["psnr", "psnr"]
    assert "Bicubic" in api.table(report.folder)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--method"),
        (("--method", "bicubik"), "did you mean bicubic?"),
        (("--method", "median-0"), "from 1"),
        (("--method", "average--3"), "from 1"),
        (("--method", "srflow-da[tau=-0.1]"), "tau"),
        (("--method", "median-05"), "median-5"),
        (("--suite", "table2"), "did you mean table1?"),
        (("--method", "bicubic", "--metrics", "lpips"), "did you mean lpips-vgg"),
        (("--method", "bicubic", "--dataset", "buildin"), "did you mean builtin?"),
        (("--method", "bicubic", "--dataset", "set5"), "--data-root"),
        (("--method", "bicubic", "--dataset", "no/where"), "'no/where' does not exist"),
        (("--method", "bicubic", "--dataset", "set5", "--data-root", "no"), "'no' does not exist"),
        (("--method", "bicubic", "--protocol", "papers"), "did you mean paper?"),
        (("--method", "bicubic", "--device", "gpu"), "choose cpu"),
        (("--method", "bicubic", "-j", "0"), "-j"),
        (("--method", "bicubic", "--seed", "x"), "--seed"),
        (("--method", "bicubic", "--max-memory", "much"), "4GiB"),
        (("--method", "bicubic", "--weights-dir", "none"), "no weights folder 'none'"),
        (("--method", "rrdb", "--size", "paper"), "pdbench train rrdb --config paper"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(words, says, refused, tmp_path):
    assert says in refused("run", *words)
    assert not (tmp_path / "runs").exists()


def test_a_gpu_that_is_not_there_is_one_line(refused, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "no GPU" in refused("run", "--method", "bicubic", "--device", "cuda")


def test_a_corrupt_image_is_named_and_nothing_is_written(refused, photos, tmp_path):
    (photos / "p1.png").write_bytes(b"\x89PNG, or rather not")
    assert "p1.png" in refused("run", "--method", "bicubic", "--dataset", photos)
    assert not (tmp_path / "runs").exists()


def test_a_missing_partner_is_named(refused, photos):
    draw(photos / "HR" / "a.png")
    draw(photos / "HR" / "b.png")
    draw(photos / "LR_bicubic" / "X4" / "ax4.png", side=16)
    assert "b.png" in refused("run", "--method", "bicubic", "--dataset", photos)


def test_a_size_mismatch_is_named(refused, photos):
    draw(photos / "HR" / "a.png")
    draw(photos / "LR_bicubic" / "X4" / "ax4.png", side=16)
    assert "ax4.png" in refused("run", "--method", "bicubic", "--dataset", photos)


def test_an_empty_folder_is_one_line(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no image" in refused("run", "--method", "bicubic", "--dataset", "./empty")


def test_two_runs_in_one_folder_are_refused(refused, photos, tmp_path):
    with RunStore(tmp_path / "here"):
        line = refused("run", "--method", "bicubic", "--dataset", photos, "-o", "here", *CHEAP)
    assert "another run is writing to 'here'" in line


def test_an_output_folder_that_cannot_be_made_is_one_line(refused, photos, tmp_path):
    (tmp_path / "file").write_text("mine")
    line = refused("run", "--method", "bicubic", "--dataset", photos, "-o", "file/run", *CHEAP)
    assert "file/run" in line
    assert (tmp_path / "file").read_text() == "mine"


def test_a_foreign_file_in_the_run_folder_survives(refused, photos, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "scores.sqlite").write_text("somebody else's, not a database at all")
    words = ("--method", "bicubic", "--dataset", photos, "-o", "here")
    assert "scores.sqlite" in refused("run", *words, *CHEAP)
    assert (tmp_path / "here" / "scores.sqlite").read_text().startswith("somebody")


def test_a_damaged_checkpoint_is_one_line(refused, photos, tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "rrdb-paper.safetensors").write_bytes(b"not a checkpoint")
    words = ("--method", "rrdb", "--size", "paper", "--weights-dir", "weights")
    assert "rrdb-paper.safetensors" in refused("run", *words, "--dataset", photos, *CHEAP)


@pytest.mark.parametrize(
    ("text", "amount"), [("4GiB", 4 * 2**30), ("1.5g", 3 * 2**29), ("512M", 2**29)]
)
def test_memory_is_read_with_its_unit(text, amount):
    assert parse_memory(None, None, text) == amount


def test_ids_are_split_at_commas_outside_brackets():
    words = ("rrdb,f[a=1,b=2]", " rrdb ,median-5", "")
    assert split_commas(None, None, words) == ("rrdb", "f[a=1,b=2]", "median-5")
