"""Layouts of test sets: which files are HR, which are their LR, and how the two are matched."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pdbench.data.pairs import REFUSED_BELOW, Pair, degradation_psnr, name_some
from pdbench.errors import InputError
from pdbench.images import IMAGE_SUFFIXES, SCALE, image_size

__all__ = [
    "find_pairs",
    "image_files",
    "image_name",
    "pair_files",
    "subfolder",
    "whole_name",
]

_log = logging.getLogger(__name__)

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

# What people call a folder of HR or LR images, as words of its name.
_HR_WORD = re.compile(
    r"(?<![a-z])(?:hr|gt(?:mod)?|ground.?truth|originals?|targets?|high)(?![a-z])"
)
_LR_WORD = re.compile(
    r"(?<![a-z])(?:(?:bic)?l[rq](?:bic?)?|low(?:.?(?:res|quality))?|inputs?|bicubic|4x)"
    r"(?![a-wyz])|x4"
)

# "0801x4", "img_001_SRF_4_LR", "baby_HR", "babyx4m", "0801_bicLRx4": what published sets append.
_LR_MARK = r"(?:bic)?l[rq](?:bic?)?(?:x4|4x)?"
_MARK = rf"(?:hr|gt|{_LR_MARK}|bicubic|bic|x4m?|4x|srf[_-]?4)"
_ENDING = re.compile(rf"(?:(?<=[0-9a-z])x4m?|[_-]{_MARK})$", re.IGNORECASE)
_BEGINNING = re.compile(rf"^(?:hr|gt|{_LR_MARK})[_-](?=.)", re.IGNORECASE)
_HR_FILE = re.compile(r"^(?:hr|gt)[_-]|[_-](?:hr|gt)$", re.IGNORECASE)
_LR_FILE = re.compile(rf"^{_LR_MARK}[_-]|[_-]{_LR_MARK}$", re.IGNORECASE)
_SCALE_MARK = re.compile(r"[_-](?:x4m?|4x|srf[_-]?4)$", re.IGNORECASE)


def image_files(folder: Path) -> list[Path]:
    """List the image files directly in a folder, sorted by name, hidden ones left out.

    Raises:
        InputError: The folder does not exist, cannot be read, or holds no image.
    """
    try:
        files = list(_images_in(folder))
    except OSError as error:
        raise InputError(f"cannot read folder '{folder}' ({error.strerror})") from None
    if not files:
        raise InputError(f"folder '{folder}' holds no image; give one with PNG or JPEG files")
    return files


def _images_in(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith("."):
            yield entry


def whole_name(path: Path) -> str:
    """Return a file's name without its suffix, accents composed (NFC) as in every other place."""
    return unicodedata.normalize("NFC", path.stem)


def image_name(path: Path) -> str:
    """Return the name of an image without what published sets add to mark HR, LR or x4."""
    name = whole_name(path)
    while (match := _ENDING.search(name)) and match.start() > 0:
        name = name[: match.start()]
    return _BEGINNING.sub("", name)


def pair_files(hr: Iterable[Path], lr: Iterable[Path] | None = None) -> tuple[Pair, ...]:
    """Pair HR with LR files by stem, or else by stem without marks like "_LR" or "x4".

    Args:
        hr: HR files.
        lr: LR files, or None for pairs whose LR is made.

    Returns:
        Pairs sorted by name.

    Raises:
        InputError: A file has no partner, or two files of a kind share a name.
    """
    hr = list(hr)
    high = _by_name(hr, whole_name)
    if lr is None:
        return tuple(Pair(name=name, hr=high[name]) for name in sorted(high))
    lr = list(lr)
    low = _by_name(lr, whole_name)
    if high.keys() != low.keys():
        high, low = _by_name(hr, image_name), _by_name(lr, image_name)
    if lonely := sorted(high.keys() - low.keys()):
        raise _orphans("HR", "LR", [high[name] for name in lonely])
    if lonely := sorted(low.keys() - high.keys()):
        raise _orphans("LR", "HR", [low[name] for name in lonely])
    return tuple(Pair(name=name, hr=high[name], lr=low[name]) for name in sorted(high))


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


