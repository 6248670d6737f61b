"""Test sets and training crops. Importing this loads no torch: it only says which sets exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pdbench.registry import Registry

if TYPE_CHECKING:
    from pdbench.data.datasets import Dataset

__all__ = ["DATASETS", "PUBLISHED", "THIRD_PARTY", "DatasetSource", "Published"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published set: how it is titled, and under which folder names (lowercase) it is found."""

    title: str
    folders: tuple[str, ...]
    images: int


PUBLISHED = {
    "set5": Published(title="Set5", folders=("set5",), images=5),
    "set14": Published(title="Set14", folders=("set14",), images=14),
    "bsd100": Published(title="BSD100", folders=("bsd100", "b100", "bsds100"), images=100),
    "urban100": Published(title="Urban100", folders=("urban100",), images=100),
    "div2k-val": Published(
        title="DIV2K validation", folders=("div2k", "div2k_val", "div2k_valid", "."), images=100
    ),
}

DATASETS: Mapping[str, str] = {
    "builtin": "Photographs and text pages of the scikit-image wheel",
    **{name: f"{named.title}, {named.images} images" for name, named in PUBLISHED.items()},
}
"""Dataset id -> what it is, in the order of listings."""


@dataclass(frozen=True, kw_only=True)
class DatasetSource:
    """Declaration of a third-party test set, offered through the entry points "pdbench.datasets".

    Attributes:
        id: Lowercase id; that of the set it opens.
        title: What the set is, one line.
        open: Lists the set's images; reads no pixel. Raises InputError where it is not found.
        source: Package and version, set when it is loaded.
    """

    id: str
    title: str
    open: Callable[[], Dataset]
    source: str = ""


THIRD_PARTY: Registry[DatasetSource] = Registry(
    "dataset",
    group="pdbench.datasets",
    accepts=DatasetSource,
    reserved=lambda name: name in DATASETS,
)
