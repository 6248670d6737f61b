"""Waves: two drawn images that come with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pdbench.data.datasets import Dataset, DatasetSource
from pdbench.data.pairs import Pair

__all__ = ["DATASET"]


def _open() -> Dataset:
    folder = Path(str(files("pdbench_example"))) / "images"
    pairs = tuple(Pair(name=path.stem, hr=path) for path in sorted(folder.glob("*.png")))
    return Dataset(id="waves", title="Waves", pairs=pairs)


DATASET = DatasetSource(id="waves", title="Two drawn images, 64x48", open=_open)
