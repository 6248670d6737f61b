"""A table for documents: Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import compress

from pdbench.plots.table_model import Cell, Table
from pdbench.scores import MetricFacts

__all__ = ["escape_latex", "escape_markdown", "render_latex", "render_markdown"]

_LATEX = {
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


PLUS_MINUS = r"\pm "

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


def escape_latex(text: str) -> str:
    r"""Return text that LaTeX prints as it stands; brackets are hidden from `\\[...]`."""
    return "".join(_LATEX.get(character, character) for character in text)


def escape_markdown(text: str) -> str:
    """Return text that Markdown, tables included, prints as it stands."""
    escaped = re.sub(r"([\\`*_\[\]|~#$])", r"\\\1", text)
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render_markdown(table: Table) -> str:
    """Write a GitHub-flavoured Markdown table: best in bold, second underlined."""
    heads = ["method", *(_head(fact) for fact in table.columns), "n/N"]
    lines = [
        escape_markdown(table.caption),
        "",
        _markdown_row(map(escape_markdown, heads)),
        _markdown_row([":---", *["---:"] * (len(heads) - 1)]),
    ]
    for row in table.rows:
        cells = map(_markdown_cell, row.cells)
        lines.append(_markdown_row([escape_markdown(row.title), *cells, row.count]))
    legend = _legend(table, best="**best**", second="<u>second</u>")
    notes = [f"<sup>{mark}</sup> {escape_markdown(text)}" for mark, text in table.notes]
    for paragraph in [*legend, *map(escape_markdown, table.seed_notes), *notes]:
        lines += ["", paragraph]
    return "\n".join(lines)


def render_latex(table: Table, *, caption: str = "", label: str = "", wide: bool = False) -> str:
    r"""Write a LaTeX table for the `booktabs` package: best `\textbf`, second `\underline`.

    Columns without a score are left out; a comment names them and why. A table wider than its
    column of the page is scaled down to it.

    Args:
        table: What to print.
        caption: Caption, as LaTeX; what the scores come from when empty.
        label: Label for references, "" for none.
        wide: Span both columns of a two-column page.
    """
    kept = [
        any(row.cells[index].mean.n for row in table.rows) for index in range(len(table.columns))
    ]
    columns = list(compress(table.columns, kept))
    cells = [list(compress(row.cells, kept)) for row in table.rows]
    gone = {cell.note for row in table.rows for cell in row.cells}
    gone -= {cell.note for row in cells for cell in row}
    several = len({row.count for row in table.rows}) > 1
    body = [
        [escape_latex(row.title), *map(_latex_cell, shown), *([row.count] if several else [])]
        for row, shown in zip(table.rows, cells, strict=True)
    ]
    heads = [
        [
            "Method",
            *(escape_latex(fact.title) for fact in columns),
            *(["$n/N$"] if several else []),
        ],
        ["", *(escape_latex(_direction(fact)) for fact in columns), *([""] if several else [])],
    ]
    lines = [
        *_legend(table, best=r"\textbf{best}", second=r"\underline{second}", latex=True),
        *map(escape_latex, table.seed_notes),
        *(
            rf"\textsuperscript{{{escape_latex(mark)}}} {escape_latex(text)}"
            for mark, text in table.notes
            if mark not in gone
        ),
    ]
    content = {
        "left_out": [f"% left out: {text}\n" for mark, text in table.notes if mark in gone],
        "kind": "table*" if wide else "table",
        "caption": caption or escape_latex(table.caption),
        "label": rf"\label{{{label}}}" if label else "",
        "columns": "l" + "r" * (len(heads[0]) - 1),
        "heads": _latex_rows(heads),
        "rows": _latex_rows(body),
        "lines": "\n".join(rf"  \par\smallskip{{\footnotesize {line}}}" for line in lines),
    }
    return LATEX.format(**{**content, "left_out": "".join(content["left_out"])})


def _latex_rows(rows: Iterable[Iterable[str]]) -> str:
    return "\n".join(f"    {' & '.join(row)} " + r"\\" for row in rows)


def _head(fact: MetricFacts) -> str:
    return f"{fact.title} {_direction(fact)}"


def _direction(fact: MetricFacts) -> str:
    unit = f"({fact.unit}) " if fact.unit else ""
    return f"{unit}{'↑' if fact.better == 'higher' else '↓'}"


def _legend(table: Table, *, best: str, second: str, latex: bool = False) -> list[str]:
    marks = [text for rank, text in ((1, best), (2, second)) if rank in table.ranked]
    interval = table.interval_legend
    if interval:
        marks.append(escape_latex(interval) if latex else escape_markdown(interval))
    return ["; ".join(marks)] if marks else []


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_cell(cell: Cell) -> str:
    text = {0: cell.text, 1: f"**{cell.text}**", 2: f"<u>{cell.text}</u>"}[cell.rank]
    interval = f" {escape_markdown(cell.interval_text)}" if cell.interval_text else ""
    return text + interval + (f"<sup>{cell.note}</sup>" if cell.note else "")


def _latex_cell(cell: Cell) -> str:
    text = escape_latex(cell.text)
    marked = {0: text, 1: rf"\textbf{{{text}}}", 2: rf"\underline{{{text}}}"}[cell.rank]
    interval = f"$_{{{cell.interval_text.replace('±', PLUS_MINUS)}}}$" if cell.interval else ""
    return marked + interval + (rf"\textsuperscript{{{cell.note}}}" if cell.note else "")
