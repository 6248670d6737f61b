"""Cutting an LR image into overlapping tiles that fit a memory budget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Tile", "tiles"]


@dataclass(frozen=True)
class Tile:
    """One tile, in LR pixels: the window a network sees, and the core it answers for.

    Attributes:
        top: First row of the window.
        bottom: Row after the window's last.
        left: First column of the window.
        right: Column after the window's last.
        core: (top, bottom, left, right) of the part of the image this tile fills.
    """

    top: int
    bottom: int
    left: int
    right: int
    core: tuple[int, int, int, int]

    def window(self, factor: int = 1) -> tuple[slice, slice]:
        """Rows and columns of the window in an image `factor` times as large."""
        return (
            slice(self.top * factor, self.bottom * factor),
            slice(self.left * factor, self.right * factor),
        )

    def target(self, factor: int) -> tuple[slice, slice]:
        """Rows and columns of the core in the whole image, `factor` times as large."""
        top, bottom, left, right = self.core
        return slice(top * factor, bottom * factor), slice(left * factor, right * factor)

    def source(self, factor: int) -> tuple[slice, slice]:
        """Rows and columns of the core within the window, `factor` times as large."""
        top, bottom, left, right = self.core
        rows = slice((top - self.top) * factor, (bottom - self.top) * factor)
        return rows, slice((left - self.left) * factor, (right - self.left) * factor)


def _spans(length: int, parts: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    edges = [round(length * i / parts) for i in range(parts + 1)]
    for start, stop in pairwise(edges):
        yield max(0, start - overlap), min(length, stop + overlap), start, stop


def tiles(height: int, width: int, *, pixels: float, overlap: int) -> list[Tile]:
    """Cover an image with the fewest near-square tiles whose windows stay within a size.

    Args:
        height: Rows of the LR image.
        width: Columns of the LR image.
        pixels: Largest window in LR pixels; windows below four overlaps a side are not made.
        overlap: LR pixels seen beyond the core on every inner side.

    Returns:
        Tiles in reading order; one tile when the whole image fits.
    """
    least = 4 * overlap
    rows = columns = 1
    while True:
        tile_height = min(height, math.ceil(height / rows) + (2 * overlap if rows > 1 else 0))
        tile_width = min(width, math.ceil(width / columns) + (2 * overlap if columns > 1 else 0))
        if tile_height * tile_width <= pixels or max(tile_height, tile_width) <= least:
            break
        if tile_height >= tile_width:
            rows += 1
        else:
            columns += 1
    return [
        Tile(top, bottom, left, right, (first_row, last_row, first_column, last_column))
        for top, bottom, first_row, last_row in _spans(height, rows, overlap)
        for left, right, first_column, last_column in _spans(width, columns, overlap)
    ]
