"""What a table says, before any format: cells, marks for the best, notes for what is missing."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pdbench.analysis.bootstrap import interval_methods, mean_interval
from pdbench.analysis.means import Mean, Summary
from pdbench.errors import InputError
from pdbench.plots.formats import format_value
from pdbench.registry import Registry
from pdbench.scores import MetricFacts, one_line

__all__ = [
    "OUTSIDE",
    "Cell",
    "Row",
    "Table",
    "build_table",
]

OUTSIDE = "†"
"""Mark of a metric that is in no preset: pyiqa's by name, or a third-party package's."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One metric of one method.

    Attributes:
        mean: The mean and what it was made of.
        text: The mean with the metric's decimals, "∞", or "—" where there is none.
        interval: (low, high) of its 95 % confidence interval over images, or None.
        interval_text: The interval as ±half-width, or "".
        rank: 1 for the best of the column, 2 for the second best, else 0.
        note: Mark of the note that explains this cell ("a"), or "".
    """

    mean: Mean
    text: str
    interval: tuple[float, float] | None
    interval_text: str
    rank: int
    note: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method.

    Attributes:
        method: Method id.
        title: What the row is called.
        count: "n/N" over the metrics of the row that have a value ("4-5/5" if they differ).
        cells: One per column.
    """

    method: str
    title: str
    count: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """All that the formats print.

    Attributes:
        summary: The means the table was made from.
        columns: Metrics, in the order given.
        rows: Methods, in the order given.
        notes: (mark, text) of every note a cell or a column's title refers to.
        ci: Whether intervals were computed.
    """

    summary: Summary
    columns: tuple[MetricFacts, ...]
    rows: tuple[Row, ...]
    notes: tuple[tuple[str, str], ...]
    ci: bool

    @property
    def caption(self) -> str:
        """Dataset, images, protocol, networks and seeds in one line."""
        return self.summary.caption

    @property
    def interval_legend(self) -> str:
        """What stands behind "±"; "" where no cell has an interval."""
        counts = {cell.mean.n for row in self.rows for cell in row.cells if cell.interval}
        if not counts:
            return ""
        return f"± is half the 95 % {interval_methods(counts)} interval over images"

    @property
    def seed_notes(self) -> tuple[str, ...]:
        """The spread of a row's means between run seeds, one line a row that has several."""
        found = []
        for row in self.rows:
            spreads = [
                f"{fact.title} {cell.mean.seed_std:.{fact.decimals + 1}f}"
                for cell, fact in zip(row.cells, self.columns, strict=True)
                if cell.mean.seed_std is not None
            ]
            if spreads:
                found.append(f"{row.title}, sd of its mean between seeds: {', '.join(spreads)}")
        return tuple(found)

    @property
    def ranked(self) -> frozenset[int]:
        """The ranks that occur, for the legend."""
        return frozenset(cell.rank for row in self.rows for cell in row.cells) - {0}


def build_table(
    summary: Summary, *, methods: Sequence[str] = (), metrics: Sequence[str] = (), ci: bool = True
) -> Table:
    """Turn means into the content of a table.

    Args:
        summary: The means.
        methods: Method ids in row order; all, in order of appearance, when empty.
        metrics: Metric ids in column order; all that were scored when empty.
        ci: Whether to compute 95 % confidence intervals over images.

    Returns:
        The table's content.

    Raises:
        InputError: A method or metric is unknown, or no metric is left.
    """
    chosen = summary.choose(methods)
    facts = Registry("metric in these scores", summary.facts)
    scored = {metric for _, metric in summary.means}
    columns = [
        fact for fact in (map(facts.get, metrics) if metrics else facts) if fact.id in scored
    ]
    if not columns:
        raise InputError("none of the metrics asked for was scored; run them first")
    notes = _Notes()
    by_metric = [_column(summary, chosen, fact, notes, ci=ci) for fact in columns]
    rows = tuple(
        Row(
            method=method,
            title=summary.title(method),
            count=_count(cells, summary.images),
            cells=cells,
        )
        for method, *cells_list in zip(chosen, *by_metric, strict=True)
        for cells in [tuple(cells_list)]
    )
    return Table(
        summary=summary,
        columns=tuple(map(_marked, columns)),
        rows=rows,
        notes=(
            *_outside(columns),
            *notes.entries(),
            *((mark, text) for name, mark, text in summary.remarks if name in ("", *chosen)),
        ),
        ci=ci,
    )


