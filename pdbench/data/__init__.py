"""Test sets and training crops. Importing this loads no torch: it only says which sets exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pdbench.registry import Registry

if TYPE_CHECKING:
    from pdbench.data.datasets import Dataset

__all__ = [
    "ARCHIVES",
    "DATASETS",
    "PUBLISHED",
    "THIRD_PARTY",
    "Archive",
    "DatasetSource",
    "Published",
]


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


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One file of a published set.

    Attributes:
        url: Where it lies.
        folder: Where its images go, below the data root.
        images: How many images it holds.
        digest: "sha256:..." or "md5:..." where one is published, else "": then the archive must
            be whole by its own checksums and hold the right number of images.
    """

    url: str
    folder: str
    images: int
    digest: str = ""

    @property
    def name(self) -> str:
        """File name, the last part of the address."""
        return PurePosixPath(urlsplit(self.url).path).name


_DIV2K = "https://data.vision.ee.ethz.ch/cvl/DIV2K/"
_TEST_SETS = "https://huggingface.co/datasets/eugenesiow/{0}/resolve/main/data/{0}_HR.tar.gz"


def _hr(name: str, images: int, digest: str = "") -> tuple[Archive, ...]:
    """Declare a test set whose HR is enough: its LR are made, bit for bit those published."""
    url = _TEST_SETS.format(name)
    return (Archive(url=url, folder=f"{name}/HR", images=images, digest=digest),)


# Digests: TensorFlow Datasets (sha256), torchSR and deepinv (md5).
ARCHIVES: Mapping[str, tuple[Archive, ...]] = {
    "set5": _hr("Set5", 5),
    "set14": _hr("Set14", 14),
    "bsd100": _hr("BSD100", 100),
    "urban100": _hr("Urban100", 100, "md5:65d9d84a34b72c6f7ca1e26a12df1e4c"),
    "div2k-val": (
        Archive(
            url=f"{_DIV2K}DIV2K_valid_HR.zip",
            folder="DIV2K/DIV2K_valid_HR",
            images=100,
            digest="sha256:20dd31fd84d777bc1cf5d6b7654a3f569c0aec74458ae094122ad1d0489900fc",
        ),
        Archive(
            url=f"{_DIV2K}DIV2K_valid_LR_bicubic_X4.zip",
            folder="DIV2K/DIV2K_valid_LR_bicubic/X4",
            images=100,
            digest="md5:21962de700c8d368c6ff83314480eff0",
        ),
    ),
    "div2k-train": (
        Archive(
            url=f"{_DIV2K}DIV2K_train_HR.zip",
            folder="DIV2K/DIV2K_train_HR",
            images=800,
            digest="sha256:9d0b9c463f6e35b6c62cc6a930ee2224f670b34c1df841a57670f9acf0f6c335",
        ),
    ),
}
