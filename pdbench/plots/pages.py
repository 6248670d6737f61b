"""Pages: their templates, which escape every text, and their stylesheets, scripts and policies."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["SCRIPTS", "asset", "csp_hash", "render"]

SCRIPTS = ("vendor/table-core.js", "board.js")
"""Scripts of a page with boards, in the order in which it must load them; see `asset`."""


def render(name: str, **content: Any) -> Markup:  # noqa: ANN401  (whatever the template shows)
    """Fill a template of `templates/`; whatever is not `Markup` is escaped."""
    return Markup(TEMPLATES.get_template(name).render(content))


def asset(name: str) -> Markup:
    """Return a stylesheet or script of `web/`."""
    return Markup(files("pdbench.plots").joinpath("web", name).read_text("utf-8"))


def csp_hash(text: str) -> str:
    """Return the source expression that lets a page run exactly this inline script or style.

    References:
        W3C, "Content Security Policy Level 3", https://www.w3.org/TR/CSP3/
    """
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


TEMPLATES = Environment(
    loader=PackageLoader("pdbench.plots"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.globals.update(asset=asset, csp_hash=csp_hash, SCRIPTS=SCRIPTS)
