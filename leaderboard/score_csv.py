"""The scores of a submission: the CSV of results/, held to the letter."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pdbench.errors import InputError
from pdbench.leaderboard.text_validation import quoted
from pdbench.score_table import DECIMALS, KEY, format_csv, parse_csv

__all__ = ["Row", "parse_scores", "rows_of"]

_CELL = re.compile(rf"(?:-?(?:0|[1-9]\d{{0,8}})\.\d{{{DECIMALS}}})?", re.ASCII)
_COUNT = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a submission's scores: all metrics of one output image.

    Attributes:
        image: Image name.
        seed: Run seed.
        sample: Index of the output.
        values: Metric id -> score; None where the cell is empty.
    """

    image: str
    seed: int
    sample: int
    values: dict[str, float | None]


def parse_scores(content: bytes, source: str, metrics: Sequence[str]) -> list[Row]:
    """Read the scores of one dataset, refusing all that `format_csv` would not have written.

    Args:
        content: The file's bytes.
        source: Name of the file, for errors.
        metrics: Metric ids the columns must be, in order.

    Returns:
        One row per output image, all values finite; None where a cell is empty.

    Raises:
        InputError: Another encoding, other columns, a cell that is no plain number (NaN, infinity,
            words, formulas), lines repeated or out of order.
    """
    try:
        text = content.decode("ascii")
        lines = list(csv.reader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"'{source}' is no plain CSV file of scores; submit again") from None
    header = ["image", "seed", "sample", *metrics]
    if not lines or lines[0] != header:
        raise InputError(f"'{source}' has not the columns {','.join(header)}; submit again")
    for number, cells in enumerate(lines[1:], 2):
        for cell, plain in zip(cells[1:], [_COUNT, _COUNT, *[_CELL] * len(metrics)], strict=False):
            if not plain.fullmatch(cell):
                raise InputError(
                    f"'{source}:{number}' holds {quoted(cell)}, which is no score; submit again"
                )
    frame = parse_csv(text, source)
    long = frame.melt(KEY, var_name="metric")
    if (long["value"] == math.inf).any():
        raise InputError(f"'{source}' holds a number that is not finite; submit again")
    if format_csv(long, metrics) != text:
        raise InputError(f"'{source}' is not as pdbench writes it; submit again")
    return rows_of(frame)


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Return the lines of a table that `parse_csv` read."""
    return [_row(line) for line in frame.to_dict("records")]


def _row(line: dict[Hashable, Any]) -> Row:
    image, seed, sample = (line.pop(name) for name in KEY)
    values = {str(m): None if math.isnan(v) else v for m, v in line.items()}
    return Row(image=image, seed=seed, sample=sample, values=values)