def find_pairs(folder: Path) -> tuple[Pair, ...]:
    """Find the pairs of a folder in any of the usual layouts.

    HR and LR are told apart by the names of their folders (`HR/`, `GT/`; `LR_bicubic/X4`, `LQ/`,
    `input/`, ..., in, beside or below the HR folder, in any case) or of their files (`..._HR_x4`,
    `..._LRBI_x4`), and by their sizes. Without LR files the LR is made by bicubic. Files of other
    methods beside an HR (`..._SRCNN`) are left out with a warning.

    Args:
        folder: Top of the set, or its HR folder.

    Returns:
        Pairs sorted by name.

    Raises:
        InputError: The folder is missing or empty, files have no partner or share a name, or
            something may be the LR though nothing but its size says so.
    """
    if not folder.is_dir():
        raise InputError(f"folder '{folder}' does not exist; check the path")
    hr = _first_folder(folder, _HR_FOLDERS) or _hr_by_word(folder)
    if hr is not None:
        files = image_files(hr)
        return pair_files(files, _lr_near(files, folder))
    files, low = _split(image_files(_first_folder(folder, _ONE_FOLDER) or folder))
    if low is None:
        low = _lr_near(files, folder) or _lr_beside(files, folder)
    return pair_files(files, low)


def _hr_by_word(folder: Path) -> Path | None:
    """Return the one subfolder whose name says HR in other words, where no image lies loose."""
    named = [
        entry
        for entry in _subfolders(folder)
        if _HR_WORD.search(entry.name.lower()) and not _says_lr(entry) and any(_images_in(entry))
    ]
    if any(_images_in(folder)):
        return None
    if len(named) > 1:
        raise InputError(f"{name_some(named)} may each be the HR folder; name the one to use")
    return named[0] if named else None


def _lr_near(hr: Sequence[Path], folder: Path) -> list[Path] | None:
    """Return the LR files below a set's folder, the published names of their folder first."""
    found = _first_folder(folder, _LR_FOLDERS)
    if found is not None and found != hr[0].parent:
        return image_files(found)
    likely = [entry for entry in _quarters(hr, _subfolders(folder)) if entry != hr[0].parent]
    return _chosen(hr, likely, folder)


def _lr_beside(hr: Sequence[Path], folder: Path) -> list[Path] | None:
    """Return the LR files beside an HR folder that was named itself."""
    folder = folder.resolve()
    own = _rest(folder, _HR_WORD)
    if not own and (found := _first_folder(folder.parent, _LR_FOLDERS)):
        return image_files(found)
    beside = [entry for entry in _subfolders(folder.parent) if entry.resolve() != folder]
    # "set5" or "set5_HR" beside "set5_LR"; beside a plain "HR" any name may be the LR's.
    own_lr = [
        entry
        for entry in beside
        if not own or (_says_lr(entry) and _rest(entry, _LR_WORD) in ("", own))
    ]
    found_lr = _chosen(hr, _quarters(hr, own_lr), folder.parent)
    if found_lr is None and (likely := [one for one in _quarters(hr, beside) if _shows(hr, one)]):
        raise _ask(hr, likely)
    return found_lr


def _quarters(hr: Sequence[Path], folders: Sequence[Path]) -> list[Path]:
    """Return the folders, and those in them, that hold the HR images at a quarter of the size."""
    near = [inner for entry in folders for inner in (entry, *_subfolders(entry))]
    return [entry for entry in near if _is_quarter(hr, entry)]


def _ask(hr: Sequence[Path], likely: Sequence[Path]) -> InputError:
    return InputError(
        f"{name_some(likely)} may be the LR of '{hr[0].parent}': same names, a quarter of the "
        "size; call the one to use 'LR_bicubic_x4', or move it away to have the LR made"
    )


def _says_lr(folder: Path) -> bool:
    return _LR_WORD.search(folder.name.lower()) is not None


def _rest(folder: Path, word: re.Pattern[str]) -> str:
    """Return what a folder's name says beside HR or LR: "set5" of "Set5_HR"."""
    return re.sub(r"[^a-z0-9]+", "", word.sub("", folder.name.lower()))


def _chosen(hr: Sequence[Path], likely: list[Path], top: Path) -> list[Path] | None:
    """Return the images of the one folder that is LR by name and size; ask where that is open."""
    named = [
        entry for entry in likely if _LR_WORD.search(entry.relative_to(top).as_posix().lower())
    ]
    if len(named) == 1:
        return image_files(named[0])
    if likely:
        raise _ask(hr, named or likely)
    return None


def _is_quarter(hr: Sequence[Path], folder: Path) -> bool:
    """Tell whether the images of a folder have names of HR images and a quarter of their size."""
    files: Mapping[str, Path] = {image_name(file): file for file in _images_in(folder)}
    both = [(file, files[name]) for file in hr if (name := image_name(file)) in files]
    return bool(both) and all(_fits(one, other) for one, other in both)


