"""A study as one page that needs nothing else: tables, planes, claims, figures, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pdbench.plots.board_model import Board
from pdbench.plots.board_page import render_board
from pdbench.plots.pages import SCRIPTS, asset, csp_hash, render
from pdbench.plots.report_formats import Document, Grid

__all__ = ["Figure", "Section", "render_report"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture to show.

    Attributes:
        title: Its caption.
        source: A data URL.
    """

    title: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """One dataset.

    Attributes:
        title: Title of the dataset.
        board: Its scores.
        claims: The paper's claims held against them.
        provenance: How the scores of each method came about.
    """

    title: str
    board: Board
    claims: Document
    provenance: Grid


def render_report(title: str, sections: Sequence[Section], figures: Sequence[Figure]) -> str:
    """Write the page; its policy lets it run its own script and style and load nothing.

    Args:
        title: Its heading.
        sections: The datasets, in order.
        figures: Pictures, in order.

    Returns:
        The whole document.
    """
    style, scripts = asset("style.css"), [asset(name) for name in SCRIPTS]
    policy = (
        f"default-src 'none'; script-src {' '.join(map(csp_hash, scripts))}; "
        f"style-src {csp_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return render(
        "report.html",
        title=title,
        policy=policy,
        style=style,
        scripts=scripts,
        sections=sections,
        boards=[render_board(one.board) for one in sections],
        figures=figures,
    )
