"""What all pages of the site share: policy, head, navigation, foot."""

from __future__ import annotations

from collections.abc import Sequence

from pdbench.leaderboard.site_boards import SiteBoard
from pdbench.plots.markup import SCRIPTS, Markup, element, join

__all__ = ["POLICY", "render_page", "render_tabs"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""Content security policy of every page: files of the site itself, and no inline script or style.

References:
    W3C, "Content Security Policy Level 3", https://www.w3.org/TR/CSP3/
"""


def render_page(title: str, *content: object, root: str = "", lead: str = "") -> str:
    """Write a page of the site.

    Args:
        title: Its heading and title.
        content: What stands below the heading; texts are escaped.
        root: Path from the page to the root of the site ("../" or "").
        lead: Sentence below the heading.

    Returns:
        The whole document.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{title} · pdbench"),
        element("link", rel="stylesheet", href=f"{root}assets/style.css"),
        (element("script", src=f"{root}assets/{name}", defer=True) for name in SCRIPTS),
    )
    masthead = element(
        "nav",
        element("a", "pdbench leaderboard", href=f"{root}index.html", class_="brand"),
        element("a", "Metrics and protocols", href=f"{root}about.html"),
        element("button", "theme: system", type="button", class_="theme"),
        class_="masthead",
        aria_label="Site",
    )
    body = element(
        "body",
        element("a", "Skip to content", href="#main", class_="skip"),
        element("header", masthead, element("h1", title),
                element("p", lead, class_="lead") if lead else None),
        element("main", *content, id="main"),
        element("footer", "Rebuilt from the submissions by ",
                element("code", "pdbench leaderboard build"),
                ". Perception–distortion benchmark of ×4 image super-resolution."),
    )  # fmt: skip
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def render_tabs(boards: Sequence[SiteBoard], current: SiteBoard) -> Markup:
    """Write the choice of dataset and protocol."""
    several = len({board.protocol for board in boards}) > 1
    items = [
        element(
            "li",
            element(
                "a",
                f"{board.title} · {board.protocol}" if several else board.title,
                href=board.page,
                aria_current="page" if board is current else None,
            ),
        )
        for board in boards
    ]
    return join(element("nav", element("ul", items, class_="tabs"), aria_label="Boards"))
