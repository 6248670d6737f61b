"""What a board shows, before any markup: means, ranks and fronts, with and without flattery."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Literal

from pdbench.analysis.means import Summary
from pdbench.analysis.pareto import Front, measure_front
from pdbench.analysis.ranking import Ranking, rank_methods
from pdbench.plots.layout import build_scene
from pdbench.plots.method_styles import Kind
from pdbench.plots.scene import Plane, Scene
from pdbench.plots.table_model import Table, build_table
from pdbench.scores import MetricFacts, published_reason

__all__ = [
    "Badge", "Board", "BoardRow", "Variant", "View", "axis_pairs", "build_board",
]  # fmt: skip

Variant = Literal["all", "fair"]
"""All scores; or those alone that no training contaminated."""


@dataclass(frozen=True, kw_only=True)
class Badge:
    """A word beside a method.

    Attributes:
        text: The word.
        role: What it is about, for the stylesheet: "trust LEVEL", "leak" or "contaminated".
        why: One sentence that explains it.
    """

    text: str
    role: str
    why: str


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """One method of a board.

    Attributes:
        method: Method id.
        title: What the row is called.
        kind: How its images come about.
        link: Address of its own page, "" for none.
        badges: Words beside it.
        links: (words, address) of paper and code.
    """

    method: str
    title: str
    kind: Kind
    link: str = ""
    badges: tuple[Badge, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    @property
    def trust(self) -> str:
        """The level of trust among the badges, "" for none."""
        return next((one.text for one in self.badges if one.role.startswith("trust")), "")


@dataclass(frozen=True, kw_only=True)
class View:
    """Two metrics of one variant.

    Attributes:
        scene: The plane, or None where no method has both.
        front: Its Pareto front, or None.
    """

    scene: Scene | None
    front: Front | None


@dataclass(frozen=True, kw_only=True)
class Board:
    """All methods scored on one dataset under one protocol.

    Attributes:
        slug: Name of the board in addresses ("set14-paper").
        title: Title of the dataset.
        rows: The methods.
        table: Their means.
        contaminated: (method id, metric id) -> why that score says less than it seems to.
        plane: What all planes share.
        unavailable: Why a metric that was asked for has no column, one sentence each.
        rankings: Variant -> metric id -> ranks.
        views: Variant -> (x, y) -> plane and front, the pair shown first coming first.
    """

    slug: str
    title: str
    rows: tuple[BoardRow, ...]
    table: Table
    contaminated: Mapping[tuple[str, str], str]
    plane: Plane
    unavailable: tuple[str, ...]
    rankings: Mapping[Variant, Mapping[str, Ranking]]
    views: Mapping[Variant, Mapping[tuple[str, str], View]]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants there are; one if nothing is contaminated."""
        return tuple(self.views)


def build_board(
    summary: Summary,
    rows: Sequence[BoardRow],
    *,
    slug: str,
    title: str = "",
    contaminated: Mapping[tuple[str, str], str] | None = None,
) -> Board:
    """Work out everything a board shows.

    Args:
        summary: Means of one dataset under one protocol; metrics never scored are left out.
        rows: The methods, in the order shown first.
        slug: Name of the board in addresses.
        title: Title of the dataset.
        contaminated: (method id, metric id) -> why the score says less than it seems to.

    Raises:
        InputError: No metric was scored.
    """
    methods = [row.method for row in rows]
    scored = [fact.id for fact in summary.facts if summary.has_values(fact.id)]
    table = build_table(summary, methods=methods, metrics=scored or ["none"])
    kinds = {row.method: row.kind for row in rows}
    plane = Plane(summary=summary, methods=tuple(methods), kinds=kinds)
    flagged = {
        key: why
        for key, why in (contaminated or {}).items()
        if key[0] in methods and summary.mean(*key).n
    }
    hidden: dict[Variant, Mapping[tuple[str, str], str]] = {"all": {}}
    if flagged:
        hidden["fair"] = flagged
    pairs = axis_pairs([fact for fact in table.columns if _any_value(table, fact)])
    return Board(
        slug=slug,
        title=title,
        rows=tuple(rows),
        table=table,
        contaminated=flagged,
        plane=plane,
        unavailable=tuple(
            _unavailable(summary, fact) for fact in summary.facts if fact.id not in scored
        ),
        rankings={
            variant: {
                fact.id: rank_methods(summary, _left(methods, without, fact), fact)
                for fact in table.columns
            }
            for variant, without in hidden.items()
        },
        views={
            variant: {
                (x.id, y.id): _view(plane, x, y, _left(methods, without, x, y)) for x, y in pairs
            }
            for variant, without in hidden.items()
        },
    )


def axis_pairs(facts: Sequence[MetricFacts]) -> list[tuple[MetricFacts, MetricFacts]]:
    """Return the planes a board offers.

    Every metric of distortion or consistency stands against every one of perception; all pairs are
    offered where one kind is missing.

    Args:
        facts: Metrics with scores.
    """
    perception = [fact for fact in facts if fact.kind == "perception"]
    others = [fact for fact in facts if fact.kind in ("distortion", "consistency")]
    return list(product(others, perception)) or list(combinations(facts, 2))


def _unavailable(summary: Summary, fact: MetricFacts) -> str:
    """Say why nothing was scored; the shortest reason, as they differ by machine only."""
    why = min(summary.reasons(fact.id), key=lambda text: (len(text), text), default="not scored")
    return f"{fact.title} has no scores: {published_reason(why)}."


def _any_value(table: Table, fact: MetricFacts) -> bool:
    return any(table.summary.mean(row.method, fact.id).n for row in table.rows)


def _left(
    methods: Sequence[str], hidden: Mapping[tuple[str, str], str], *facts: MetricFacts
) -> list[str]:
    """Return the methods without a hidden score in any of some metrics."""
    return [name for name in methods if not any((name, fact.id) in hidden for fact in facts)]


def _view(plane: Plane, x: MetricFacts, y: MetricFacts, methods: Sequence[str]) -> View:
    shown = replace(plane, methods=tuple(methods))
    scene = build_scene(shown, x, y)
    if scene is None:
        return View(scene=None, front=None)
    counts = {
        name: min(plane.summary.mean(name, fact.id).n for fact in (x, y)) for name in methods
    }
    most = max(counts.values())
    whole = [
        name
        for name in methods
        if counts[name] == most and all(_finite(plane, name, fact) for fact in (x, y))
    ]
    return View(scene=scene, front=measure_front(plane.summary, whole, x, y))


def _finite(plane: Plane, method: str, fact: MetricFacts) -> bool:
    value = plane.summary.mean(method, fact.id).value
    return value is not None and math.isfinite(value)
