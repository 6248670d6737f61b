"""The package list, which setuptools does not check, says what the tree says."""

import importlib.util
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
MAPPED = {"baselines", "leaderboard", "methods"}


def packages_in_tree():
    found = set()
    for top in ("pdbench", *MAPPED):
        for path in (ROOT / top).rglob("__init__.py"):
            parts = path.relative_to(ROOT).parent.parts
            found.add(".".join(parts if top == "pdbench" else ("pdbench", *parts)))
    return found


def data_files():
    """Return the files that are not code of every package, as they lie in the tree."""
    for top in ("pdbench", *sorted(MAPPED)):
        for path in sorted((ROOT / top).rglob("*")):
            hidden = {"__pycache__"} & set(path.parts)
            if path.is_file() and path.suffix not in (".py", ".pyc") and not hidden:
                yield path


def test_the_package_list_is_the_tree():
    assert set(SETUPTOOLS["packages"]) == packages_in_tree()


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for top in ("pdbench", *MAPPED) for path in (ROOT / top).rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").is_file()]


def test_every_data_file_is_shipped():
    patterns = SETUPTOOLS["package-data"]["*"]
    missed = [
        path.relative_to(ROOT)
        for path in data_files()
        if not any(path.match(pattern.removeprefix("**/")) for pattern in patterns)
    ]
    assert not missed


def test_tracked_weights_stay_under_20_mib():
    weights = [path for path in data_files() if path.suffix == ".safetensors"]
    assert sum(path.stat().st_size for path in weights) <= 20 * 2**20


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the tree; a build leaves folders behind."""
    folder = tmp_path_factory.mktemp("copy") / "pdbench"
    ignored = shutil.ignore_patterns(".*", "runs", "site", "tests", "__pycache__", "*.egg-info")
    return Path(shutil.copytree(ROOT, folder, ignore=ignored))


@pytest.fixture(scope="module")
def wheel(copy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), "."]
    subprocess.run(command, cwd=copy, check=True)
    (found,) = folder.glob("pdbench-*.whl")
    return found


@pytest.mark.slow
def test_a_wheel_holds_every_package_under_pdbench_only(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {name.split("/")[0] for name in names}
    assert code == {"pdbench", f"pdbench-{wheel.name.split('-')[1]}.dist-info"}
    for package in packages_in_tree():
        assert f"{package.replace('.', '/')}/__init__.py" in names
    for path in data_files():
        inside = path.relative_to(ROOT).as_posix()
        assert (inside if inside.startswith("pdbench/") else f"pdbench/{inside}") in names


SMOKE = """
import pathlib, torch, pdbench
import pdbench.methods, pdbench.baselines, pdbench.leaderboard
print(pathlib.Path(pdbench.__file__).parent)
assert {"run", "load", "metric", "sample"} <= set(dir(pdbench))
lr = torch.rand(3, 12, 16)
assert pdbench.network("rrdb")(lr[None]).shape == (1, 3, 48, 64)
assert pdbench.method("average-2")(lr).shape == (3, 48, 64)
hr = pdbench.method("bicubic")(lr)
assert pdbench.metric("ssim")(hr, hr) == 1
near = {"near": lambda lr: lr.repeat_interleave(4, -1).repeat_interleave(4, -2)}
results = pdbench.run(["bicubic", near], metrics=["psnr", "ssim"], jobs=1)
assert len(pdbench.load("runs/builtin").scores) == len(results.scores) == 48
results.plane("psnr", "ssim").write_html("plane.html")
assert pdbench.table(results, form="latex")
assert pdbench.protocol("paper")
"""
TYPED = """
import pdbench
reveal_type(pdbench.network("rrdb"))
pdbench.metric("psnr", protokoll="paper")
"""


@pytest.mark.slow
@pytest.mark.parametrize("way", ["wheel", "editable"])
def test_an_installation_works_from_another_folder_and_for_type_checkers(
    way, copy, wheel, tmp_path
):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    # what pdbench needs lies here already; pdbench itself is not found that way
    needs = Path(importlib.util.find_spec("torch").origin).parents[1]
    (packages / "needs.pth").write_text(f"{needs}\n")
    what = [str(wheel)] if way == "wheel" else ["-e", str(copy)]
    install = [str(python), "-m", "pip", "install", "-q", "--no-deps", *what]
    subprocess.run(install, check=True)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "smoke.py").write_text(SMOKE)
    run = subprocess.run([str(python), "smoke.py"], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    place = packages if way == "wheel" else copy
    assert run.stdout.splitlines()[0] == str(place / "pdbench")
    (folder / "typed.py").write_text(TYPED)
    checker = [sys.executable, "-m", "mypy", "--python-executable", str(python), "typed.py"]
    said = subprocess.run(checker, cwd=folder, capture_output=True, text=True).stdout
    assert 'Revealed type is "torch.nn.modules.module.Module"' in said
    assert 'Unexpected keyword argument "protokoll"' in said


@pytest.mark.parametrize(
    ("file", "attributes"),
    [
        ("results/set5_x4/bicubic.csv", "eol: lf"),
        ("pdbench/metrics/niqe.safetensors", "text: unset"),
    ],
)
def test_files_that_are_hashed_have_the_same_bytes_in_every_checkout(file, attributes):
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    command = ["git", "check-attr", "text", "eol", "--", file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"{file}: {attributes}" in done.stdout
