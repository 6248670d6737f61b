"""The scores of a submission: the CSV of results/, held to the letter."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence

from pdbench.errors import InputError
from pdbench.leaderboard.text_validation import quoted
from pdbench.scores import DECIMALS, Row, Score, format_csv, parse_csv

__all__ = ["parse_scores"]

_CELL = re.compile(rf"(?:-?(?:0|[1-9]\d{{0,8}})\.\d{{{DECIMALS}}})?", re.ASCII)
_COUNT = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)


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
    rows = parse_csv(text, source)
    if any(not math.isfinite(v) for row in rows for v in row.values.values() if v is not None):
        raise InputError(f"'{source}' holds a number that is not finite; submit again")
    if _rewritten(rows, metrics) != text:
        raise InputError(f"'{source}' is not as pdbench writes it; submit again")
    return rows


def _rewritten(rows: Sequence[Row], metrics: Sequence[str]) -> str:
    return format_csv((score for row in rows for score in _scores(row, row.values)), metrics)


def _scores(row: Row, values: Mapping[str, float | None]) -> list[Score]:
    return [
        Score(
            dataset="",
            image=row.image,
            method="",
            seed=row.seed,
            sample=row.sample,
            metric=metric,
            protocol="",
            protocol_hash="",
            weights="",
            value=value,
        )
        for metric, value in values.items()
    ]
