"""Test sets by name or folder, and the check every set passes before it is scored."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pdbench.data import DATASETS, PUBLISHED, THIRD_PARTY, DatasetSource
from pdbench.data.builtin import builtin_pairs
from pdbench.data.layouts import find_pairs, image_files, pair_files, subfolder
from pdbench.data.pairs import REFUSED_BELOW, WARNED_BELOW, Pair, PairFacts, name_some
from pdbench.errors import InputError, system_reason
from pdbench.images import SCALE, save_image
from pdbench.registry import unknown_id

__all__ = [
    "DATASETS",
    "THIRD_PARTY",
    "Dataset",
    "DatasetSource",
    "check_pairs",
    "combine_sha256",
    "data_root",
    "export_dataset",
    "open_dataset",
    "open_folders",
]


_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A test set; no pixel is read until a pair is loaded.

    Attributes:
        id: Lowercase id, part of file names ("set5").
        title: Title for tables ("Set5").
        pairs: The images, sorted by name.
        scale: Scale between LR and HR.
    """

    id: str
    title: str
    pairs: tuple[Pair, ...]
    scale: int = SCALE

    @property
    def lr_source(self) -> str:
        """Folder of the LR files, seen from the one that holds the HR folder; "" if made."""
        for pair in self.pairs:
            if pair.lr is not None:
                hr, lr = (file.resolve().parent for file in (pair.hr, pair.lr))
                near = lr.is_relative_to(hr.parent)
                return (lr.relative_to(hr.parent) if near else Path(lr.name)).as_posix()
        return ""

    def sha256(self) -> str:
        """Return one digest over the names and pixels of all pairs; loads every image."""
        facts = check_pairs(self.pairs)
        return combine_sha256({name: fact.sha256 for name, fact in facts.items()})


def data_root(root: str | Path | None = None) -> Path | None:
    """Return the folder that holds the named sets: the one given, else PDBENCH_DATA, else None."""
    chosen = root or os.environ.get("PDBENCH_DATA")
    return Path(chosen).expanduser() if chosen else None


def open_dataset(name: str | Path, root: str | Path | None = None) -> Dataset:
    """Find a test set by its id or take any folder of images for one.

    Args:
        name: "builtin", a published set ("set5"), a third-party set, or the path of a folder (see
            `find_pairs`).
        root: Folder that holds the published sets; PDBENCH_DATA when None.

    Returns:
        The set, its files listed but not read.

    Raises:
        InputError: The set is unknown or not found, or its files do not match up.
    """
    name = str(name)
    if name == "builtin":
        return Dataset(id="builtin", title="builtin", pairs=tuple(builtin_pairs()))
    if name in PUBLISHED:
        return _open_named(name, data_root(root))
    is_path = "/" in name or os.sep in name
    if not is_path and name in THIRD_PARTY:
        return _open_third_party(THIRD_PARTY.get(name))
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if is_path:
            raise InputError(f"dataset folder '{name}' does not exist; check the path")
        known = [*DATASETS, *THIRD_PARTY.names(), "a folder of images"]
        raise unknown_id("dataset", name, known)
    return _of_folder(folder, find_pairs(folder))


def _open_third_party(source: DatasetSource) -> Dataset:
    opened = source.open()
    if not isinstance(opened, Dataset) or opened.id != source.id:
        raise InputError(
            f"dataset '{source.id}' of package '{source.source}' opens something else; fix the "
            "package or uninstall it"
        )
    return opened


def open_folders(hr: str | Path, lr: str | Path | None = None) -> Dataset:
    """Take a folder of HR images, and one of their LR images, for a test set.

    Args:
        hr: Folder of HR images, in any layout that `find_pairs` knows where `lr` is None.
        lr: Folder of LR images of the same names, or None to find or make them.

    Returns:
        The set, its files listed but not read.

    Raises:
        InputError: A folder is missing or empty, files have no partner or share a name.
    """
    folder = Path(hr).expanduser()
    if not folder.is_dir():
        raise InputError(f"HR folder '{hr}' does not exist; check the path")
    if lr is None:
        return _of_folder(folder, find_pairs(folder))
    return _of_folder(folder, pair_files(image_files(folder), image_files(Path(lr).expanduser())))


