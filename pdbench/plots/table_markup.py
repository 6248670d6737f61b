"""A table for documents: Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable

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


def render_latex(table: Table) -> str:
    r"""Write a LaTeX table for the `booktabs` package: best `\textbf`, second `\underline`."""
    heads = ["Method", *(_head(fact) for fact in table.columns), "$n/N$"]
    heads = [heads[0], *map(escape_latex, heads[1:-1]), heads[-1]]
    body = [
        " & ".join([escape_latex(row.title), *map(_latex_cell, row.cells), row.count]) + r" \\"
        for row in table.rows
    ]
    legend = _legend(table, best=r"\textbf{best}", second=r"\underline{second}", latex=True)
    seeds = map(escape_latex, table.seed_notes)
    notes = [rf"\textsuperscript{{{mark}}} {escape_latex(text)}" for mark, text in table.notes]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{escape_latex(table.caption)}}}",
            rf"  \begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
            r"    \toprule",
            "    " + " & ".join(heads) + r" \\",
            r"    \midrule",
            *(f"    {line}" for line in body),
            r"    \bottomrule",
            r"  \end{tabular}",
            *(rf"  \par\smallskip{{\footnotesize {line}}}" for line in [*legend, *seeds, *notes]),
            r"\end{table}",
        ]
    )


def _head(fact: MetricFacts) -> str:
    unit = f" ({fact.unit})" if fact.unit else ""
    return f"{fact.title}{unit} {'↑' if fact.better == 'higher' else '↓'}"


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
    interval = rf" {{\footnotesize {escape_latex(cell.interval_text)}}}" if cell.interval else ""
    return marked + interval + (rf"\textsuperscript{{{cell.note}}}" if cell.note else "")
