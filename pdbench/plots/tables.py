"""Tables of means: rows are methods, columns metrics; five formats of the same content."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, zip_longest
from typing import Any, Literal, get_args

from pdbench.analysis.means import Summary
from pdbench.errors import InputError
from pdbench.plots.formats import (
    align,
    escape_latex,
    escape_markdown,
    guard_formula,
    head_of,
    markdown_rows,
    write_csv,
)
from pdbench.plots.table_model import Cell, Table, build_table
from pdbench.scores import MetricFacts

__all__ = ["TableFormat", "render_csv", "render_json", "table"]

TableFormat = Literal["text", "md", "csv", "json", "latex"]
"""text for terminals, md for GitHub, latex for papers (booktabs), csv and json for programs."""

ANSI = {1: "\x1b[1m", 2: "\x1b[4m"}
SIGNS = {0: "", 1: "*", 2: "+"}

LATEX = r"""% \usepackage{{booktabs,graphicx}}
{left_out}\begin{{{kind}}}
  \centering
  \footnotesize
  \setlength{{\tabcolsep}}{{4pt}}
  \caption{{{caption}}}{label}
  \resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{%
  \begin{{tabular}}{{{columns}}}
    \toprule
{heads}
    \midrule
{rows}
    \bottomrule
  \end{{tabular}}}}
{lines}
\end{{{kind}}}"""


def table(
    summary: Summary,
    *,
    form: str = "text",
    methods: Sequence[str] = (),
    metrics: Sequence[str] = (),
    ci: bool = True,
    color: bool = False,
    caption: str = "",
    label: str = "",
    wide: bool = False,
) -> str:
    """Make a table of per-method means.

    The best of a column is bold, the second best underlined; what a reader sees as equal is marked
    as equal, a mean over fewer images than others is not marked, and the worst value never is.
    A metric without value is "—" with its reason in a note.

    Args:
        summary: The means.
        form: One of `TableFormat`.
        methods: Method ids in row order; all, in order of appearance, when empty.
        metrics: Metric ids in column order; all that were scored when empty.
        ci: Whether to compute 95 % confidence intervals over images.
        color: In text, mark by ANSI codes instead of the signs "*" and "+".
        caption: In LaTeX, the caption instead of what the scores come from.
        label: In LaTeX, a label for references.
        wide: In LaTeX, span both columns of a two-column page.

    Returns:
        The table, without trailing newline.

    Raises:
        InputError: A method, a metric or the format is unknown, or no metric is left.
    """
    if form not in get_args(TableFormat):
        known = ", ".join(get_args(TableFormat))
        raise InputError(f"unknown table format '{form}'; choose one of {known}")
    content = build_table(summary, methods=methods, metrics=metrics, ci=ci)
    if form == "text":
        return _render_text(content, color=color)
    if form == "latex":
        return _render_latex(content, caption=caption, label=label, wide=wide)
    return {"md": _render_markdown, "csv": render_csv, "json": render_json}[form](content)


def _render_text(table: Table, *, color: bool) -> str:
    """Lay the table out in columns for a fixed-width font."""
    columns = [align(["method", *(row.title for row in table.rows)], left=True)]
    for index, fact in enumerate(table.columns):
        column = [row.cells[index] for row in table.rows]
        columns.append(_text_column(head_of(fact, gap=""), column, color=color))
    columns.append(align(["n/N", *(row.count for row in table.rows)], left=False))
    lines = ["  ".join(parts).rstrip() for parts in zip_longest(*columns, fillvalue="")]
    marks = [
        f"{ANSI[rank]}{name}\x1b[0m" if color else f"{SIGNS[rank]} {name}"
        for rank, name in ((1, "best"), (2, "second"))
        if rank in table.ranked
    ]
    legend = "; ".join(filter(None, [", ".join(marks), table.interval_legend]))
    notes = [f"[{mark}] {text}" for mark, text in table.notes]
    below = [*filter(None, [legend]), *table.seed_notes, *notes]
    return "\n".join([table.caption, "", *lines, "", *below]).rstrip()


def _text_column(head: str, cells: list[Cell], *, color: bool) -> list[str]:
    parts = zip(
        align([cell.text for cell in cells], left=False),
        align(["" if color else SIGNS[cell.rank] for cell in cells], left=True),
        align([cell.interval_text for cell in cells], left=True),
        align([f"[{cell.note}]" if cell.note else "" for cell in cells], left=True),
        strict=True,
    )
    lines = [
        " ".join(filter(None, (value + sign, interval, note)))
        for value, sign, interval, note in parts
    ]
    padded = align([head, *lines], left=False)
    if not color:
        return padded
    marked = (
        line.replace(cell.text, f"{ANSI[cell.rank]}{cell.text}\x1b[0m", 1) if cell.rank else line
        for cell, line in zip(cells, padded[1:], strict=True)
    )
    return [padded[0], *marked]


def _render_markdown(table: Table) -> str:
    """Write a GitHub-flavoured Markdown table: best in bold, second underlined."""
    heads = ["method", *map(head_of, table.columns), "n/N"]
    rows = [
        [escape_markdown(row.title), *map(_markdown_cell, row.cells), row.count]
        for row in table.rows
    ]
    paragraphs = [
        *_legend(table, "**best**", "<u>second</u>", escape_markdown),
        *map(escape_markdown, table.seed_notes),
        *(f"<sup>{mark}</sup> {escape_markdown(text)}" for mark, text in table.notes),
    ]
    lines = [escape_markdown(table.caption), ""]
    lines += markdown_rows([[*map(escape_markdown, heads)], *rows])
    return "\n".join([*lines, *(f"\n{text}" for text in paragraphs)])


def _markdown_cell(cell: Cell) -> str:
    text = {0: cell.text, 1: f"**{cell.text}**", 2: f"<u>{cell.text}</u>"}[cell.rank]
    interval = f" {escape_markdown(cell.interval_text)}" if cell.interval_text else ""
    return text + interval + (f"<sup>{cell.note}</sup>" if cell.note else "")


def _render_latex(table: Table, *, caption: str, label: str, wide: bool) -> str:
    r"""Write a LaTeX table for the `booktabs` package: best `\textbf`, second `\underline`.

    Columns without a score are left out; a comment names them and why. A table wider than its
    column of the page is scaled down to it.
    """
    kept = [any(cell.mean.n for cell in column) for column in _columns(table)]
    columns = list(compress(table.columns, kept))
    cells = [list(compress(row.cells, kept)) for row in table.rows]
    gone = {cell.note for row in table.rows for cell in row.cells}
    gone -= {cell.note for row in cells for cell in row}
    several = len({row.count for row in table.rows}) > 1
    body = [
        [escape_latex(row.title), *map(_latex_cell, shown), row.count]
        for row, shown in zip(table.rows, cells, strict=True)
    ]
    heads = [
        ["Method", *(escape_latex(fact.title) for fact in columns), "$n/N$"],
        ["", *(escape_latex(_direction(fact)) for fact in columns), ""],
    ]
    if not several:
        heads, body = ([row[:-1] for row in rows] for rows in (heads, body))
    lines = [
        *_legend(table, r"\textbf{best}", r"\underline{second}", escape_latex),
        *map(escape_latex, table.seed_notes),
        *(
            rf"\textsuperscript{{{escape_latex(mark)}}} {escape_latex(text)}"
            for mark, text in table.notes
            if mark not in gone
        ),
    ]
    return LATEX.format(
        left_out="".join(f"% left out: {text}\n" for mark, text in table.notes if mark in gone),
        kind="table*" if wide else "table",
        caption=caption or escape_latex(table.caption),
        label=rf"\label{{{label}}}" if label else "",
        columns="l" + "r" * (len(heads[0]) - 1),
        heads=_latex_rows(heads),
        rows=_latex_rows(body),
        lines="\n".join(rf"  \par\smallskip{{\footnotesize {line}}}" for line in lines),
    )


def _columns(table: Table) -> Iterable[tuple[Cell, ...]]:
    return zip(*(row.cells for row in table.rows), strict=True)


def _direction(fact: MetricFacts) -> str:
    return f"({fact.unit}) {fact.arrow}" if fact.unit else fact.arrow


def _latex_rows(rows: Iterable[Iterable[str]]) -> str:
    return "\n".join(f"    {' & '.join(row)} " + r"\\" for row in rows)


def _latex_cell(cell: Cell) -> str:
    text = escape_latex(cell.text)
    marked = {0: text, 1: rf"\textbf{{{text}}}", 2: rf"\underline{{{text}}}"}[cell.rank]
    interval = cell.interval_text.replace("±", r"\pm ")
    small = f"$_{{{interval}}}$" if interval else ""
    return marked + small + (rf"\textsuperscript{{{cell.note}}}" if cell.note else "")


def _legend(table: Table, best: str, second: str, escape: Callable[[str], str]) -> list[str]:
    marks = [text for rank, text in ((1, best), (2, second)) if rank in table.ranked]
    found = [*marks, *filter(None, [escape(table.interval_legend)])]
    return ["; ".join(found)] if found else []


def render_csv(table: Table) -> str:
    """Write one line per method: identity, then mean, n and interval ends of every metric.

    Numbers have the metric's decimals plus three; an empty field means no value; the last column
    holds the notes.
    """
    heads = ["dataset", "protocol", "size", "seed", "method", "images"]
    for fact in table.columns:
        heads += [fact.id, f"{fact.id}_n"]
        heads += [f"{fact.id}_low", f"{fact.id}_high"] if table.ci else []
    summary = table.summary
    notes = dict(table.notes)
    lines = [[*heads, "notes"]]
    for row in table.rows:
        named = [summary.dataset, summary.protocol, summary.size]
        named += [" ".join(map(str, summary.seeds)), row.method]
        fields = [*map(guard_formula, named), str(summary.images)]
        for cell, fact in zip(row.cells, table.columns, strict=True):
            fields += _csv_cell(cell, fact, ends=table.ci)
        marks = dict.fromkeys(cell.note for cell in row.cells if cell.note)
        lines.append([*fields, guard_formula("; ".join(notes[mark] for mark in marks))])
    return write_csv(lines)


def _csv_cell(cell: Cell, fact: MetricFacts, *, ends: bool) -> list[str]:
    numbers = [cell.mean.value, *(cell.interval or (None, None))]
    mean, low, high = (
        "" if number is None else f"{number:.{fact.decimals + 3}f}" for number in numbers
    )
    return [mean, str(cell.mean.n), *([low, high] if ends else [])]


def render_json(table: Table) -> str:
    """Write the table as JSON: what was scored, under which hashes, and every mean in full.

    JSON has no infinite number: such a mean is null and "infinite" says so.
    """
    summary = table.summary
    record = {
        "dataset": summary.dataset,
        "scale": 4,
        "images": summary.images,
        "protocol": summary.protocol,
        "size": summary.size,
        "seeds": list(summary.seeds),
        "metrics": [
            {
                "id": fact.id,
                "title": fact.title,
                "better": fact.better,
                "unit": fact.unit,
                "hash": summary.hashes.get(fact.id, ""),
            }
            for fact in table.columns
        ],
        "rows": [
            {
                "method": row.method,
                "title": row.title,
                "scores": {
                    fact.id: _json_cell(cell)
                    for cell, fact in zip(row.cells, table.columns, strict=True)
                },
            }
            for row in table.rows
        ],
        "notes": dict(table.notes),
    }
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)


def _json_cell(cell: Cell) -> dict[str, Any]:
    mean = cell.mean
    infinite = mean.value is not None and math.isinf(mean.value)
    return {
        "mean": None if infinite else mean.value,
        **({"infinite": True} if infinite else {}),
        "n": mean.n,
        "interval": None if cell.interval is None else list(cell.interval),
        "image_std": mean.image_std,
        "sample_std": mean.sample_std,
        **({} if mean.seed_std is None else {"seed_std": mean.seed_std}),
        "rank": cell.rank or None,
        "note": cell.note or None,
    }
