"""Makes the helper modules of this folder importable, here and in worker processes."""

import sys
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parent)
if FOLDER not in sys.path:
    sys.path.append(FOLDER)


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Log of all images that methods made in this test."""
    path = tmp_path / "log.txt"
    path.touch()
    monkeypatch.setenv("FAKE_LOG", str(path))
    monkeypatch.setenv("PDBENCH_OFFLINE", "1")
    return path