def _open_named(name: str, root: Path | None) -> Dataset:
    if root is None:
        raise InputError(
            f"dataset '{name}' is not in this package; "
            "say where it lies with --data-root or the variable PDBENCH_DATA"
        )
    if not root.is_dir():
        raise InputError(f"data root '{root}' does not exist; give --data-root an existing folder")
    named = PUBLISHED[name]
    for candidate in named.folders:
        folder = root if candidate == "." else subfolder(root, candidate)
        # The root itself counts only where it holds the set's own folders, never loose images.
        if folder is None or (folder == root and subfolder(root, "div2k_valid_hr") is None):
            continue
        return Dataset(id=name, title=named.title, pairs=find_pairs(folder))
    top = named.title.split()[0]
    raise InputError(
        f"dataset '{name}' is not under '{root}'; "
        f"put it there as '{top}/HR' and '{top}/LR_bicubic/X4'"
    )


def _of_folder(folder: Path, pairs: tuple[Pair, ...]) -> Dataset:
    """Call a set after its folder, by an id that is safe in file names."""
    place = folder.resolve()
    title = place.parent.name if place.name.lower() in ("hr", "gt") else place.name
    name = re.sub(r"[^a-z0-9._-]+", "-", title.lower()).strip("-._") or "folder"
    return Dataset(id=name, title=title, pairs=pairs)


def check_pairs(
    pairs: Iterable[Pair], done: Callable[[Pair], None] | None = None
) -> dict[str, PairFacts]:
    """Load every pair and refuse a set in which an LR is not the degradation of its HR.

    Args:
        pairs: Pairs to check.
        done: Called after each pair, for a progress bar.

    Returns:
        Image name -> what the check found.

    Raises:
        InputError: A file cannot be read, sizes do not fit, or an LR is further than 30 dB from
            the bicubic LR of its HR; the files are named.
    """
    facts: dict[str, PairFacts] = {}
    strangers: list[Pair] = []
    for pair in pairs:
        facts[pair.name] = pair.check()
        if facts[pair.name].lr_psnr < REFUSED_BELOW:
            strangers.append(pair)
        if done is not None:
            done(pair)
    if strangers:
        worst = min(facts[pair.name].lr_psnr for pair in strangers)
        raise InputError(
            f"{len(strangers)} LR of {len(facts)} not made from the HR by x4 bicubic (down to "
            f"{worst:.1f} dB): {name_some(pair.lr for pair in strangers)}; give the right LR "
            "files or leave them out to have them made"
        )
    other = {name: fact.lr_psnr for name, fact in facts.items() if fact.lr_psnr < WARNED_BELOW}
    if other:
        _log.warning(
            "the LR of %s is not the bicubic LR of its HR (down to %.1f dB); scores are of the LR "
            "as given",
            name_some(sorted(other)),
            min(other.values()),
        )
    return facts


def export_dataset(dataset: Dataset, folder: Path) -> tuple[Path, Path]:
    """Write all images of a set as PNG files, exactly as they are scored.

    Args:
        dataset: The set.
        folder: Gets the folders "LR" and "HR", with one `<image>.png` each.

    Returns:
        The folders of LR and HR images.

    Raises:
        InputError: An image cannot be read, or the folder holds other files or cannot be written.
    """
    low, high = folder / "LR", folder / "HR"
    wanted = {f"{pair.name}.png" for pair in dataset.pairs}
    try:
        for place in (low, high):
            place.mkdir(parents=True, exist_ok=True)
            if {path.name for path in place.iterdir()} - wanted:
                raise InputError(f"'{place}' holds other files; name a new or empty folder")
        for pair in dataset.pairs:
            for image, place in zip(pair.load(), (low, high), strict=True):
                save_image(image, place / f"{pair.name}.png")
    except OSError as error:
        raise InputError(
            f"cannot write images to '{folder}' ({system_reason(error)}); name another"
        ) from error
    return low, high


def combine_sha256(digests: Mapping[str, str]) -> str:
    """Return one digest over image names and their digests, whatever the order."""
    lines = "".join(f"{name}\t{digests[name]}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()
