"""Published sets that can be downloaded: where they lie, and how their images get into place."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

from pdbench.errors import InputError, WeightsUnavailable
from pdbench.images import IMAGE_SUFFIXES
from pdbench.registry import unknown_id
from pdbench.weights import download, sha256_of

__all__ = ["ARCHIVES", "Archive", "get_set"]

_log = logging.getLogger(__name__)


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
"""Set -> its files: the test sets of `pdbench list datasets`, and DIV2K to train on."""


def get_set(name: str, root: Path) -> list[Path]:
    """Download a set and put its images where `open_dataset` finds them.

    A download that broke off is continued by the next call; images appear only all at once.

    Args:
        name: "set5", "set14", "bsd100", "urban100", "div2k-val" or "div2k-train".
        root: Data root; made if it does not exist.

    Returns:
        The folders of images.

    Raises:
        InputError: The set is unknown, cannot be downloaded, is not what it should be, or one of
            its folders holds something else.
    """
    if name not in ARCHIVES:
        raise unknown_id("downloadable set", name, ARCHIVES)
    return [_get(name, archive, root) for archive in ARCHIVES[name]]


def _get(name: str, archive: Archive, root: Path) -> Path:
    folder = root / archive.folder
    if folder.is_dir():
        found = sum(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir())
        if found != archive.images:
            raise InputError(
                f"'{folder}' holds {found} images instead of {archive.images}; move it away to "
                f"have {name} downloaded"
            )
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    file = folder.parent / archive.name
    if not (file.is_file() and _accepts(archive, file)):
        try:
            download(archive.url, file, accept=lambda path: _accepts(archive, path))
        except WeightsUnavailable as error:
            raise InputError(
                f"cannot get {name}: {error}; get {archive.url} by other means and put it into "
                f"'{folder.parent}' as it is, then run this again"
            ) from error
    if not archive.digest:
        _log.warning(
            "no digest of %s is published: its images are whole and %d, its sha256 is %s",
            archive.name,
            archive.images,
            sha256_of(file),
        )
    _unpack(archive, file, folder)
    file.unlink()
    return folder


def _accepts(archive: Archive, path: Path) -> bool:
    """Tell whether a file is the archive: by its published digest, or else by being whole."""
    if archive.digest:
        algorithm, _, digest = archive.digest.partition(":")
        with path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest() == digest
    try:
        return sum(1 for _ in _images(path)) == archive.images
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile):
        return False


def _unpack(archive: Archive, file: Path, folder: Path) -> None:
    """Write the images under their bare names, so that no member can name a place to write to."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name, content in _images(file):
        with (part / name).open("wb") as image:
            shutil.copyfileobj(content, image)
    found = sum(1 for _ in part.iterdir())
    if found != archive.images:
        shutil.rmtree(part)
        raise InputError(f"'{file}' holds {found} images instead of {archive.images}; remove it")
    part.replace(folder)


def _images(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield (bare name, content) of the images of a zip or tar file."""
    with _opened(path) as members:
        for name, content in members:
            bare = PurePosixPath(name).name
            if PurePosixPath(bare).suffix.lower() in IMAGE_SUFFIXES and bare[0] != ".":
                yield bare, content


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as bundle:
            names = [info.filename for info in bundle.infolist() if not info.is_dir()]
            yield ((name, bundle.open(name)) for name in names)
        return
    with tarfile.open(path) as tar:
        yield (
            (member.name, content)
            for member in tar
            if member.isfile() and (content := tar.extractfile(member)) is not None
        )
