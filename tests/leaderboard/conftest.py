"""A board of two small submissions on a Set5 of five small images, made once and copied."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pdbench as api
from pdbench.bicubic import bicubic_downsample, bicubic_upsample
from pdbench.cli import main
from pdbench.errors import InputError
from pdbench.images import load_image, save_image

NAMES = ("baby", "bird", "butterfly", "head", "woman")
METRICS = ("psnr", "ssim")
CARD = {
    "name": "MyNet",
    "authors": ["Ada Lovelace", "Jean-Luc Müller"],
    "paper": "MyNet, a conference, 2026",
    "link": "https://example.org/mynet",
    "license": "MIT",
    "training_data": ["DIV2K"],
    "losses": ["l1", "vgg16-features"],
    "kind": "single",
    "seeds": [0],
    "hardware": "one core",
    "runtime": 0.5,
}
OTHER = {**CARD, "name": "Samples", "authors": ["Somebody Else"], "kind": "stochastic"}


def photograph(seed, side=64):
    """Smooth random shapes: enough detail for PSNR and SSIM."""
    noise = np.random.default_rng(seed).normal(size=(side // 8, side // 8, 3))
    levels = (128 + 60 * noise).clip(0, 255).astype(np.uint8)
    return Image.fromarray(levels).resize((side, side), Image.Resampling.BICUBIC)


def restore(hr, target, *, strength, seed=0):
    """Write an "output": the bicubic image with grain of the network's own."""
    image = load_image(hr)
    up = bicubic_upsample(bicubic_downsample(image, 4), 4)
    grain = np.random.default_rng(seed).normal(scale=strength, size=tuple(up.shape))
    save_image(up + up.new_tensor(grain) / 255, target)


@pytest.fixture(scope="session")
def data_root(tmp_path_factory):
    """Data root with a Set5 of 64x64 pixels."""
    root = tmp_path_factory.mktemp("data")
    (root / "Set5" / "HR").mkdir(parents=True)
    for seed, name in enumerate(NAMES):
        photograph(seed).save(root / "Set5" / "HR" / f"{name}.png")
    return root


@pytest.fixture(scope="session")
def made(data_root, tmp_path_factory):
    """Folders of outputs: `mynet` (one each), `samples` (two each), `third` (one each)."""
    root = tmp_path_factory.mktemp("made")
    for folder in ("mynet", "samples", "third"):
        (root / folder).mkdir()
    for seed, name in enumerate(NAMES):
        hr = data_root / "Set5" / "HR" / f"{name}.png"
        restore(hr, root / "mynet" / f"{name}_mynet.png", strength=6, seed=seed)
        restore(hr, root / "third" / f"{name}.png", strength=6, seed=100 + seed)
        for sample in range(2):
            file = root / "samples" / f"{name}_sample0000{sample}.png"
            restore(hr, file, strength=10, seed=10 * seed + sample + 7)
    return root


def submit(board, name, sr, data_root, card=CARD, **options):
    """Submit a folder under the two cheap metrics, in this process."""
    return api.submit(
        name,
        **{
            "card": card,
            "sr": sr,
            "datasets": ["set5"],
            "board": board,
            "data_root": data_root,
            "metrics": METRICS,
            "jobs": 1,
            "work": board.parent / "work" / (name or "own"),
            **options,
        },
    )


@pytest.fixture(scope="module", autouse=True)
def _no_workers(no_workers):
    """Every run of these tests scores here."""


@pytest.fixture(scope="session")
def template(data_root, made, tmp_path_factory, scoring_here):
    board = tmp_path_factory.mktemp("template") / "leaderboard"
    (board / "submissions").mkdir(parents=True)
    with scoring_here():
        submit(board, "mynet", made / "mynet", data_root)
        submit(board, "samples", made / "samples", data_root, OTHER)
    return board


def export_own(board, data_root, *names, **options):
    """Put rows of this repository on a board: their scores go to the results beside it."""
    api.run(
        names,
        **{
            "dataset": "set5",
            "data_root": data_root,
            "metrics": METRICS,
            "jobs": 1,
            "output": board.parent / "work" / "own",
            "export": board.parent / "results",
            **options,
        },
    )


@pytest.fixture
def board(template, tmp_path):
    """A board with the submissions `mynet` and `samples`, free to be spoilt."""
    shutil.copytree(template, tmp_path / "leaderboard")
    return tmp_path / "leaderboard"


@pytest.fixture
def entry(board):
    """Folder of the submission `mynet`."""
    return board / "submissions" / "mynet"


def rehash(folder):
    """Bring the digests in provenance.json up to date, as a careful forger would."""
    from pdbench.leaderboard.safe_io import sha256_hex

    def change(provenance):
        for name in provenance["files"]:
            provenance["files"][name] = sha256_hex((folder / name).read_bytes())

    edit(folder, change)


def edit(folder, change):
    """Change provenance.json in place."""
    path = folder / "provenance.json"
    provenance = json.loads(path.read_text(encoding="utf-8"))
    change(provenance)
    path.write_text(json.dumps(provenance), encoding="utf-8")


def failures(board, name="mynet", **options):
    """Return why a submission is refused, joined; "" if it is not."""
    (found,) = api.verify(name, board=board, jobs=1, **options)
    return " / ".join(found.failures)


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def line(self):
        lines = [line for line in self.err.strip().splitlines() if not line.startswith("note: ")]
        assert len(lines) == 1, f"expected one line on stderr, got: {self.err!r}"
        return lines[0]


@pytest.fixture
def pdbench(capsys, monkeypatch, tmp_path):
    """Call `pdbench WORDS...` in an empty working folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


def complaint(call, *arguments):
    """Return the message of the InputError that a call raises, "" if it raises none."""
    try:
        call(*arguments)
    except InputError as error:
        return str(error)
    return ""


def tree(folder):
    """Return every file below a folder with its content, to see that nothing changed."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }
