"""Pages with boards: what the templates show of planes, fronts, rows, cells and ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pdbench.analysis.pareto import Front, Member
from pdbench.analysis.ranking import Place, Ranking
from pdbench.plots.board_model import Board, Variant
from pdbench.plots.formats import Document
from pdbench.plots.inline_svg import draw_inline
from pdbench.plots.method_styles import theme_color
from pdbench.plots.pages import SCRIPTS, asset, inline_policy, render
from pdbench.plots.scene import KEY, key_names
from pdbench.plots.table_model import Cell
from pdbench.scores import MetricFacts

__all__ = ["render_board", "render_report"]


def render_report(
    title: str,
    sections: Sequence[tuple[Board, Document]],
    provenance: Document,
    figures: Mapping[str, str],
) -> str:
    """Write a study as one page; its policy lets it run its own script and load nothing.

    Args:
        title: Its heading.
        sections: Scores of each dataset, and the paper's claims held against them.
        provenance: How all scores came about.
        figures: Caption -> data URL of a picture.

    Returns:
        The whole document.
    """
    style, scripts = asset("style.css"), [asset(name) for name in SCRIPTS]
    return render(
        "report.html",
        title=title,
        policy=inline_policy(style, scripts),
        style=style,
        scripts=scripts,
        sections=[(board, render_board(board), claims) for board, claims in sections],
        provenance=provenance,
        figures=figures,
    )


def render_board(board: Board) -> Markup:
    """Write the toolbar, the plane with its key and front, and the table.

    Args:
        board: What to show.

    Returns:
        A `<section class="board">`.
    """
    facts = {fact.id: fact for fact in board.table.columns}
    pairs = list(board.views["all"])
    trusts = {row.trust: row.trust for row in board.rows if row.trust}
    scenes = [v.scene for views in board.views.values() for v in views.values() if v.scene]
    front = board.views["all"][pairs[0]].front if pairs else None
    members = {one.method: one for one in front.members} if front else {}
    return render(
        "board.html",
        board=board,
        across=[(name, facts[name].title) for name in dict.fromkeys(x for x, _ in pairs)],
        upwards=[(name, facts[name].title) for name in dict.fromkeys(y for _, y in pairs)],
        kinds=[("", "any"), *{row.kind: KEY[row.kind] for row in board.rows}.items()],
        trusts=[("", "any"), *trusts.items()],
        figures=_figures(board),
        key_names=key_names(scenes),
        colors={
            method: theme_color(style.color, style.dark_color)
            for method, style in board.plane.styles.items()
        },
        shares={row.method: _share(members.get(row.method)) for row in board.rows},
        cells={
            row.method: [
                _cell(board, row.method, fact, cell)
                for fact, cell in zip(board.table.columns, row.cells, strict=True)
            ]
            for row in board.table.rows
        },
    )


def _figures(board: Board) -> list[dict[str, Any]]:
    links = {row.method: f"#{board.slug}-{index}" for index, row in enumerate(board.rows)}
    return [
        {
            "x": x,
            "y": y,
            "variant": variant,
            "drawing": draw_inline(board.plane, view.scene, links) if view.scene else None,
            "warnings": " ".join(view.scene.warnings) if view.scene else "",
            "members": _members(board, view.front),
            "volume": _volume(view.front),
        }
        for variant in board.variants
        for (x, y), view in board.views[variant].items()
    ]


def _members(board: Board, front: Front | None) -> list[dict[str, Any]]:
    return [
        {"method": one.method, "title": board.plane.title(one.method), **_share(one)}
        for one in (front.likely if front else ())
    ]


def _volume(front: Front | None) -> str:
    return f"{front.volume_text}; n/N {front.n}/{front.total}" if front else ""


def _share(member: Member | None) -> dict[str, str | None]:
    """Return how surely a method is on the front: as a number, and as a text."""
    if member is None:
        return {"share": None, "text": "—"}
    if member.probability is None:
        return {"share": None, "text": "on it" if member.member else "—"}
    return {"share": f"{member.probability:.3f}", "text": f"{100 * member.probability:.0f} %"}


def _cell(board: Board, method: str, fact: MetricFacts, cell: Cell) -> dict[str, Any]:
    why = board.contaminated.get((method, fact.id), "")
    rankings = {variant: board.rankings[variant][fact.id] for variant in board.variants}
    places = {variant: ranking.place(method) for variant, ranking in rankings.items()}
    best = [f"first-{v}" for v, place in places.items() if place and place.rank == 1
            and any(one.rank > 1 for one in rankings[v].places)]  # fmt: skip
    value = cell.mean.value
    return {
        "metric": fact.id,
        "content": cell,
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
