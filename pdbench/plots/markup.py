"""HTML and SVG built so that a text cannot become markup: whatever is not markup is escaped."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from importlib.resources import files

__all__ = ["SCRIPTS", "Markup", "asset", "csp_hash", "element", "embed_json", "join"]

_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already; any other string is escaped where it is put into an element."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """Write an element.

    Args:
        name: Tag.
        children: Strings (escaped), markup (as it is), None (nothing), or iterables of these.
        attributes: Values, escaped; True writes the bare name, None and False leave it out. An
            underscore stands for a hyphen; one at the end is dropped (`class_`).

    Raises:
        TypeError: A child is something else.

    >>> element("p", "a < b", class_="x")
    '<p class="x">a &lt; b</p>'
    """
    shown = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{html.escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{shown}>")
    return Markup(f"<{name}{shown}>{join(*children)}</{name}>")


def join(*children: object) -> Markup:
    """Put pieces of markup and texts (escaped) one after the other."""
    return Markup("".join(map(_written, children)))


def _written(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return html.escape(child)
    if isinstance(child, Iterable):
        return join(*child)
    raise TypeError(f"expected text or markup, got {type(child).__name__}")


def embed_json(content: object, **attributes: object) -> Markup:
    """Write a block of data that scripts read; no text in it can end the block."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return element("script", Markup(text), type="application/json", **attributes)


SCRIPTS = ("vendor/table-core.js", "board.js")
"""Scripts of a page with boards, in the order in which it must load them; see `asset`."""


def asset(name: str) -> str:
    """Return a stylesheet or script of `pdbench/plots/web/`."""
    return files("pdbench.plots").joinpath("web", name).read_text("utf-8")


def csp_hash(text: str) -> str:
    """Return the source expression that lets a page run exactly this inline script or style.

    References:
        W3C, "Content Security Policy Level 3", https://www.w3.org/TR/CSP3/
    """
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
