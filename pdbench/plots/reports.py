"""Reports: two methods compared, the Pareto front of two metrics, the findings of an audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pdbench.analysis.audit import audit
from pdbench.analysis.bootstrap import interval_methods
from pdbench.analysis.comparison import EXACT, LEVEL, Comparison, compare, least_p
from pdbench.analysis.means import Summary
from pdbench.analysis.paper_tables import PublishedTable
from pdbench.analysis.pareto import Front, measure_front
from pdbench.errors import InputError
from pdbench.plots.formats import Document, Grid, format_signed, format_value, head_of
from pdbench.registry import Registry
from pdbench.scores import one_line

__all__ = ["audit_document", "diff_document", "front_document"]


def audit_document(table: PublishedTable) -> Document:
    """Audit a table and write down the findings."""
    issues = audit(table)
    cells = sum(len(row.values) for row in table.rows)
    checked = f"{table.source}: {len(table.rows)} rows, {cells} numbers"
    certain = sum(issue.certain for issue in issues)
    count = f"{certain} certain, {len(issues) - certain} to look at" if issues else "none"
    rows = tuple(
        (
            "wrong" if issue.certain else "odd",
            issue.check,
            ", ".join(issue.rows) if len(issue.rows) < 3 else f"{len(issue.rows)} rows",
            issue.text,
        )
        for issue in issues
    )
    grid = Grid(heads=("", "check", "rows", "finding"), rows=rows, words=4)
    legend = "wrong: the numbers cannot all be right; odd: possible, but look."
    return Document(
        lines=(checked, *table.notes, f"findings: {count}"),
        grids=(grid,) if issues else (),
        notes=(legend,) if issues else (),
        record={
            "source": table.source,
            "notes": table.notes,
            "columns": table.columns,
            "rows_checked": len(table.rows),
            "numbers_checked": cells,
            "findings": [asdict(issue) for issue in issues],
        },
    )


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
            "rows": [_comparison_record(entry) for entry in found],
        },
    )


def _differences(found: Iterable[Comparison]) -> Grid:
    rows = []
    for entry in found:
        digits = entry.metric.decimals
        ends = entry.interval
        rows.append(
            (
                head_of(entry.metric),
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
            head_of(entry.metric),
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


def _comparison_record(entry: Comparison) -> dict[str, Any]:
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


def front_document(
    summary: Summary,
    *,
    x: str,
    y: str,
    methods: Sequence[str] = (),
    reference: tuple[float, float] | None = None,
) -> Document:
    """Find the Pareto front of two metrics and write down who is on it how surely.

    Args:
        summary: The means.
        x: Metric id.
        y: Another metric id.
        methods: Method ids to consider; all when empty.
        reference: (x, y) that the hypervolume is measured from; the worst means when None.

    Raises:
        InputError: An id is unknown, the metrics are the same, or no method has both.
    """
    known = Registry("metric", summary.facts)
    first, second = known.get(x), known.get(y)
    if x == y:
        raise InputError(f"a front of {first.title} alone is its best row; choose two metrics")
    front = measure_front(summary, summary.choose(methods), first, second, reference=reference)
    if front is None:
        raise InputError(
            f"no image has scores of both {first.title} and {second.title} for every method; "
            "choose other metrics with -x and -y, or methods with --method"
        )
    return Document(
        lines=(summary.caption,),
        grids=(_members(front, summary),),
        notes=(
            _volume_line(front),
            "on front: no other method is as good in both and better in one; probability: share "
            "of bootstrap data sets (images and samples redrawn) in which that is so; means over "
            f"the images all methods share, n/N {front.n}/{front.total}.",
            *(
                f"left out: {summary.title(name)} ({one_line(why)})"
                for name, why in front.absent.items()
            ),
        ),
        record={
            "dataset": summary.dataset,
            "protocol": summary.protocol,
            "x": x,
            "y": y,
            **_front_record(front),
        },
    )


def _front_record(front: Front) -> dict[str, Any]:
    return {
        "hypervolume": front.volume,
        "hypervolume_low": front.interval.low if front.interval else None,
        "hypervolume_high": front.interval.high if front.interval else None,
        "reference": front.reference,
        "n": front.n,
        "total": front.total,
        "absent": front.absent,
        "rows": [
            {
                "method": member.method,
                front.x.id: member.x,
                front.y.id: member.y,
                "on_front": member.member,
                "probability": member.probability,
                "n": front.n,
                "total": front.total,
            }
            for member in front.members
        ],
    }


def _members(front: Front, summary: Summary) -> Grid:
    rows = tuple(
        (
            summary.title(member.method),
            format_value(member.x, front.x.decimals),
            format_value(member.y, front.y.decimals),
            "yes" if member.member else "no",
            "—" if member.probability is None else f"{member.probability:.2f}",
        )
        for member in front.members
    )
    axes = (f"{fact.title} {fact.arrow}" for fact in (front.x, front.y))
    return Grid(heads=("method", *axes, "on front", "probability"), rows=rows)


def _volume_line(front: Front) -> str:
    unit = " x ".join(fact.unit or fact.title for fact in (front.x, front.y))
    ends = f" [{front.interval.low:.4f}, {front.interval.high:.4f}]" if front.interval else ""
    corner = ", ".join(
        f"{fact.title} {format_value(value, fact.decimals)}"
        for fact, value in zip((front.x, front.y), front.reference, strict=True)
    )
    return f"hypervolume {front.volume:.4f}{ends} {unit}, measured from {corner}"
