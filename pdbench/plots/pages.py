"""Pages: their templates, which escape every text, and their stylesheets, scripts and policies."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pdbench import __version__

__all__ = ["SCRIPTS", "asset", "find_links", "inline_policy", "render"]

SCRIPTS = ("vendor/table-core.js", "slider.js", "board.js")
"""Scripts of a page with boards, in the order in which it must load them; see `asset`."""


def render(name: str, **content: Any) -> Markup:  # noqa: ANN401  (whatever the template shows)
    """Fill a template of `templates/`; whatever is not `Markup` is escaped."""
    return Markup(TEMPLATES.get_template(name).render(content))


def asset(name: str) -> Markup:
    """Return a stylesheet or script of `web/`."""
    return Markup(files("pdbench.plots").joinpath("web", name).read_text("utf-8"))


def find_links(text: str) -> list[tuple[str, str]]:
    """Return (words, address) of every web address and arXiv number in a text.

    >>> find_links("Net, ECCV 2020, arXiv 2010.01073.")
    [('arXiv 2010.01073', 'https://arxiv.org/abs/2010.01073')]
    """
    return [
        (found[0], f"https://arxiv.org/abs/{found[1]}" if found[1] else found[0])
        for found in ADDRESS.finditer(text)
    ]


def link_text(text: str) -> Markup:
    """Return a text with its web addresses and arXiv numbers as links."""
    parts = []
    for words, address in find_links(text):
        before, _, text = text.partition(words)
        parts += [escape(before), LINK.format(address, words)]
    return Markup("").join([*parts, escape(text)])


def today() -> str:
    """Return the date of a page; SOURCE_DATE_EPOCH sets it, where pages must be the same again."""
    moment = os.environ.get("SOURCE_DATE_EPOCH", "")
    if moment.isdecimal():
        return f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%d}"
    return f"{datetime.now(UTC):%Y-%m-%d}"


def inline_policy(style: str, scripts: Iterable[str]) -> str:
    """Return the policy of a page that runs exactly these inline and loads data URLs only.

    References:
        W3C, "Content Security Policy Level 3", https://www.w3.org/TR/CSP3/
    """
    return (
        f"default-src 'none'; script-src {' '.join(map(_csp_hash, scripts))}; "
        f"style-src {_csp_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _csp_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


ADDRESS = re.compile(r"https://[\w./~%?=&#+:@-]*[\w/]|\barXiv[: ](\d{4}\.\d{4,5})")
LINK = Markup('<a href="{}" rel="nofollow noopener noreferrer">{}</a>')
TEMPLATES = Environment(
    loader=PackageLoader("pdbench.plots"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.globals.update(SCRIPTS=SCRIPTS, today=today, version=__version__)
TEMPLATES.filters["linked"] = link_text
