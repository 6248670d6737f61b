"""Folders of images made elsewhere: which file belongs to which image, and whether it fits.

A file belongs to the image whose name it begins with, and what follows the name is its style:
`0801.png`, `0801x4.png`, `0801_SRFlow.png`, `0801_x4_SR.png`. Several files of one image must end
in sample numbers: `000000_sample00003.png`, `000000_3.png`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from pdbench.data.layouts import image_files, image_name
from pdbench.data.pairs import SCALE, Pair, name_some
from pdbench.errors import InputError
from pdbench.images import load_image
from pdbench.weights import sha256_of

__all__ = ["check_outputs", "digest_of", "match_outputs"]

# Nothing, a separator, or "x4" must follow the image's name: "img_10" is no output of "img_1".
_BOUNDARY = re.compile(r"$|[ ._-]|x\d", re.IGNORECASE)
_SAMPLE = re.compile(r"[ ._-](?:samples?|s|seed)?[ ._-]?(\d+)$", re.IGNORECASE)
_GRAY = frozenset({"1", "L", "LA", "La"})


def match_outputs(folder: Path, pairs: Sequence[Pair]) -> dict[str, tuple[Path, ...]]:
    """Match the files of a folder with the images of a dataset.

    Args:
        folder: Holds one or several outputs for each image, and nothing else.
        pairs: The images.

    Returns:
        Image name -> its outputs in the order of their sample numbers, as many for every image.

    Raises:
        InputError: The folder is empty, a file or an image has no partner, or several files of an
            image are not told apart by sample numbers; the files are named.
    """
    keys = _keys(pairs)
    found: dict[str, list[Path]] = {pair.name: [] for pair in pairs}
    strangers: list[Path] = []
    for file in image_files(folder):
        owner = _owner(file.stem, keys)
        (strangers if owner is None else found[keys[owner]]).append(file)
    lonely = [pair.hr for pair in pairs if not found[pair.name]]
    if strangers or lonely:
        raise _orphans(folder, strangers, lonely)
    if all(len(files) == 1 for files in found.values()):
        return {name: tuple(files) for name, files in found.items()}
    numbered = {name: _by_number(name, files, keys) for name, files in found.items()}
    _check_counts(numbered)
    return {name: tuple(files[i] for i in sorted(files)) for name, files in numbered.items()}


def _keys(pairs: Iterable[Pair]) -> dict[str, str]:
    """Return every spelling of an image's name -> the name; whole stems win over parts."""
    pairs = list(pairs)
    keys = {pair.hr.stem: pair.name for pair in pairs}
    for pair in pairs:
        for name in (pair.name, image_name(pair.hr)):
            keys.setdefault(name, pair.name)
    return keys


def _owner(stem: str, keys: Mapping[str, str]) -> str | None:
    """Return the longest key that a stem begins with, or None."""
    for length in range(len(stem), 0, -1):
        if stem[:length] in keys and _BOUNDARY.match(stem[length:]):
            return stem[:length]
    return None


def _orphans(folder: Path, strangers: list[Path], lonely: list[Path]) -> InputError:
    parts = []
    if strangers:
        parts.append(f"no HR image for {name_some(file.name for file in strangers)}")
    if lonely:
        parts.append(f"no output for {name_some(file.name for file in lonely)}")
    return InputError(
        f"'{folder}' does not fit the HR images: {' and '.join(parts)}; names of outputs begin "
        "with the names of their HR images"
    )


def _by_number(name: str, files: list[Path], keys: Mapping[str, str]) -> dict[int, Path]:
    """Return sample number -> file of an image of which there may be several outputs."""
    numbered: dict[int, Path] = {}
    styles: dict[str, Path] = {}
    for file in files:
        rest = file.stem[len(_owner(file.stem, keys) or "") :]
        sample = _SAMPLE.search(rest)
        number = int(sample[1]) if sample else -1
        styles.setdefault(rest[: sample.start()] if sample else rest, file)
        if len(files) > 1 and (number < 0 or number in numbered or len(styles) > 1):
            named = name_some(each.name for each in files)
            raise InputError(
                f"{len(files)} files are outputs of '{name}' ({named}); keep one of them, or "
                f"number samples like '{name}_sample00000.png'"
            )
        numbered[number] = file
    return numbered


def _check_counts(numbered: Mapping[str, Mapping[int, Path]]) -> None:
    most = max(numbered, key=lambda name: len(numbered[name]))
    for name, files in numbered.items():
        if files.keys() != numbered[most].keys():
            unequal = sorted(files.keys() ^ numbered[most].keys())
            raise InputError(
                f"'{name}' has {len(files)} outputs and '{most}' {len(numbered[most])}: they "
                f"differ in {name_some(f'sample {number}' for number in unequal if number >= 0)}; "
                "give the same samples of every image"
            )


def digest_of(files: Iterable[Path]) -> str:
    """Return 12 hex digits over the contents of an image's files, in order.

    Raises:
        InputError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(bytes.fromhex(sha256_of(file)))
        except OSError as error:
            raise InputError(f"cannot read '{file}' ({error.strerror}); check the file") from None
    return digest.hexdigest()[:12]


def check_outputs(pair: Pair, files: Iterable[Path]) -> None:
    """Decode an image's outputs, one at a time, and refuse what cannot be compared with its HR.

    An output has the HR's size, or that size cut down or rounded up to a multiple of 4, which is
    what LR images made before and after cutting lead to; it is compared where both have pixels.

    Args:
        pair: The image.
        files: Its outputs.

    Raises:
        InputError: A file is corrupt, refused by `load_image`, of another size, or gray although
            the HR is in color.
    """
    sizes = _sizes(pair)
    for file in files:
        height, width = load_image(file).shape[-2:]
        if (width, height) not in sizes:
            wanted = " or ".join(f"{w}x{h}" for w, h in sizes)
            raise InputError(
                f"output '{file}' has {width}x{height} pixels but its HR '{pair.hr}' asks for "
                f"{wanted}; give the x4 output of that image"
            )
        if _header(file)[0] in _GRAY and _in_color(pair):
            raise InputError(
                f"output '{file}' is gray but its HR '{pair.hr}' is in color; save it as RGB"
            )


def _sizes(pair: Pair) -> list[tuple[int, int]]:
    """Return the sizes (width, height) an output may have, the one that is scored first."""
    side = pair.largest
    whole = _header(pair.hr)[1]
    whole = whole if side is None else (min(whole[0], side), min(whole[1], side))
    low = (whole[0] // SCALE * SCALE, whole[1] // SCALE * SCALE)
    high = (-(-whole[0] // SCALE) * SCALE, -(-whole[1] // SCALE) * SCALE)
    return list(dict.fromkeys([low, whole, high]))


def _header(path: Path) -> tuple[str, tuple[int, int]]:
    """Return color mode and (width, height) of a file without decoding it."""
    try:
        with Image.open(path) as image:
            return image.mode, image.size
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError):
        height, width = load_image(path).shape[-2:]  # says in one sentence what is wrong
        return "RGB", (width, height)


def _in_color(pair: Pair) -> bool:
    _, hr = pair.load()
    return not bool((hr == hr[:1]).all())
