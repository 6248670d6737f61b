"""Tables of means: rows are methods, columns metrics; five formats of the same content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from pdbench.analysis.means import Summary
from pdbench.errors import InputError
from pdbench.plots.table_markup import render_latex, render_markdown
from pdbench.plots.table_model import build_table
from pdbench.plots.table_records import render_csv, render_json
from pdbench.plots.table_text import render_text

__all__ = ["TableFormat", "table"]

TableFormat = Literal["text", "md", "csv", "json", "latex"]
"""text for terminals, md for GitHub, latex for papers (booktabs), csv and json for programs."""


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
        return render_text(content, color=color)
    if form == "latex":
        return render_latex(content, caption=caption, label=label, wide=wide)
    return {"md": render_markdown, "csv": render_csv, "json": render_json}[form](content)
