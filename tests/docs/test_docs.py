"""The tutorials run as they stand, and the pages that are made from the code are complete."""

import importlib.util
import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

import pdbench
from pdbench.cli.main import main
from pdbench.images import save_image
from pdbench.metrics import METRICS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ["index.md", *(f"tutorials/{name}.md" for name in ("own-network", "trade-off", "board"))]


def blocks(page):
    """Yield (language, text) of each block of code that is to be run."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for found in re.finditer(r"^```(python|sh)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield found[1], found[2]


@pytest.fixture
def photos(page, tmp_path, monkeypatch):
    """A folder with two small photographs, and the committed results where a page reads them."""
    folder = tmp_path / "photos"
    size = (112, 208) if "niqe" in (DOCS / page).read_text(encoding="utf-8") else (48, 64)
    folder.mkdir()
    for seed, name in enumerate(("cat", "dog")):
        noise = torch.rand(1, 3, 14, 14, generator=torch.Generator().manual_seed(seed))
        image = torch.nn.functional.interpolate(noise, size=size, mode="bicubic")
        save_image(image[0], folder / f"{name}.png")
    if (
        page != "tutorials/board.md"
    ):  # its board is new; tests/test_characterization.py builds ours
        (tmp_path / "results").symlink_to(ROOT / "results")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return folder


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("no_workers")
def test_the_code_of_a_page_runs(page, photos):
    names = {}
    for number, (language, text) in enumerate(blocks(page)):
        if language == "python":
            exec(compile(text, f"{page}, block {number}", "exec"), names)
        for line in text.splitlines() if language == "sh" else ():
            assert main(shlex.split(line)[1:]) == 0, line


TASKS = {
    "own method": """
mine = {"mine": lambda lr: lr.repeat_interleave(4, -1).repeat_interleave(4, -2)}
results = pdbench.run(["bicubic", mine], metrics=["psnr", "ssim"], dataset="photos")""",
    "own network": """
results = pdbench.run({"net": net}, metrics=["psnr"], dataset="photos")""",
    "own metric": """
metrics = ["psnr", {"mae": lambda sr, hr: (sr - hr).abs().mean()}]
results = pdbench.run(["bicubic", mine], metrics=metrics, dataset="photos")""",
    "plane": """
results = pdbench.run(["bicubic", mine], metrics=["psnr", "lpips-vgg"], dataset="photos")
plane = results.plane("psnr", "lpips-vgg")
plane.write_html("plane.html")""",
    "scores": """
scores = results.scores""",
    "images": """
pdbench.run(["bicubic", mine], metrics=["psnr"], dataset="photos", save_images="kept")""",
    "a metric of two tensors": """
lpips = pdbench.metric("lpips-vgg", protocol="paper")
lpips(torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64))""",
    "samples": """
samples = pdbench.sample(lr, tau=0.9, count=5, seed=0)""",
    "a network": """
net = pdbench.network("rrdb", size="compact")""",
}  # fmt: skip


def test_a_task_takes_at_most_three_lines_and_stands_in_a_page_that_runs():
    shown = "".join(text for page in PAGES for _, text in blocks(page))
    for task, code in TASKS.items():
        lines = code.split("\n")[1:]
        assert 1 <= len(lines) <= 3, task
        assert not [line for line in lines if line not in shown], task


def test_every_public_call_has_an_example():
    for name in pdbench.__all__:
        if callable(one := getattr(pdbench, name)) and not name[0].isupper():
            assert ">>> " in (inspect.getdoc(one) or ""), name


def test_every_metric_has_a_formula_and_a_license():
    told = yaml.safe_load((DOCS / "metrics.yaml").read_text(encoding="utf-8"))
    assert set(told) == set(METRICS.ids())
    assert all({"formula", "license", "words"} == set(one) for one in told.values())


def test_pages_that_are_made_from_the_code_have_content():
    spec = importlib.util.spec_from_file_location("hooks", DOCS / "hooks.py")
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    for name, make in hooks.MAKERS.items():
        assert f"<!-- make: {name} -->" in "".join(one.read_text() for one in DOCS.glob("*.md"))
        assert make().count("\n") > 10, name


def test_pictures_of_the_pages_are_there_in_a_checkout():
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / picture).is_file(), (page, picture)


@pytest.mark.slow
def test_the_site_builds(tmp_path):
    pytest.importorskip("material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    outside = re.compile(r"<(?:script|link|img)[^>]+(?:src|href)=\"(https?:[^\"]+)")
    for page in tmp_path.rglob("*.html"):
        assert not outside.findall(page.read_text(encoding="utf-8")), page
