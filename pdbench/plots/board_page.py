"""What the template of a board shows: planes, fronts, rows, cells and ranks as texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pdbench.analysis.pareto import Front, Member
from pdbench.analysis.ranking import Place, Ranking
from pdbench.plots.board_model import Board, BoardRow, Variant, View
from pdbench.plots.inline_svg import draw_inline, theme_color
from pdbench.plots.pages import render
from pdbench.plots.scene import KEY, key_names
from pdbench.plots.table_model import Cell, Row
from pdbench.scores import MetricFacts

__all__ = ["render_board"]

LEAST_SHARE = 0.005
"""Share of redrawn data sets below which a method is not named as a member of the front."""


def render_board(board: Board) -> Markup:
    """Write the toolbar, the plane with its key and front, and the table.

    Args:
        board: What to show.

    Returns:
        A `<section class="board">`.
    """
    facts = {fact.id: fact for fact in board.table.columns}
    pairs = list(board.views["all"])
    trusts = {badge.text: badge.text for row in board.rows for badge in row.badges
              if badge.role.startswith("trust")}  # fmt: skip
    scenes = [v.scene for views in board.views.values() for v in views.values() if v.scene]
    front = board.views["all"][pairs[0]].front if pairs else None
    return render(
        "board.html",
        slug=board.slug,
        table=board.table,
        contaminated=board.contaminated,
        unavailable=board.unavailable,
        across=[(name, facts[name].title) for name in dict.fromkeys(x for x, _ in pairs)],
        upwards=[(name, facts[name].title) for name in dict.fromkeys(y for _, y in pairs)],
        kinds=[("", "any"), *{row.kind: KEY[row.kind] for row in board.rows}.items()],
        trusts=[("", "any"), *trusts.items()],
        figures=_figures(board),
        key_names=key_names(scenes),
        rows=[
            _row(board, row, cells, front)
            for row, cells in zip(board.rows, board.table.rows, strict=True)
        ],
    )


def _figures(board: Board) -> list[dict[str, Any]]:
    links = {row.method: f"#{board.slug}-{index}" for index, row in enumerate(board.rows)}
    return [
        {"x": x, "y": y, "variant": variant, **_figure(board, view, links)}
        for variant in board.variants
        for (x, y), view in board.views[variant].items()
    ]


def _figure(board: Board, view: View, links: Mapping[str, str]) -> dict[str, Any]:
    scene, front = view.scene, view.front
    if scene is None:
        return {"drawing": None}
    absent = [f"Not drawn: {', '.join(scene.absent)}."] if scene.absent else []
    absent += [f"Careful: {scene.partial}."] if scene.partial else []
    return {
        "drawing": draw_inline(board.plane, scene, links),
        "absent": " ".join(absent),
        "members": [
            {"method": m.method, "title": board.plane.title(m.method), **_share(m)}
            for m in (front.members if front else ())
            if m.member or (m.probability or 0.0) >= LEAST_SHARE
        ],
        "volume": _volume(front) if front else "",
    }


def _volume(front: Front) -> str:
    ends = front.interval
    between = f" [{ends.low:.4g}, {ends.high:.4g}]" if ends else ""
    return f"{front.volume:.4g}{between}; n/N {front.n}/{front.total}"


def _share(member: Member | None) -> dict[str, str | None]:
    """Return how surely a method is on the front: as a number, and as a text."""
    if member is None:
        return {"share": None, "text": "—"}
    if member.probability is None:
        return {"share": None, "text": "on it" if member.member else "—"}
    return {"share": f"{member.probability:.3f}", "text": f"{100 * member.probability:.0f} %"}


def _row(board: Board, row: BoardRow, cells: Row, front: Front | None) -> dict[str, Any]:
    members = {one.method: one for one in front.members} if front else {}
    trust = next((badge.text for badge in row.badges if badge.role.startswith("trust")), "")
    style = board.plane.styles[row.method]
    return {
        "method": row.method,
        "title": row.title,
        "kind": row.kind,
        "trust": trust,
        "link": row.link,
        "badges": row.badges,
        "links": row.links,
        "color": theme_color(style.color, style.dark_color),
        "count": cells.count,
        "front": _share(members.get(row.method)),
        "cells": [
            _cell(board, row.method, fact, cell)
            for fact, cell in zip(board.table.columns, cells.cells, strict=True)
        ],
    }


def _cell(board: Board, method: str, fact: MetricFacts, cell: Cell) -> dict[str, Any]:
    why = board.contaminated.get((method, fact.id), "")
    rankings = {variant: board.rankings[variant][fact.id] for variant in board.variants}
    places = {variant: ranking.place(method) for variant, ranking in rankings.items()}
    best = [f"first-{v}" for v, place in places.items() if place and place.rank == 1
            and place.last < len(rankings[v].places)]  # fmt: skip
    value = cell.mean.value
    return {
        "metric": fact.id,
        "text": cell.text,
        "interval": cell.interval_text,
        "note": cell.note,
        "why": why,
        "value": None if value is None else f"{value:.9g}",
        "said": f"{fact.title} {cell.text} {cell.interval_text}".rstrip(),
        "classes": " ".join([*best, *(["contaminated"] if why else [])]) or None,
        "ranks": [
            _rank(board, variant, rankings[variant], place)
            for variant, place in places.items()
            if place and len(rankings[variant].places) > 1
        ],
    }


def _rank(board: Board, variant: Variant, ranking: Ranking, place: Place) -> dict[str, str]:
    known = {*place.better, *place.worse, place.method}
    tied = [board.plane.title(p.method) for p in ranking.places if p.method not in known]
    ties = f"not told apart from {', '.join(tied)}" if tied else "told apart from all others"
    return {"variant": variant, "text": place.text.replace("-", "–"), "ties": ties}
