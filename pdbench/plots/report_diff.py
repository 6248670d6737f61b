"""Two methods compared in every metric, as a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pdbench.analysis.bootstrap import interval_methods
from pdbench.analysis.comparison import EXACT, LEVEL, Comparison, compare, least_p
from pdbench.analysis.means import Summary
from pdbench.errors import InputError
from pdbench.plots.report_formats import Document, Grid, format_signed
from pdbench.plots.table_model import format_value
from pdbench.scores import MetricFacts, one_line

__all__ = ["diff_document"]


def diff_document(summary: Summary, first: str, second: str) -> Document:
    """Compare two methods and write down what was found.

    Args:
        summary: The means.
        first: Method id, A of the report.
        second: Method id, B.

    Raises:
        InputError: A method is unknown, or both are the same.
    """
    summary.choose([first, second])
    if first == second:
        raise InputError(f"'{first}' would be compared with itself; name two methods")
    found = compare(summary, first, second, summary.facts)
    return Document(
        lines=(summary.caption, f"A: {summary.title(first)}; B: {summary.title(second)}"),
        grids=(_differences(found), _spreads(found)),
        notes=(
            f"A - B with its 95 % interval ({interval_methods(c.n for c in found)}), paired by "
            "image, samples redrawn too; p: paired permutation test of the mean difference, exact "
            f"up to {EXACT} images; p Holm: corrected over the metrics.",
            *_powerless(found),
            f"better: by direction of the metric where the corrected p is below {LEVEL:g}.",
            "sd images: between images, freed of what few samples add; sd samples: between the "
            "samples of one image.",
            *(f"{c.metric.title}: {one_line(c.reason)}" for c in found if c.reason),
        ),
        record={
            "dataset": summary.dataset,
            "protocol": summary.protocol,
            "images": summary.images,
            "first": first,
            "second": second,
            "rows": [_record(entry) for entry in found],
        },
    )


def _head(fact: MetricFacts) -> str:
    unit = f" ({fact.unit})" if fact.unit else ""
    return f"{fact.title}{unit} {'↑' if fact.better == 'higher' else '↓'}"


def _differences(found: Iterable[Comparison]) -> Grid:
    rows = []
    for entry in found:
        digits = entry.metric.decimals
        ends = entry.interval
        rows.append(
            (
                _head(entry.metric),
                format_value(entry.first, digits),
                format_value(entry.second, digits),
                format_signed(entry.difference, digits + 1),
                f"[{ends.low:+.{digits + 1}f}, {ends.high:+.{digits + 1}f}]" if ends else "—",
                _probability(entry.p, entry),
                _probability(entry.corrected, entry),
                {"first": "A", "second": "B", "": "—"}[entry.better],
                f"{entry.n}/{entry.total}",
            )
        )
    heads = ("metric", "A", "B", "A - B", "95 % interval", "p", "p Holm", "better", "n/N")
    return Grid(heads=heads, rows=tuple(rows))


def _spreads(found: Iterable[Comparison]) -> Grid:
    rows = tuple(
        (
            _head(entry.metric),
            *(
                format_value(part, entry.metric.decimals + 1)
                for parts in entry.parts
                for part in (parts.image, parts.sample)
            ),
        )
        for entry in found
        if entry.n
    )
    heads = ("metric", "sd images A", "sd samples A", "sd images B", "sd samples B")
    return Grid(heads=heads, rows=rows)


def _probability(p: float | None, entry: Comparison) -> str:
    return "—" if p is None else f"{'≤ ' if entry.bounded else ''}{p:.4f}"


def _powerless(found: Sequence[Comparison]) -> list[str]:
    """Say so if no scores on so few images could name a better method."""
    tested = [entry.n for entry in found if entry.p is not None]
    least = min(map(least_p, tested), default=0.0) * len(tested)
    if least < LEVEL:
        return []
    return [
        f"no outcome on {max(tested)} images could name a better method: the least p Holm is "
        f"{min(least, 1.0):.4f}; compare on more images, or in fewer metrics."
    ]


def _record(entry: Comparison) -> dict[str, Any]:
    first, second = entry.parts
    return {
        "metric": entry.metric.id,
        "first": entry.first,
        "second": entry.second,
        "difference": entry.difference,
        "low": entry.interval.low if entry.interval else None,
        "high": entry.interval.high if entry.interval else None,
        "p": entry.p,
        "p_is_bound": entry.bounded,
        "p_holm": entry.corrected,
        "better": entry.better or None,
        "n": entry.n,
        "total": entry.total,
        "image_sd_first": first.image,
        "sample_sd_first": first.sample,
        "image_sd_second": second.image,
        "sample_sd_second": second.sample,
        "reason": entry.reason or None,
    }