def _shows(hr: Sequence[Path], folder: Path) -> bool:
    """Tell whether a folder has an image for each HR image, and the first shows the same."""
    files = {image_name(file): file for file in _images_in(folder)}
    return all(image_name(file) in files for file in hr) and (
        _degradation_psnr(hr[0], files[image_name(hr[0])]) >= REFUSED_BELOW
    )


def _fits(hr: Path, lr: Path) -> bool:
    whole, small = image_size(hr), image_size(lr)
    if whole is None or small is None:  # said in one sentence when it is loaded
        return False
    return all(b in (a // SCALE, -(-a // SCALE)) for a, b in zip(whole, small, strict=True))


def _split(files: list[Path]) -> tuple[list[Path], list[Path] | None]:
    """Tell the HR and LR files of one folder apart; files of other methods are left out."""
    roles = {file: _role(file) for file in files}
    high, low, others = ([file for file in files if roles[file] == r] for r in ("hr", "lr", ""))
    names = tuple(image_name(file) for file in high)
    extra = [file for file in others if whole_name(file).startswith(names)] if high else []
    if high and extra == others:
        if not low:  # one that no name marks, but that is a quarter as large ("0801_bicubic_x4")
            pairs = [(one, other) for one in high for other in others if _are_pair(one, other)]
            low = [other for _, other in pairs]
            others = [file for file in others if file not in low]
        if others:
            _log.warning(
                "%d files of '%s' are neither HR nor LR and are left out: %s",
                len(others),
                files[0].parent,
                name_some(file.name for file in others),
            )
        return high, low or None
    if high and low:
        strange = [file for file in others if file not in extra]
        raise InputError(f"{name_some(strange)} are neither HR nor LR of a pair; move them away")
    if low and others:
        return others, low
    return _split_by_size(files)


def _are_pair(hr: Path, other: Path) -> bool:
    return image_name(hr) == image_name(other) and _fits(hr, other)


def _role(file: Path) -> str:
    name = whole_name(file)
    while (match := _SCALE_MARK.search(name)) and match.start() > 0:
        name = name[: match.start()]
    return "hr" if _HR_FILE.search(name) else "lr" if _LR_FILE.search(name) else ""


def _split_by_size(files: list[Path]) -> tuple[list[Path], list[Path] | None]:
    """Find LR files among files that do not say what they are ("0801" and "0801x4")."""
    twins: dict[str, list[Path]] = {}
    for file in files:
        twins.setdefault(image_name(file), []).append(file)
    ordered = [sorted(group, key=_pixels, reverse=True) for group in twins.values()]
    if all(len(group) == 2 and _fits(*group) for group in ordered):
        return [group[0] for group in ordered], [group[1] for group in ordered]
    for one, other in _neighbors(files):
        if _fits(one, other) and _degradation_psnr(one, other) >= REFUSED_BELOW:
            raise InputError(
                f"'{other}' looks like the LR of '{one}'; name such files '..._LR' and "
                "'..._HR', or put them into folders 'LR' and 'HR'"
            )
    return files, None


def _neighbors(files: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield both orders of two files that differ in the last word of their names, at most."""
    words: dict[str, list[Path]] = {}
    for file in files:
        for name in {whole_name(file), re.sub(r"[ ._-][^ ._-]*$", "", whole_name(file))}:
            words.setdefault(name, []).append(file)
    for group in words.values():
        if len(group) == 2:
            yield group[0], group[1]
            yield group[1], group[0]


def _degradation_psnr(hr: Path, lr: Path) -> float:
    low, high = Pair(name="", hr=hr, lr=lr).load()
    return degradation_psnr(low, high)


def _pixels(file: Path) -> int:
    width, height = image_size(file) or (0, 0)
    return width * height


def _first_folder(folder: Path, names: Iterable[str]) -> Path | None:
    """Return the first of the named folders that exists below `folder`, in any case."""
    for name in names:
        found: Path | None = folder
        for part in name.split("/"):
            found = None if found is None else subfolder(found, part)
        if found is not None and any(_images_in(found)):
            return found
    return None


def _subfolders(folder: Path) -> list[Path]:
    try:
        return [entry for entry in sorted(folder.iterdir()) if entry.is_dir()]
    except OSError:
        return []


def subfolder(folder: Path, name: str) -> Path | None:
    """Return the folder called `name` (lowercase) directly in `folder`, in any case, or None."""
    return next((entry for entry in _subfolders(folder) if entry.name.lower() == name), None)
