"""Published sets that can be downloaded: where they lie, and how their images get into place."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import logging
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast

from pdbench.data import ARCHIVES, Archive
from pdbench.errors import InputError, WeightsUnavailable
from pdbench.images import IMAGE_SUFFIXES
from pdbench.registry import unknown_id
from pdbench.weights import alone, download, sha256_of

__all__ = ["get_set"]

_log = logging.getLogger(__name__)


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
    if not folder.is_dir():
        file = folder.parent / archive.name
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with alone(file) as lock:
                if not folder.is_dir():  # else another process was faster
                    _obtain(archive, file, folder)
            with contextlib.suppress(OSError):
                lock.unlink()
        except (OSError, http.client.HTTPException, WeightsUnavailable) as error:
            raise InputError(
                f"cannot get {name}: {error}; get {archive.url} by other means and put it into "
                f"'{folder.parent}' as it is, then run this again"
            ) from error
    found = sum(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.iterdir())
    if found != archive.images:
        raise InputError(
            f"'{folder}' holds {found} images instead of {archive.images}; move it away to "
            f"have {name} downloaded"
        )
    return folder


def _obtain(archive: Archive, file: Path, folder: Path) -> None:
    """Download the archive unless it is there, and unpack it."""
    if not (file.is_file() and _accepts(archive, file)):
        download(archive.url, file, accept=lambda path: _accepts(archive, path))
    if not archive.digest:
        _log.warning(
            "no digest of %s is published: its images are whole and %d, its sha256 is %s",
            archive.name,
            archive.images,
            sha256_of(file),
        )
    _unpack(archive, file, folder)
    file.unlink()


def _accepts(archive: Archive, path: Path) -> bool:
    """Tell whether a file is the archive: by its published digest, or else by being whole."""
    if archive.digest:
        algorithm, _, digest = archive.digest.partition(":")
        with path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest() == digest
    try:
        return sum(_drain(content) for _, content in _images(path)) == archive.images
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error):
        return False


def _drain(file: IO[bytes]) -> int:
    """Read one file to its end, where its checksum is compared; return 1."""
    while file.read(2**20):
        pass
    return 1


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


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as bundle:
            names = [info.filename for info in bundle.infolist() if not info.is_dir()]
            yield ((name, bundle.open(name)) for name in names)
        return
    with tarfile.open(path) as tar:
        yield _members(tar)


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in tar:
        if member.isfile() and (content := tar.extractfile(member)) is not None:
            yield member.name, content
    _drain(cast("IO[bytes]", tar.fileobj))  # compressed as a whole, with one checksum
