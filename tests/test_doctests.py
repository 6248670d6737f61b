"""The examples in docstrings run, and say what they print.

pytest's --doctest-modules would import the mapped folders a second time, as top-level packages.
"""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAPPED = ("baselines", "leaderboard", "methods")


def modules_with_examples():
    for top in ("pdbench", *MAPPED):
        for path in sorted((ROOT / top).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(ROOT).with_suffix("").parts
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                yield ".".join(parts if top == "pdbench" else ("pdbench", *parts))


@pytest.mark.usefixtures("no_workers")
@pytest.mark.parametrize("name", list(modules_with_examples()))
def test_examples_of(name, tmp_path, monkeypatch):
    (tmp_path / "results").symlink_to(ROOT / "results")
    monkeypatch.chdir(tmp_path)  # examples may write, and read what a checkout holds
    monkeypatch.setenv("MPLBACKEND", "agg")
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted
    assert not result.failed
