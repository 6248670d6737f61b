"""Page of a study that needs nothing else: tables, planes, claims, figures, provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pdbench.plots.board_model import Board
from pdbench.plots.board_page import render_board
from pdbench.plots.formats import Document
from pdbench.plots.pages import SCRIPTS, asset, inline_policy, render

__all__ = ["render_report"]


def render_report(
    title: str,
    sections: Sequence[tuple[Board, Document]],
    provenance: Document,
    figures: Mapping[str, str],
) -> str:
    """Write the page; its policy lets it run its own script and style and load nothing.

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
