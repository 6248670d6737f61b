"""Reading photographs that `pdbench data prepare` laid out for training.

A prepared folder holds `pixels.u8`, the HR and LR pixels of all photographs one after another, and
`index.json`, which says where each lies. The pixels are memory-mapped: training starts
at once, and all its processes share the one copy that the operating system keeps in memory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pdbench.errors import InputError
from pdbench.images import SCALE

__all__ = ["FORMAT", "INDEX", "PIXELS", "PreparedPhoto", "Source", "is_prepared", "open_prepared"]

FORMAT = "pdbench prepared photographs 1"
INDEX = "index.json"
PIXELS = "pixels.u8"
CHANNELS = 3


@dataclass(frozen=True, kw_only=True)
class Source:
    """One entry of the index: the file a photograph came from, and where its pixels lie.

    Attributes:
        name: Path of the file.
        size: Bytes of the file.
        modified: Its modification time in nanoseconds.
        height: Height of the HR, a multiple of 4; 0 for a file smaller than 4 pixels.
        width: Its width, a multiple of 4.
        offset: Byte at which the HR begins; the LR follows it.
    """

    name: str
    size: int
    modified: int
    height: int
    width: int
    offset: int

    @property
    def end(self) -> int:
        """Byte after the last one of the LR."""
        pixels = self.height * self.width
        return self.offset + CHANNELS * (pixels + pixels // SCALE**2)


@cache
def _mapped(path: str) -> np.ndarray:
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))  # plain: its slices are cheaper


@dataclass(frozen=True, kw_only=True)
class PreparedPhoto:
    """A photograph in a prepared folder, used like a `pdbench.data.patches.LoadedPhoto`.

    It keeps the path of the pixels, not the pixels: worker processes map them anew.

    Attributes:
        pixels: Path of `pixels.u8`.
        source: Entry of the index.
    """

    pixels: str
    source: Source

    @property
    def name(self) -> str:
        """Name of the file it came from."""
        return Path(self.source.name).name

    @property
    def hr(self) -> np.ndarray:
        """HR pixels (H, W, 3), uint8 RGB, read-only."""
        return self._cut(self.source.offset, self.source.height, self.source.width)

    @property
    def lr(self) -> np.ndarray:
        """LR pixels (H/4, W/4, 3), uint8 RGB, read-only."""
        source = self.source
        start = source.offset + CHANNELS * source.height * source.width
        return self._cut(start, source.height // SCALE, source.width // SCALE)

    def _cut(self, start: int, height: int, width: int) -> np.ndarray:
        end = start + CHANNELS * height * width
        return _mapped(self.pixels)[start:end].reshape(height, width, CHANNELS)


def is_prepared(folder: Path) -> bool:
    """Tell whether `pdbench data prepare` has begun or finished its work in a folder."""
    return any((folder / name).is_file() for name in (PIXELS, f"{PIXELS}.part"))


def open_prepared(folder: Path) -> list[PreparedPhoto]:
    """List the photographs of a prepared folder in the order they were given; reads no pixel.

    Raises:
        InputError: The folder is unfinished or damaged.
    """
    pixels = folder / PIXELS
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if index["format"] != FORMAT:
            raise ValueError("another format")
        sources = [Source(**entry) for entry in index["photos"]]
        whole = pixels.stat().st_size == (sources[-1].end if sources else 0)
    except FileNotFoundError:
        raise InputError(
            f"prepared data '{folder}' is unfinished; run the same 'pdbench data prepare' again"
        ) from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(folder) from error
    if not whole:
        raise _damaged(folder)
    return [PreparedPhoto(pixels=str(pixels.resolve()), source=source) for source in sources]


def _damaged(folder: Path) -> InputError:
    return InputError(f"prepared data '{folder}' is damaged; remove it and prepare it again")
