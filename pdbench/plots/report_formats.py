"""Short reports: a caption, tables of words and numbers, notes; in four formats."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pdbench.errors import InputError
from pdbench.plots.table_markup import escape_markdown
from pdbench.plots.table_records import guard_formula
from pdbench.scores import one_line

__all__ = ["Document", "DocumentFormat", "Grid", "format_signed", "render_document"]

DocumentFormat = Literal["text", "md", "json", "csv"]
"""text for terminals, md for GitHub, json and csv for programs."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table of texts.

    Attributes:
        heads: Column heads.
        rows: Cells of each row, as many as heads.
        words: How many columns, from the left, hold words; the others are set flush right.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


@dataclass(frozen=True, kw_only=True)
class Document:
    """A report.

    Attributes:
        lines: What stands above the tables.
        grids: The tables.
        notes: What stands below them.
        record: All of it for JSON; "rows" holds one flat object per line of the CSV.
    """

    lines: tuple[str, ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    record: Mapping[str, Any]


def render_document(document: Document, form: str) -> str:
    """Write a report.

    Args:
        document: The report.
        form: One of `DocumentFormat`.

    Returns:
        The text, without trailing newline. In JSON an infinite number is null.

    Raises:
        InputError: The format is unknown.
    """
    if form not in get_args(DocumentFormat):
        known = ", ".join(get_args(DocumentFormat))
        raise InputError(f"unknown format '{form}'; choose one of {known}")
    if form == "json":
        return json.dumps(_plain(document.record), indent=2, ensure_ascii=False, allow_nan=False)
    if form == "csv":
        return _render_csv(document.record["rows"])
    markdown = form == "md"
    blocks = ["\n".join(_lines(document.lines, markdown=markdown))] if document.lines else []
    blocks += [_markdown(grid) if markdown else _text(grid) for grid in document.grids]
    if document.notes:
        blocks.append("\n".join(_lines(document.notes, markdown=markdown)))
    return "\n\n".join(blocks)


def format_signed(value: float | None, decimals: int) -> str:
    """Write a difference: with sign, fixed decimals, "∞" for infinity, "—" for None."""
    if value is None:
        return "—"
    if math.isinf(value):
        return "+∞" if value > 0 else "-∞"
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text


def _lines(texts: Sequence[str], *, markdown: bool) -> list[str]:
    texts = [one_line(text) for text in texts]
    if not markdown:
        return texts
    last = len(texts) - 1
    return [escape_markdown(text) + ("  " if i < last else "") for i, text in enumerate(texts)]


def _text(grid: Grid) -> str:
    table = [[one_line(cell) for cell in row] for row in (grid.heads, *grid.rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(grid.heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < grid.words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def _markdown(grid: Grid) -> str:
    rules = [":---" if column < grid.words else "---:" for column in range(len(grid.heads))]
    rows = [[escape_markdown(one_line(cell)) for cell in row] for row in (grid.heads, *grid.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rules, *rows[1:]])


def _render_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    heads: list[str] = []
    for row in rows:
        if not heads:
            heads = list(row)
            writer.writerow(heads)
        writer.writerow([_field(row[head]) for head in heads])
    return buffer.getvalue().removesuffix("\n")


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(map(_field, value))
    return guard_formula(value) if isinstance(value, str) else str(value)


def _plain(value: Any) -> Any:  # noqa: ANN401  (whatever JSON can hold)
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and math.isinf(value) else value
