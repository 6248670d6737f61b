"""Images as a stranger hands them in: a folder, or a zip file unpacked with every suspicion."""

from __future__ import annotations

import contextlib
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pdbench.errors import InputError
from pdbench.images import IMAGE_SUFFIXES
from pdbench.leaderboard.text_validation import quoted

__all__ = ["dataset_folder", "open_images"]

MOST_MEMBERS = 20_000
LARGEST_MEMBER = 2**28
"""Bytes of one image file: 67 million pixels, uncompressed, and some."""
LARGEST_TOTAL = 2**35

_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9 ._()+=,\[\]-]{0,120}[A-Za-z0-9_)\]])?", re.ASCII)
_DEEPEST = 4
_SIGNATURE = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|BM|II\*\x00|MM\x00\*|RIFF....WEBP", re.DOTALL
)


@contextlib.contextmanager
def open_images(path: Path) -> Iterator[Path]:
    """Open the images of a submission for reading.

    Args:
        path: A folder of images, or of one folder of images per dataset; or a zip file of one.

    Yields:
        The folder; a zip file is unpacked into a temporary one that goes afterwards.

    Raises:
        InputError: There is no such folder or file, it holds links, or the zip file would write
            outside its folder, holds anything but images, or unpacks to too much.
    """
    if path.is_dir():
        _refuse_strange(path)
        yield path
        return
    if not path.is_file():
        raise InputError(f"there is no folder '{path}' of images; check the path")
    if not zipfile.is_zipfile(path):
        raise InputError(f"'{path}' is neither a folder nor a zip file; give a folder of images")
    with tempfile.TemporaryDirectory(prefix="pdbench-") as place:
        _unpack(path, Path(place))
        _refuse_strange(Path(place))
        yield _below(Path(place))


def dataset_folder(folder: Path, dataset: str, *, alone: bool) -> Path:
    """Return where the images of a dataset lie: in a subfolder of its name, or right there.

    Args:
        folder: What was handed in.
        dataset: Dataset id.
        alone: Whether it is the only dataset, so that it needs no subfolder.

    Raises:
        InputError: There is no subfolder, and there are several datasets.
    """
    inner = folder / dataset
    if inner.is_dir():
        return inner
    if alone:
        return folder
    raise InputError(f"'{folder}' has no folder '{dataset}'; put one folder per dataset there")


def _refuse_strange(folder: Path) -> None:
    """Refuse what could lead out of the folder or start a program, three levels deep."""
    for path in [*folder.iterdir(), *folder.glob("*/*"), *folder.glob("*/*/*")]:
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise InputError(f"'{path}' is a link or a device; put the image itself there")
        if path.lstat().st_size > LARGEST_MEMBER:
            raise InputError(f"'{path}' is larger than any image; remove it")
        hidden = path.name.startswith(".")  # "._0801.png" of a Mac; never read as an image
        if stat.S_ISREG(mode) and path.suffix.lower() in IMAGE_SUFFIXES and not hidden:
            _check_signature(path)


def _check_signature(path: Path) -> None:
    """Refuse a file of another kind under an image's name: decoders of some start programs."""
    with path.open("rb") as stream:
        start = stream.read(12)
    if not _SIGNATURE.match(start):
        raise InputError(
            f"'{path}' is no PNG, JPEG, BMP, TIFF or WebP file whatever its name says; remove it"
        )


def _below(folder: Path) -> Path:
    """Step into the one folder that many archives wrap around their content."""
    inner = list(folder.iterdir())
    if len(inner) == 1 and inner[0].is_dir() and not any(p.is_file() for p in folder.iterdir()):
        deeper = list(inner[0].iterdir())
        return inner[0] if deeper else folder
    return folder


def _unpack(path: Path, place: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [i for i in archive.infolist() if not i.is_dir() and not _is_clutter(i)]
            names = [_safe_name(path, info) for info in members]
            if len({name.lower() for name in names}) != len(names):
                raise InputError(f"'{path}' holds two files of one name; pack it again")
            if len(members) > MOST_MEMBERS or sum(i.file_size for i in members) > LARGEST_TOTAL:
                raise InputError(f"'{path}' unpacks to too much; pack the images of a test set")
            for info, name in zip(members, names, strict=True):
                _write(archive, info, place / name, path)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        reason = quoted(" ".join(str(error).split()), longest=80)[1:-1]
        raise InputError(f"cannot unpack '{path}' ({reason}); pack it again") from error


def _is_clutter(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member is what Finder and Explorer add to every zip file."""
    *folders, name = info.orig_filename.split("/")
    return (
        "__MACOSX" in folders
        or name.startswith("._")
        or name.lower() in (".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini")
    )


def _safe_name(path: Path, info: zipfile.ZipInfo) -> str:
    """Return the place of a member, refusing any that is not plainly below the folder."""
    # zipfile cuts a name at a NUL and turns backslashes into slashes on some systems.
    name = info.orig_filename
    parts = name.split("/")
    if len(parts) > _DEEPEST or not all(_PART.fullmatch(part) for part in parts):
        raise InputError(
            f"'{path}' holds {quoted(name)}, a name that could lead elsewhere; "
            "pack files of plain names"
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise InputError(f"'{path}' holds the link or device {quoted(name)}; pack files only")
    if info.flag_bits & 1:
        raise InputError(f"'{path}' is encrypted; pack it without a password")
    if Path(name).suffix.lower() not in IMAGE_SUFFIXES:
        raise InputError(f"'{path}' holds {quoted(name)}, which is no image; pack images only")
    if info.file_size > LARGEST_MEMBER:
        raise InputError(f"'{path}' holds {quoted(name)}, larger than any image; leave it out")
    return name


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, path: Path) -> None:
    """Unpack one member; zipfile hands out no more than the size that was checked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, target.open("xb") as stream:
        shutil.copyfileobj(source, stream)
    shutil.copystat(path, target)
