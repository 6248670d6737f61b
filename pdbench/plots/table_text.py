"""A table for the terminal."""

from __future__ import annotations

from itertools import zip_longest

from pdbench.plots.table_model import Cell, Table

__all__ = ["render_text"]

_ANSI = {1: "\x1b[1m", 2: "\x1b[4m"}
_SIGNS = {0: "", 1: "*", 2: "+"}


def render_text(table: Table, *, color: bool = False) -> str:
    """Lay the table out in columns for a fixed-width font.

    Args:
        table: What to print.
        color: Mark best and second by ANSI bold and underline instead of "*" and "+".

    Returns:
        Lines without trailing newline.
    """
    columns = [_left(["method", *(row.title for row in table.rows)])]
    for index, fact in enumerate(table.columns):
        arrow = "↑" if fact.better == "higher" else "↓"
        unit = f" ({fact.unit})" if fact.unit else ""
        title = f"{fact.title}{unit}{arrow}"
        columns.append(_column(title, [row.cells[index] for row in table.rows], color=color))
    columns.append(_right(["n/N", *(row.count for row in table.rows)]))
    lines = ["  ".join(parts).rstrip() for parts in zip_longest(*columns, fillvalue="")]
    return "\n".join([table.caption, "", *lines, "", *_legend(table, color=color)]).rstrip()


def _legend(table: Table, *, color: bool) -> list[str]:
    names = {1: "best", 2: "second"}
    marks = [
        f"{_ANSI[rank]}{names[rank]}\x1b[0m" if color else f"{_SIGNS[rank]} {names[rank]}"
        for rank in sorted(table.ranked)
    ]
    legend = [table.interval_legend] if table.interval_legend else []
    first = "; ".join([", ".join(marks), *legend] if marks else legend)
    notes = [f"[{mark}] {text}" for mark, text in table.notes]
    return [*([first] if first else []), *table.seed_notes, *notes]


def _column(title: str, cells: list[Cell], *, color: bool) -> list[str]:
    parts = zip(
        _right([cell.text for cell in cells]),
        _left(["" if color else _SIGNS[cell.rank] for cell in cells]),
        _left([cell.interval_text for cell in cells]),
        _left([f"[{cell.note}]" if cell.note else "" for cell in cells]),
        strict=True,
    )
    lines = [
        " ".join(filter(None, (value + sign, interval, note)))
        for value, sign, interval, note in parts
    ]
    padded = _right([title, *lines])
    if not color:
        return padded
    marked = (
        line.replace(cell.text, f"{_ANSI[cell.rank]}{cell.text}\x1b[0m", 1) if cell.rank else line
        for cell, line in zip(cells, padded[1:], strict=True)
    )
    return [padded[0], *marked]


def _left(texts: list[str]) -> list[str]:
    width = max(map(len, texts))
    return [text.ljust(width) for text in texts]


def _right(texts: list[str]) -> list[str]:
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]
