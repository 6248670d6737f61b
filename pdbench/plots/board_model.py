"""What a board shows, before any markup: means, ranks and fronts, with and without flattery."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Literal

from pdbench.analysis.means import summarize
from pdbench.analysis.pareto import Front, measure_front
from pdbench.analysis.ranking import Ranking, rank_methods
from pdbench.plots.layout import build_scene
from pdbench.plots.method_styles import Kind
from pdbench.plots.scene import Plane, Scene
from pdbench.plots.table_model import Table, build_table
from pdbench.scores import MetricFacts, Score, one_line, published_reason

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
    scores: Iterable[Score],
    facts: Sequence[MetricFacts],
    rows: Sequence[BoardRow],
    *,
    slug: str,
    title: str = "",
    contaminated: Mapping[tuple[str, str], str] | None = None,
    images: int | None = None,
    size: str = "",
) -> Board:
    """Work out everything a board shows.

    Args:
        scores: Per-output scores of one dataset under one protocol.
        facts: The metrics, in column order; those never scored are left out.
        rows: The methods, in the order shown first.
        slug: Name of the board in addresses.
        title: Title of the dataset.
        contaminated: (method id, metric id) -> why the score says less than it seems to.
        images: Number of images in the dataset.
        size: Size of the networks, named in the caption.

    Raises:
        InputError: The scores cannot be compared.
    """
    methods = [row.method for row in rows]
    titles = {row.method: row.title for row in rows}
    scores = list(scores)
    known = {score.metric for score in scores if score.value is not None}
    shown = [fact for fact in facts if fact.id in known]
    summary = summarize(scores, shown, titles=titles, images=images, size=size)
    table = build_table(summary, methods=methods)
    kinds = {row.method: row.kind for row in rows}
    plane = Plane(summary=table.summary, methods=tuple(methods), titles=titles, kinds=kinds)
    contaminated = {
        key: why
        for key, why in (contaminated or {}).items()
        if key[0] in titles and _scored(table, *key)
    }
    variants: tuple[Variant, ...] = ("all", "fair") if contaminated else ("all",)
    hidden: dict[Variant, Mapping[tuple[str, str], str]] = {"all": {}, "fair": contaminated}
    pairs = axis_pairs([fact for fact in table.columns if _any_value(table, fact)])
    without = [fact for fact in facts if fact.id not in known]
    return Board(
        slug=slug,
        title=title,
        rows=tuple(rows),
        table=table,
        contaminated=contaminated,
        plane=plane,
        unavailable=tuple(_unavailable(fact, scores) for fact in without),
        rankings={
            variant: {
                fact.id: rank_methods(
                    table.summary, _left(methods, (fact,), hidden[variant]), fact
                )
                for fact in table.columns
            }
            for variant in variants
        },
        views={
            variant: {
                (x.id, y.id): _view(plane, x, y, _left(methods, (x, y), hidden[variant]))
                for x, y in pairs
            }
            for variant in variants
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


def _unavailable(fact: MetricFacts, scores: Iterable[Score]) -> str:
    """Say why nothing was scored; the shortest reason, as they differ by machine only."""
    reasons = {one_line(s.reason) for s in scores if s.metric == fact.id and s.reason}
    why = min(reasons, key=lambda text: (len(text), text), default="not scored")
    return f"{fact.title} has no scores: {published_reason(why)}."


def _scored(table: Table, method: str, metric: str) -> bool:
    return table.summary.mean(method, metric).n > 0


def _any_value(table: Table, fact: MetricFacts) -> bool:
    return any(_scored(table, row.method, fact.id) for row in table.rows)


def _left(
    methods: Sequence[str],
    facts: Iterable[MetricFacts],
    hidden: Mapping[tuple[str, str], str],
) -> list[str]:
    metrics = [fact.id for fact in facts]
    return [name for name in methods if not any((name, metric) in hidden for metric in metrics)]


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
