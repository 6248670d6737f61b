"""Reading a submission's folder: small regular files of expected names, and nothing else."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection
from pathlib import Path

from pdbench.errors import InputError, system_reason
from pdbench.leaderboard.text_validation import quoted

__all__ = ["LIMITS", "check_listing", "list_folder", "read_file", "sha256_hex"]

LIMITS = {".yaml": 2**16, ".json": 2**23, ".csv": 2**23, ".png": 2**16}
"""Suffix -> most bytes of one file of a submission."""

MOST_FILES = 500

_TEXT = (".yaml", ".json", ".csv")

# A name that is a link is refused by the system itself, not only by the check before.
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def sha256_hex(content: bytes) -> str:
    """Return the hex digest of a file's content."""
    return hashlib.sha256(content).hexdigest()


def list_folder(folder: Path) -> list[str]:
    """List the files of a submission by their paths below its folder, sorted.

    Raises:
        InputError: The folder is missing or a link, or holds a link, a device or too many files.
    """
    try:
        mode = folder.lstat().st_mode
    except OSError:
        raise InputError(f"there is no submission in '{folder}'; check its id") from None
    if not stat.S_ISDIR(mode):
        raise InputError(f"'{folder}' is not a folder (links are not followed); remove it")
    names: list[str] = []
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                name = path.relative_to(folder).as_posix()
                if entry.is_symlink():
                    raise InputError(f"{quoted(name)} in '{folder}' is a link; put the file there")
                if entry.is_dir():
                    waiting.append(path)
                elif not entry.is_file():
                    raise InputError(f"{quoted(name)} in '{folder}' is not a file; remove it")
                names.append(f"{name}/" if entry.is_dir() else name)
                if len(names) > MOST_FILES:
                    raise InputError(f"'{folder}' contains over {MOST_FILES} files; remove some")
    return sorted(names)


def check_listing(folder: Path, expected: Collection[str]) -> None:
    """Refuse a folder that holds more or less than the expected files.

    Args:
        folder: A submission's folder.
        expected: Paths of files below it, in POSIX form.

    Raises:
        InputError: Something is missing or does not belong there; it is named.
    """
    wanted = set(expected)
    parents = {f"{parent.as_posix()}/" for name in wanted for parent in Path(name).parents}
    found = set(list_folder(folder))
    if strange := sorted(found - wanted - parents):
        raise InputError(
            f"{quoted(strange[0])} does not belong into a submission, which is data only; "
            f"remove it from '{folder}'"
        )
    if missing := sorted(wanted - found):
        raise InputError(f"'{folder}' lacks {quoted(missing[0])}; submit again")


def read_file(folder: Path, name: str) -> bytes:
    """Read one file of a submission; text comes with LF line ends, whatever a checkout made of it.

    Args:
        folder: The submission's folder.
        name: Path below it; the caller made it, no stranger did.

    Raises:
        InputError: It is missing, a link, no regular file, or too large for its kind.
    """
    path = folder / name
    limit = LIMITS[path.suffix]
    try:
        handle = os.open(path, _OPEN)
    except OSError as error:
        raise InputError(
            f"cannot read '{path}' ({system_reason(error)}; links are not "
            "followed); put the file there"
        ) from None
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise InputError(f"'{path}' is not a file; remove it")
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise InputError(f"'{path}' is larger than {limit // 1024} KiB; no submission needs that")
    return content.replace(b"\r\n", b"\n") if path.suffix in _TEXT else content
