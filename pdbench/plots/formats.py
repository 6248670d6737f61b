"""Texts of tables and reports: Markdown, LaTeX, CSV, aligned columns; reports in four formats."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pdbench.errors import InputError
from pdbench.scores import MetricFacts, one_line

__all__ = [
    "Document", "DocumentFormat", "Grid", "align", "escape_latex", "escape_markdown",
    "format_signed", "format_value", "guard_formula", "head_of", "markdown_rows",
    "render_document", "write_csv",
]  # fmt: skip

DocumentFormat = Literal["text", "md", "json", "csv"]
"""text for terminals, md for GitHub, json and csv for programs."""

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "[": "{[}",
    "]": "{]}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "τ": r"$\tau$",
    "σ": r"$\sigma$",
    "∞": r"$\infty$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "—": "---",
    "†": r"$\dagger$",
}


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
        rows = document.record["rows"]
        heads = [list(row) for row in rows[:1]]
        return write_csv([*heads, *(map(_field, row.values()) for row in rows)])
    markdown = form == "md"
    paragraph, grid = (_markdown_lines, _markdown) if markdown else (_text_lines, _text)
    blocks = [paragraph(document.lines), *map(grid, document.grids), paragraph(document.notes)]
    return "\n\n".join(filter(None, blocks))


def _text_lines(texts: Sequence[str]) -> str:
    return "\n".join(map(one_line, texts))


def _markdown_lines(texts: Sequence[str]) -> str:
    return "  \n".join(escape_markdown(one_line(text)) for text in texts)


def _text(grid: Grid) -> str:
    columns = [
        align(map(one_line, column), left=index < grid.words)
        for index, column in enumerate(zip(grid.heads, *grid.rows, strict=True))
    ]
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def _markdown(grid: Grid) -> str:
    rows = [[escape_markdown(one_line(cell)) for cell in row] for row in (grid.heads, *grid.rows)]
    return "\n".join(markdown_rows(rows, words=grid.words))


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


def align(texts: Iterable[str], *, left: bool) -> list[str]:
    """Return texts padded to one width, flush left or flush right."""
    texts = list(texts)
    width = max(map(len, texts))
    return [text.ljust(width) if left else text.rjust(width) for text in texts]


def markdown_rows(rows: Sequence[Sequence[str]], *, words: int = 1) -> list[str]:
    """Return the lines of a Markdown table of escaped cells, heads first; see `Grid`."""
    rules = [":---" if column < words else "---:" for column in range(len(rows[0]))]
    return [f"| {' | '.join(row)} |" for row in (rows[0], rules, *rows[1:])]


def write_csv(rows: Iterable[Iterable[str]]) -> str:
    """Return rows as CSV without trailing newline."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().removesuffix("\n")


def format_value(value: float | None, decimals: int) -> str:
    """Write a score with fixed decimals; "∞" for an infinite one, "—" for None."""
    return format_signed(value, decimals).removeprefix("+")


def format_signed(value: float | None, decimals: int) -> str:
    """Write a difference: with sign, fixed decimals, "∞" for infinity, "—" for None."""
    if value is None:
        return "—"
    if math.isinf(value):
        return "+∞" if value > 0 else "-∞"
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text


def head_of(fact: MetricFacts, gap: str = " ") -> str:
    """Return a column's head: title, unit, a gap, and an arrow in the better direction."""
    unit = f" ({fact.unit})" if fact.unit else ""
    return f"{fact.title}{unit}{gap}{fact.arrow}"


def escape_latex(text: str) -> str:
    r"""Return text that LaTeX prints as it stands; brackets are hidden from `\\[...]`."""
    return "".join(LATEX.get(character, character) for character in text)


def escape_markdown(text: str) -> str:
    """Return text that Markdown, tables included, prints as it stands."""
    escaped = re.sub(r"([\\`*_\[\]|~#$])", r"\\\1", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def guard_formula(text: str) -> str:
    """Return text that no spreadsheet runs: a leading = + - @ or control sign gets a quote.

    References:
        OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.lstrip(" ")[:1] in {*"=+-@\t\r\n"} and text.strip() else text
