"""The Pareto front of two metrics with its uncertainty, as a report."""

from __future__ import annotations

from collections.abc import Sequence

from pdbench.analysis.means import Summary
from pdbench.analysis.pareto import Front, measure_front
from pdbench.errors import InputError
from pdbench.plots.report_formats import Document, Grid
from pdbench.plots.table_model import format_value
from pdbench.registry import Registry
from pdbench.scores import MetricFacts, one_line

__all__ = ["front_document"]


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
                    x: member.x,
                    y: member.y,
                    "on_front": member.member,
                    "probability": member.probability,
                    "n": front.n,
                    "total": front.total,
                }
                for member in front.members
            ],
        },
    )


def _head(fact: MetricFacts) -> str:
    return f"{fact.title} {'↑' if fact.better == 'higher' else '↓'}"


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
    heads = ("method", _head(front.x), _head(front.y), "on front", "probability")
    return Grid(heads=heads, rows=rows)


def _volume_line(front: Front) -> str:
    unit = " x ".join(fact.unit or fact.title for fact in (front.x, front.y))
    ends = f" [{front.interval.low:.4f}, {front.interval.high:.4f}]" if front.interval else ""
    corner = ", ".join(
        f"{fact.title} {format_value(value, fact.decimals)}"
        for fact, value in zip((front.x, front.y), front.reference, strict=True)
    )
    return f"hypervolume {front.volume:.4f}{ends} {unit}, measured from {corner}"
