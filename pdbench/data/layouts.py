"""Folders of images: which files count, where HR and LR lie, and how they are matched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from pdbench.data.pairs import Pair, name_some
from pdbench.errors import InputError

__all__ = [
    "IMAGE_SUFFIXES",
    "find_pairs",
    "image_files",
    "image_name",
    "match_by_name",
    "subfolder",
]

IMAGE_SUFFIXES = frozenset({".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})

# Lowercase, best first. A name with a slash is a folder inside a folder.
_HR_FOLDERS = ("hr", "hr/x4", "gtmod4", "gtmod12", "gt", "original", "div2k_valid_hr", "valid_hr")
_LR_FOLDERS = (
    "lr_bicubic_x4",
    "lr_bicubic/x4",
    "lr/x4",
    "lr_x4",
    "lrbicx4",
    "x4",
    "lr",
    "lr_bicubic",
    "div2k_valid_lr_bicubic/x4",
    "valid_lr_bicubic/x4",
)
_ONE_FOLDER = ("image_srf_4", "image_srf4")

# "0801x4", "img_001_SRF_4_LR", "baby_HR", "babyx4m": what published sets append to the name.
_ENDING = re.compile(
    r"(?:(?<=[0-9a-z])x4m?|[_-](?:hr|lr|gt|lrbi|bicubic|bic|x4m?|4x|srf[_-]?4))$", re.IGNORECASE
)


def image_files(folder: Path) -> list[Path]:
    """List the image files directly in a folder, sorted by name, hidden ones left out.

    Raises:
        InputError: The folder does not exist, cannot be read, or holds no image.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"cannot read folder '{folder}' ({error.strerror})") from None
    files = [
        entry
        for entry in entries
        if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".")
    ]
    if not files:
        raise InputError(f"folder '{folder}' holds no image; give one with PNG or JPEG files")
    return files


def image_name(path: Path) -> str:
    """Return the name of an image without what published sets append to mark HR, LR or x4."""
    name = path.stem
    while (match := _ENDING.search(name)) and match.start() > 0:
        name = name[: match.start()]
    return name


def match_by_name(
    first: Iterable[Path], second: Iterable[Path], *, labels: tuple[str, str]
) -> list[tuple[str, Path, Path]]:
    """Match the files of two folders by stem, or else by stem without endings like "_LR" or "x4".

    Args:
        first: Files of one kind ("HR").
        second: Files of the other kind ("LR").
        labels: What the two kinds are called in errors.

    Returns:
        (name, first file, second file), sorted by name.

    Raises:
        InputError: A file has no partner, or two files of a kind share a name.
    """
    first, second = list(first), list(second)
    one, two = _by_name(first, _stem), _by_name(second, _stem)
    if one.keys() != two.keys():
        one, two = _by_name(first, image_name), _by_name(second, image_name)
    if lonely := sorted(one.keys() - two.keys()):
        raise _orphans(labels[0], labels[1], [one[name] for name in lonely])
    if lonely := sorted(two.keys() - one.keys()):
        raise _orphans(labels[1], labels[0], [two[name] for name in lonely])
    return [(name, one[name], two[name]) for name in sorted(one)]


def _stem(path: Path) -> str:
    return path.stem


def _by_name(files: Iterable[Path], name_of: Callable[[Path], str]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for file in files:
        other = named.setdefault(name_of(file), file)
        if other != file:
            raise InputError(f"'{other}' and '{file}' share one image name; remove one of them")
    return named


def _orphans(kind: str, missing: str, files: list[Path]) -> InputError:
    what = "image has" if len(files) == 1 else "images have"
    return InputError(
        f"{len(files)} {kind} {what} no {missing} of the same name: {name_some(files)}; "
        f"add the {missing} or remove the {kind}"
    )


def find_pairs(folder: Path) -> list[Pair]:
    """Find the pairs of a folder in any of the usual layouts.

    Tried in this order: `HR/` with an LR folder beside or inside it (`LR_bicubic/X4`,
    `LR_bicubic_x4`, `LRbicx4`, ...), `HR/` alone, one folder with `..._HR` and `..._LR` files, a
    folder of HR images. Folder names match in any case.

    Args:
        folder: Top of the set.

    Returns:
        Pairs sorted by name; without LR files the LR is made by bicubic.

    Raises:
        InputError: The folder is missing or empty, files have no partner or share a name.
    """
    if not folder.is_dir():
        raise InputError(f"folder '{folder}' does not exist; check the path")
    hr = _first_folder(folder, _HR_FOLDERS)
    if hr is not None:
        lr = _first_folder(folder, _LR_FOLDERS)
        return _pairs(image_files(hr), None if lr is None else image_files(lr))
    files = image_files(_first_folder(folder, _ONE_FOLDER) or folder)
    low = [file for file in files if re.search(r"[_-]lr$", file.stem, re.IGNORECASE)]
    high = [file for file in files if file not in low]
    return _pairs(high or low, low if high and low else None)


def _pairs(hr: list[Path], lr: list[Path] | None) -> list[Pair]:
    if lr is None:
        named = _by_name(hr, _stem)
        return [Pair(name=name, hr=named[name]) for name in sorted(named)]
    matched = match_by_name(hr, lr, labels=("HR", "LR"))
    return [Pair(name=name, hr=high, lr=low) for name, high, low in matched]


def _first_folder(folder: Path, names: Iterable[str]) -> Path | None:
    """Return the first of the named folders that exists below `folder`, in any case."""
    for name in names:
        found: Path | None = folder
        for part in name.split("/"):
            found = None if found is None else subfolder(found, part)
        if found is not None and any(f.suffix.lower() in IMAGE_SUFFIXES for f in found.iterdir()):
            return found
    return None


def subfolder(folder: Path, name: str) -> Path | None:
    """Return the folder called `name` (lowercase) directly in `folder`, in any case, or None."""
    if not folder.is_dir():
        return None
    matches = [entry for entry in sorted(folder.iterdir()) if entry.name.lower() == name]
    return next((entry for entry in matches if entry.is_dir()), None)
