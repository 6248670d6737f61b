"""Scores as a pandas DataFrame, and as the CSV files of results/. No torch here."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter

import pandas as pd

from pdbench.errors import InputError
from pdbench.scores import Score, is_score

__all__ = ["COLUMNS", "DECIMALS", "KEY", "format_csv", "parse_csv", "scores_frame"]

DECIMALS = 6
"""Decimals of every score in a results file."""

COLUMNS = tuple(field.name for field in fields(Score))
"""Columns of a scores DataFrame: one line per metric of an output image."""

KEY = ["image", "seed", "sample"]
"""Columns that name an output image of a method."""


def scores_frame(scores: Iterable[Score] | pd.DataFrame) -> pd.DataFrame:
    """Return scores as a DataFrame with the columns of `Score`.

    Args:
        scores: Scores in any order, or such a DataFrame, which is returned as it is.

    Returns:
        One line per score; "value" is NaN where there is none and "reason" says why.
    """
    if isinstance(scores, pd.DataFrame):
        return scores
    frame = pd.DataFrame.from_records(map(attrgetter(*COLUMNS), scores), columns=list(COLUMNS))
    return frame.astype({"value": "float64"})


def format_csv(scores: Iterable[Score] | pd.DataFrame, metrics: Sequence[str]) -> str:
    """Write the scores of one method on one dataset as a wide table.

    Args:
        scores: Scores of one method, in any order.
        metrics: Metric ids in column order; scores of other metrics are left out.

    Returns:
        CSV text with columns image, seed, sample and one per metric, sorted by the first three,
        six decimals, an empty cell where there is no value. Equal scores give equal bytes.
    """
    frame = scores_frame(scores).set_index([*KEY, "metric"])["value"]
    wide = frame.unstack("metric").reindex(columns=list(metrics)).sort_index()
    return str(wide.to_csv(float_format=f"%.{DECIMALS}f", lineterminator="\n"))


def parse_csv(text: str, source: str) -> pd.DataFrame:
    """Read what `format_csv` wrote, refusing anything else.

    Args:
        text: Content of the file.
        source: Name of the file, for errors.

    Returns:
        One line per output image, in file order: image, seed, sample and a column per metric, NaN
        where a cell is empty.

    Raises:
        InputError: A column is missing or named twice, a cell is not a number or too large for a
            score, a line is too short or too long, or an output image appears twice; the line is
            named.
    """
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InputError(f"'{source}' is not a CSV file ({error}); export it again") from None
    header = lines[0] if lines else []
    if header[:3] != KEY or len(set(header)) != len(header):
        raise InputError(
            f"'{source}' is not a results file: its first line must be image,seed,sample and "
            "metric ids, each once"
        )
    rows = [
        _parse_line(cells, len(header), f"{source}:{n}") for n, cells in enumerate(lines[1:], 2)
    ]
    frame = pd.DataFrame(rows, columns=header)
    for number in frame.index[frame.duplicated(KEY)]:
        raise InputError(f"'{source}:{number + 2}' repeats an image, seed and sample; remove it")
    return frame.astype(dict.fromkeys(header[3:], "float64"))


def _parse_line(cells: Sequence[str], width: int, where: str) -> list[str | int | float]:
    if len(cells) != width:
        raise InputError(f"'{where}' has {len(cells)} cells, not {width}; fix the line")
    try:
        key = [int(cell) for cell in cells[1:3]]
        values = [float(cell or "nan") for cell in cells[3:]]
    except ValueError:
        raise InputError(f"'{where}' has a cell that is not a number; fix the line") from None
    for cell, value in zip(cells[3:], values, strict=True):
        if math.isnan(value) and cell:
            raise InputError(f"'{where}' has NaN; leave the cell empty where there is no value")
        if not math.isnan(value) and not is_score(value):
            raise InputError(f"'{where}' has {value:g}, which no metric gives; fix the line")
    return [cells[0], *key, *values]