def _marked(fact: MetricFacts) -> MetricFacts:
    return replace(fact, title=f"{fact.title}{OUTSIDE}") if fact.source else fact


def _outside(columns: Sequence[MetricFacts]) -> list[tuple[str, str]]:
    """Say which columns no protocol decides on, and whose they are."""
    named = [f"{fact.title} of {fact.source}" for fact in columns if fact.source]
    return [(OUTSIDE, f"outside the protocol's presets: {', '.join(named)}")] if named else []


class _Notes:
    """Notes in order of first use; equal texts share a mark."""

    def __init__(self) -> None:
        self._metrics: dict[str, list[str]] = {}

    def mark(self, text: str, metric: str = "") -> str:
        text = one_line(text)
        titles = self._metrics.setdefault(text, [])
        if metric and metric not in titles:
            titles.append(metric)
        return _letters(list(self._metrics).index(text))

    def entries(self) -> tuple[tuple[str, str], ...]:
        texts = [
            f"{', '.join(metrics)}: {text}" if metrics else text
            for text, metrics in self._metrics.items()
        ]
        return tuple((_letters(index), text) for index, text in enumerate(texts))


def _letters(index: int) -> str:
    alphabet = string.ascii_lowercase
    prefix = _letters(index // len(alphabet) - 1) if index >= len(alphabet) else ""
    return prefix + alphabet[index % len(alphabet)]


def _column(
    summary: Summary,
    methods: Sequence[str],
    fact: MetricFacts,
    notes: _Notes,
    *,
    ci: bool,
) -> list[Cell]:
    means = [summary.mean(method, fact.id) for method in methods]
    ranks = _ranks(means, fact)
    cells = []
    for mean, rank in zip(means, ranks, strict=True):
        found = mean_interval(list(mean.images.values())) if ci else None
        bounds = (found.low, found.high) if found else None
        half = (found.high - found.low) / 2 if found else None
        cells.append(
            Cell(
                mean=mean,
                text=format_value(mean.value, fact.decimals),
                interval=bounds,
                interval_text=f"±{format_value(half, fact.decimals)}" if bounds else "",
                rank=rank,
                note=_note(mean, fact, notes),
            )
        )
    return cells


def _ranks(means: Sequence[Mean], fact: MetricFacts) -> list[int]:
    """Rank what a reader sees: equal digits share a rank, means over fewer images get none."""
    full = max(mean.n for mean in means)
    shown = [
        None if mean.value is None or mean.n < full else round(mean.value, fact.decimals)
        for mean in means
    ]
    order = sorted({value for value in shown if value is not None}, reverse=fact.sign > 0)
    marked = min(len(order) - 1, 2)
    return [
        order.index(value) + 1 if value is not None and value in order[:marked] else 0
        for value in shown
    ]


def _note(mean: Mean, fact: MetricFacts, notes: _Notes) -> str:
    if mean.n == mean.total:
        return ""
    if mean.n == 0:
        reason = "; ".join(mean.reasons) or "not scored"
        return notes.mark(reason, fact.title)
    named = [f"{name}: {reason}" if reason else name for name, reason in mean.missing.items()]
    unseen = mean.total - mean.n - len(named)
    if len(named) > 3:
        named = [*named[:3], f"and {len(named) - 3} more"]
    if unseen:
        named.append(f"{unseen} not scored yet")
    return notes.mark(
        f"{mean.method}, {fact.title}: {mean.n}/{mean.total} images ({'; '.join(named)})"
    )


def _count(cells: Sequence[Cell], total: int) -> str:
    counts = {cell.mean.n for cell in cells if cell.mean.n}
    if not counts:
        return f"0/{total}"
    low, high = min(counts), max(counts)
    return f"{high}/{total}" if low == high else f"{low}-{high}/{total}"
