"""A study as one page that needs nothing else: tables, planes, claims, figures, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pdbench.plots.board_model import Board
from pdbench.plots.board_page import render_board
from pdbench.plots.markup import SCRIPTS, Markup, asset, csp_hash, element, join
from pdbench.plots.report_formats import Document, Grid

__all__ = ["Figure", "Section", "render_document_markup", "render_report"]


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
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(style)),
    )
    contents = [
        element("li", element("a", section.title, href=f"#{section.board.slug}-top"))
        for section in sections
    ]
    masthead = element(
        "div",
        element("span", "pdbench report", class_="brand"),
        element("button", "theme: system", type="button", class_="theme"),
        class_="masthead",
    )
    body = element(
        "body",
        element("header", masthead, element("h1", title),
                element("nav", element("ul", contents, class_="tabs"), aria_label="Datasets")
                if len(sections) > 1 else None),
        element("main", map(_section, sections), _figures(figures), id="main"),
        element("footer", "Made by ", element("code", "pdbench report"), " from stored scores."),
        (element("script", Markup(script)) for script in scripts),
    )  # fmt: skip
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def render_document_markup(document: Document) -> Markup:
    """Write a report's lines, tables and notes as markup; all of it is escaped."""
    return join(
        (element("p", line, class_="caption") for line in document.lines),
        map(_grid, document.grids),
        (element("p", note, class_="note") for note in document.notes),
    )


def _section(section: Section) -> Markup:
    return join(
        element("h2", section.title, id=f"{section.board.slug}-top"),
        render_board(section.board),
        element("h3", "Claims of the paper"),
        render_document_markup(section.claims),
        element("h3", "Provenance"),
        _grid(section.provenance),
    )


def _grid(grid: Grid) -> Markup:
    def cells(kind: str, row: Sequence[str]) -> list[Markup]:
        return [
            element(kind, text, class_="words" if column < grid.words else None)
            for column, text in enumerate(row)
        ]

    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", cells("th", grid.heads))),
            element("tbody", (element("tr", cells("td", row)) for row in grid.rows)),
        ),
        class_="scroll grid",
        tabindex=0,
        role="region",
        aria_label=", ".join(filter(None, grid.heads)),
    )


def _figures(figures: Sequence[Figure]) -> Markup | None:
    if not figures:
        return None
    shown = (
        element("figure", element("img", src=one.source, alt=one.title, class_="figure"),
                element("figcaption", one.title))
        for one in figures
    )  # fmt: skip
    return join(element("h2", "Figures"), shown)
