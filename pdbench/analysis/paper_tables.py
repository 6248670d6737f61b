"""Tables of scores as published: any CSV with a method column, and the paper's own Table 1."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeVar

from pdbench.errors import InputError
from pdbench.scores import MOST_DECIMALS, is_score

__all__ = [
    "PublishedRow",
    "PublishedTable",
    "in_paper_order",
    "paper_table",
    "parse_table",
    "split_id",
]

PAPER_FILE = "paper_table1.csv"

FAMILIES = (
    "bicubic", "rrdb", "esrgan-plus", "srflow-da", "average", "median", "fusion-l1",
    "fusion-lpips",
)  # fmt: skip
"""Bicubic and the families of the paper's rows, in its order."""

_LABELS = ("method", "image", "seed", "sample")
_ASIDE = ("dataset", "protocol", "size", "images", "notes")
_NAMES = {
    "lpips": "lpips-vgg",
    "lpips-(vgg)": "lpips-vgg",
    "nrqm": "ma",
    "model": "method",
    "name": "method",
}
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """One line of a table.

    Attributes:
        label: What the line is called.
        values: Column -> number as printed; nothing for an empty cell.
        steps: Column -> one unit in the last printed decimal.
    """

    label: str
    values: Mapping[str, float]
    steps: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """A table of scores.

    Attributes:
        source: Where it comes from.
        notes: Its comment lines.
        columns: Column ids, in order.
        rows: Its lines, in order.
    """

    source: str
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[PublishedRow, ...]


def parse_table(text: str, source: str) -> PublishedTable:
    """Read a table: comment lines from "#", a line of column names, then one line per method.

    A line is labeled by its column "method", or by "image", "seed" and "sample" together.
    Column names are read generously: "PSNR (dB) ↑" is psnr. Columns without numbers, and those
    that `pdbench table --format csv` adds to a metric ("psnr_n", "psnr_low"), are left out.

    Args:
        text: Content of the file.
        source: Its name, for errors.

    Raises:
        InputError: No column labels the lines, a column is named twice, a line has too few or too
            many cells, nothing is a number, or there is no line at all.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    notes = tuple(line[1:].strip() for line in lines if line.startswith("#"))
    try:
        cells = list(csv.reader(line for line in lines if not line.startswith("#")))
    except csv.Error as error:
        raise InputError(f"'{source}' is not a CSV table ({error}); export it again") from None
    if len(cells) < 2:
        raise InputError(f"'{source}' holds no table; give a CSV with a column 'method'")
    names = [_column_id(name) for name in cells[0]]
    labels = [index for index, name in enumerate(names) if name == "method"]
    labels = labels or [index for index, name in enumerate(names) if name in _LABELS]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not labels or twice:
        wrong = f"names {twice[0]} twice" if twice else "has no column 'method'"
        raise InputError(f"'{source}' {wrong}; give each column one name and each line a method")
    for number, line in enumerate(cells, 1):
        if len(line) != len(names):
            raise InputError(
                f"line {number} of the table in '{source}' has {len(line)} cells, not "
                f"{len(names)}; fix the line"
            )
    columns = [
        index
        for index, name in enumerate(names)
        if name not in (*_LABELS, *_ASIDE)
        and not re.search(r"_(n|low|high)$", name)
        and any(_number(line[index]) is not None for line in cells[1:])
    ]
    if not columns:
        raise InputError(f"'{source}' holds no numbers; give one column per metric")
    return PublishedTable(
        source=source,
        notes=notes,
        columns=tuple(names[index] for index in columns),
        rows=tuple(_row(line, names, labels, columns, source) for line in cells[1:]),
    )


def _column_id(name: str) -> str:
    bare = re.sub(r"[↑↓*]|\(dB\)", "", name).strip().lower()
    plain = re.sub(r"\s+", "-", bare)
    return _NAMES.get(plain, plain)


def _number(cell: str) -> float | None:
    try:
        value = float(cell.strip().replace("∞", "inf"))
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _row(
    line: Sequence[str],
    names: Sequence[str],
    labels: Sequence[int],
    columns: Sequence[int],
    source: str,
) -> PublishedRow:
    label = " ".join(line[index].strip() for index in labels)
    values, steps = {}, {}
    for index in columns:
        cell = line[index].strip()
        if cell in ("", "-", "–", "—"):
            continue
        value = _number(cell)
        if value is None or not is_score(value):
            raise InputError(
                f"'{source}' has {cell!r:.60} for {names[index]} of {label:.60}, which is not a "
                "score; leave the cell empty where there is none"
            )
        values[names[index]] = value
        decimals = len(cell.partition(".")[2]) if re.fullmatch(r"-?\d+\.\d+", cell) else 0
        decimals = min(decimals, MOST_DECIMALS)
        steps[names[index]] = 10.0**-decimals
    return PublishedRow(label=label, values=values, steps=steps)


@cache
def paper_table() -> PublishedTable:
    """Return the paper's Table 1 as printed.

    References:
        C. Korkmaz, A. M. Tekalp, Z. Dogan, E. Erdem, A. Erdem, "Perception-Distortion Trade-off in
        the SR Space Spanned by Flow Models", ICIP 2022, https://arxiv.org/abs/2209.08564
    """
    text = files("pdbench.analysis").joinpath(PAPER_FILE).read_text("utf-8")
    return parse_table(text, "Table 1 of the paper")


def split_id(method: str) -> tuple[str, tuple[float, ...]]:
    """Split "average-25", "net[tau=0.9]" or "Average (25)" into family and numbers.

    Returns:
        The family and its parameter; no numbers for a method without a parameter.
    """
    found = re.fullmatch(r"(.+?)\s*[\[(](.*)[\])]", method) or re.fullmatch(r"(.+)-(\d+)", method)
    numbers = re.findall(r"-?\d+(?:\.\d+)?", found[2]) if found else []
    return (found[1], tuple(map(float, numbers))) if found and numbers else (method, ())


def in_paper_order(items: Iterable[T], ids: Iterable[str]) -> list[T]:
    """Sort what belongs to methods: bicubic, the paper's rows in its order, then all others.

    Members of a family stand together, by their parameter; families the paper does not have are
    sorted by name.

    Args:
        items: What to sort.
        ids: The method id of each item.
    """

    def place(entry: tuple[str, T]) -> tuple[int, str, tuple[float, ...]]:
        family, parameter = split_id(entry[0])
        rank = FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)
        return rank, family, parameter

    return [item for _, item in sorted(zip(ids, items, strict=True), key=place)]
