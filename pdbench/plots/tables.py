"""Tables of means: rows are methods, columns metrics; five formats of the same content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from pdbench.errors import InputError
from pdbench.plots.table_markup import render_latex, render_markdown
from pdbench.plots.table_model import build_table
from pdbench.plots.table_records import render_csv, render_json
from pdbench.plots.table_text import render_text
from pdbench.scores import MetricFacts, Score

__all__ = ["TableFormat", "table"]

TableFormat = Literal["text", "md", "csv", "json", "latex"]
"""text for terminals, md for GitHub, latex for papers (booktabs), csv and json for programs."""


def table(
    scores: Iterable[Score],
    facts: Iterable[MetricFacts],
    *,
    format: TableFormat = "text",
    methods: Sequence[str] | None = None,
    titles: Mapping[str, str] | None = None,
    images: int | None = None,
    size: str = "",
    ci: bool = True,
    worst: bool = False,
    lr: str = "",
    color: bool = False,
) -> str:
    """Make a table of per-method means.

    The best of a column is bold, the second best underlined; what a reader sees as equal is marked
    as equal, a mean over fewer images than others is not marked, and the worst value never is.
    A metric without value is "—" with its reason in a note.

    Args:
        scores: Per-output scores of one dataset under one protocol.
        facts: The metrics to show, in column order; those never scored are left out. A stored
            results folder holds them under "metrics" in provenance.json as a list of objects with
            the fields of `MetricFacts`.
        format: How to write it.
        methods: Method ids in row order; by default all, in order of appearance.
        titles: Method id -> row title; ids stand for themselves where there is none.
        images: Number of images in the dataset, N of "n/N"; by default those seen in `scores`.
        size: Size of the networks ("compact"), named in the caption.
        ci: Whether to compute 95 % confidence intervals over images.
        worst: Let each image count by its worst output instead of the mean of its outputs.
        lr: What a reader must know of the LR images, or "".
        color: In text, mark by ANSI codes instead of the signs "*" and "+".

    Returns:
        The table, without trailing newline.

    Raises:
        InputError: The scores cannot share a table, a method is unknown, no metric is left, or the
            format is unknown.
    """
    if format not in get_args(TableFormat):
        known = ", ".join(get_args(TableFormat))
        raise InputError(f"unknown table format '{format}'; choose one of {known}")
    content = build_table(
        scores, facts, methods=methods, titles=titles, images=images, size=size,
        ci=ci, worst=worst, lr=lr,
    )  # fmt: skip
    if format == "text":
        return render_text(content, color=color)
    renderers = {
        "md": render_markdown,
        "latex": render_latex,
        "csv": render_csv,
        "json": render_json,
    }
    return renderers[format](content)
