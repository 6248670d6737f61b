"""Cache of training photographs: decoded and shrunk once, then memory-mapped.

Decoding and shrinking the 3,450 photographs of DF2K takes every start of a training the better
part of an hour and 30 GB in each process; a prepared folder opens in a moment and is shared.
The crops are the same to the last bit, because whole photographs are kept, with the LR of the
whole photograph: no crop sees the edge of a tile.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np
import torch
from tqdm import tqdm

from pdbench.atomic_write import make_folder, replace_file
from pdbench.data.patches import find_photos, make_photo, read_photo
from pdbench.data.prepared import (
    FORMAT,
    INDEX,
    PIXELS,
    PreparedPhoto,
    Source,
    open_prepared,
)
from pdbench.errors import InputError

try:
    import fcntl
except ImportError:  # Windows: nothing keeps two processes out of one folder
    fcntl = None  # type: ignore[assignment]

__all__ = ["prepare_photos"]

JOURNAL = "journal.jsonl"
SMALLEST = 4

Pixels = tuple[np.ndarray, np.ndarray]

_log = logging.getLogger(__name__)


def prepare_photos(
    folders: Sequence[Path], out: Path, *, jobs: int = 1, progress: bool = True
) -> list[PreparedPhoto]:
    """Write the photographs below some folders, and their LR, into one prepared folder.

    What an interrupted call had finished is kept by the next one; the folder counts as prepared
    only when all of it is on the disk.

    Args:
        folders: Folders of image files, searched below.
        out: The folder to make; it needs 3.2 bytes for every HR pixel.
        jobs: Processes that decode and shrink.
        progress: Whether to show a progress bar with ETA.

    Returns:
        The photographs, in the order of `find_photos(folders)`.

    Raises:
        InputError: No photographs, one that cannot be read, a folder that cannot be made or
            holds something else, or one in which another process is at work.
    """
    files = _files(folders)
    if (out / INDEX).is_file():
        return _reopen(out, files)
    make_folder(out)
    part = out / f"{PIXELS}.part"
    if (out / PIXELS).is_file():  # killed between the last two lines below
        (out / PIXELS).replace(part)
    part.touch()
    with part.open("r+b") as pixels:
        _lock(pixels, out)
        sources = _resumable(out / JOURNAL, files, part.stat().st_size)
        replace_file(out / JOURNAL, "".join(map(_line, sources)).encode())
        pixels.truncate(pixels.seek(sources[-1].end if sources else 0))
        rest = files[len(sources) :]
        shown = progress and logging.getLogger().level < logging.ERROR
        bar = tqdm(total=len(files), initial=len(sources), unit="photo",
                   disable=None if shown else True)  # fmt: skip
        with bar, (out / JOURNAL).open("a", encoding="utf-8") as journal:
            for file, photo in zip(rest, _decoded(rest, jobs), strict=True):
                sources.append(_append(pixels, journal, file, photo))
                bar.update()
    part.replace(out / PIXELS)
    index = {"format": FORMAT, "photos": list(map(asdict, sources))}
    replace_file(out / INDEX, json.dumps(index).encode())
    (out / JOURNAL).unlink()
    return open_prepared(out)


def _append(pixels: BinaryIO, journal: TextIO, file: Path, photo: Pixels) -> Source:
    """Write one photograph, then its line: what the journal says lies on the disk."""
    (hr, lr), start = photo, pixels.tell()
    pixels.write(hr.tobytes())
    pixels.write(lr.tobytes())
    pixels.flush()
    os.fsync(pixels.fileno())
    status = file.stat()
    source = Source(
        name=str(file), size=status.st_size, modified=status.st_mtime_ns,
        height=hr.shape[0], width=hr.shape[1], offset=start,
    )  # fmt: skip
    journal.write(_line(source))
    journal.flush()
    return source


def _files(folders: Sequence[Path]) -> list[Path]:
    found = find_photos(folders)
    files = [item.resolve() for item in found if isinstance(item, Path)]
    if len(files) != len(found):
        raise InputError("--data names a folder that is prepared already; train with it as it is")
    return files


def _reopen(out: Path, files: Sequence[Path]) -> list[PreparedPhoto]:
    photos = open_prepared(out)
    if len(photos) != len(files) or not all(
        _same_file(photo.source, file) for photo, file in zip(photos, files, strict=True)
    ):
        raise InputError(
            f"'{out}' was prepared from other photographs; remove it or give another --out"
        )
    _log.info("%s is prepared already", out)
    return photos


def _lock(pixels: BinaryIO, out: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(pixels, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise InputError(
            f"another process is preparing '{out}'; wait for it or give another --out"
        ) from None


def _resumable(journal: Path, files: Sequence[Path], size: int) -> list[Source]:
    """Return the entries that are whole, lie on the disk and are still of these files."""
    done: list[Source] = []
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.is_file() else []
    for line, file in zip(lines, files, strict=False):
        try:
            source = Source(**json.loads(line))
        except (ValueError, TypeError):  # a line cut short by a kill
            break
        if source.end > size or not _same_file(source, file):
            break
        done.append(source)
    return done


def _line(source: Source) -> str:
    return json.dumps(asdict(source)) + "\n"


def _same_file(source: Source, file: Path) -> bool:
    status = file.stat()
    facts = (str(file), status.st_size, status.st_mtime_ns)
    return facts == (source.name, source.size, source.modified)


def _decode(file: Path) -> Pixels:
    pixels = read_photo(file)
    if min(pixels.shape[:2]) < SMALLEST:  # kept as an empty entry: the order of files is the same
        return np.empty((0, 0, 3), np.uint8), np.empty((0, 0, 3), np.uint8)
    photo = make_photo(str(file), pixels)
    return photo.hr, photo.lr


def _decoded(files: Sequence[Path], jobs: int) -> Iterator[Pixels]:
    """Decode in order, a few photographs ahead at most: memory does not grow with their number."""
    if jobs <= 1 or len(files) <= 1:
        yield from map(_decode, files)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, torch.set_num_threads, (1,)) as pool:
        rest = iter(files)
        ahead: deque[Future[Pixels]] = deque(
            pool.submit(_decode, file) for file in islice(rest, 2 * jobs)
        )
        while ahead:
            pixels = ahead.popleft().result()
            ahead.extend(pool.submit(_decode, file) for file in islice(rest, 1))
            yield pixels
