"""The package list, which setuptools does not check, says what the tree says."""

import shutil
import subprocess
import sys
import tomllib
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


@pytest.mark.slow
def test_a_wheel_holds_every_package_under_pdbench_only(tmp_path):
    copy = tmp_path / "copy"  # a build leaves folders behind
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".*", "runs", "tests", "__pycache__")
    )
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), "."]
    subprocess.run(command, cwd=copy, check=True)
    (wheel,) = tmp_path.glob("pdbench-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {name.split("/")[0] for name in names}
    assert code == {"pdbench", f"pdbench-{wheel.name.split('-')[1]}.dist-info"}
    for package in packages_in_tree():
        assert f"{package.replace('.', '/')}/__init__.py" in names
    for path in data_files():
        inside = path.relative_to(ROOT).as_posix()
        assert (inside if inside.startswith("pdbench/") else f"pdbench/{inside}") in names
