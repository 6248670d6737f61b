"""Submitted images: a folder, or a zip file of which nothing is trusted."""

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

CLUTTER = (".ds_store", "thumbs.db", "desktop.ini")

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
        InputError: There is no such folder or file, it contains links, or the zip file would write
            outside its folder, contains anything but images, or unpacks to too much. One raised
            while the folder is open names the zip file instead of the temporary folder.
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
        try:
            _refuse_strange(Path(place))
            yield _below(Path(place))
        except InputError as error:
            raise InputError(str(error).replace(place, str(path))) from error


def dataset_folder(folder: Path, dataset: str, *, alone: bool) -> Path:
    """Return where the images of a dataset lie: in a subfolder of its name, or right there.

    Upper or lower case and hyphens do not matter.

    Args:
        folder: What was handed in.
        dataset: Dataset id.
        alone: Whether it is the only dataset, so that it needs no subfolder.

    Raises:
        InputError: There is no subfolder, and there are several datasets; or several subfolders.
    """
    inner = [path for path in folder.iterdir() if path.is_dir() and _names(path.name, dataset)]
    if len(inner) > 1:
        names = ", ".join(sorted(path.name for path in inner))
        raise InputError(f"'{folder}' has several folders of {dataset} ({names}); leave one there")
    if inner:
        return inner[0]
    if alone:
        return folder
    raise InputError(f"'{folder}' has no folder '{dataset}'; put one folder per dataset there")


def _names(folder: str, dataset: str) -> bool:
    """Tell whether a folder is called like a dataset: set5, Set5, SET-5, Set5_x4."""
    bare = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in (folder, dataset)]
    return bare[0] in (bare[1], f"{bare[1]}x4")


def _refuse_strange(folder: Path) -> None:
    """Refuse what could lead out of the folder or start a program, three levels deep."""
    for path in [*folder.iterdir(), *folder.glob("*/*"), *folder.glob("*/*/*")]:
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise InputError(f"'{path}' is a link or a device; put the image itself there")
        if path.lstat().st_size > LARGEST_MEMBER:
            raise InputError(f"'{path}' is larger than any image; remove it")
        hidden = path.name.startswith(".")  # never read: what Finder leaves beside each image
        if stat.S_ISREG(mode) and path.suffix.lower() in IMAGE_SUFFIXES and not hidden:
            _check_signature(path)


def _check_signature(path: Path) -> None:
    """Refuse a file of another kind under an image's name: decoders of some start programs."""
    with path.open("rb") as stream:
        start = stream.read(12)
    if not _SIGNATURE.match(start):
        raise InputError(
            f"'{path}' is called an image but is not PNG, JPEG, BMP, TIFF or WebP; remove it"
        )


def _below(folder: Path) -> Path:
    """Step into the one folder that many archives wrap around their content."""
    inner = list(folder.iterdir())
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else folder


def _unpack(path: Path, place: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not _is_clutter(info)]
            names = [_safe_name(path, info) for info in members]
            if len({name.lower() for name in names}) != len(names):
                raise InputError(f"'{path}' contains two files of one name; pack it again")
            if len(members) > MOST_MEMBERS or sum(i.file_size for i in members) > LARGEST_TOTAL:
                raise InputError(f"'{path}' unpacks to too much; pack the images of a test set")
            for info, name in zip(members, names, strict=True):
                _write(archive, info, place / name, path)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        reason = quoted(" ".join(str(error).split()), longest=80)[1:-1]
        raise InputError(f"cannot unpack '{path}' ({reason}); pack it again") from error


def _is_clutter(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a folder, or what Finder and Explorer add: it is never unpacked."""
    *above, last = info.orig_filename.split("/")
    return info.is_dir() or "__MACOSX" in above or last.lower() in CLUTTER or last.startswith("._")


def _safe_name(path: Path, info: zipfile.ZipInfo) -> str:
    """Return the place of a member, refusing any that is not plainly below the folder."""
    # zipfile cuts a name at a NUL and turns backslashes into slashes on some systems.
    name = info.orig_filename
    parts = name.split("/")
    if len(parts) > _DEEPEST or not all(_PART.fullmatch(part) for part in parts):
        raise InputError(
            f"'{path}' contains {quoted(name)}, a name that could lead elsewhere; "
            "pack files of plain names"
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise InputError(f"'{path}' contains the link or device {quoted(name)}; pack files only")
    if info.flag_bits & 1:
        raise InputError(f"'{path}' is encrypted; pack it without a password")
    if Path(name).suffix.lower() not in IMAGE_SUFFIXES:
        raise InputError(
            f"'{path}' contains {quoted(name)}, which is not an image; pack images only"
        )
    if info.file_size > LARGEST_MEMBER:
        raise InputError(f"'{path}' contains {quoted(name)}, larger than any image; leave it out")
    return name


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, path: Path) -> None:
    """Unpack one member; zipfile hands out no more than the size that was checked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, target.open("xb") as stream:
        shutil.copyfileobj(source, stream)
    shutil.copystat(path, target)
