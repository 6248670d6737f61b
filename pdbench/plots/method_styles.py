"""Style of a method on every picture: family, place in the family, color, marker."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from colorsys import hls_to_rgb
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Literal

from pdbench.analysis.paper_tables import split_id

__all__ = [
    "Kind", "Style", "family_colors", "label_methods", "luminance", "style_methods",
    "theme_color",
]  # fmt: skip

Kind = Literal["single", "stochastic", "fused"]
"""One image; several independent outputs; one image made from samples."""

LONG_PATH = 3
"""From this many members on, only the ends of a path are named in full."""

COLORS = {
    "bicubic": ("#66696e", "#a9adb3"),
    "rrdb": ("#b34700", "#f2914a"),
    "esrgan-plus": ("#007357", "#33c49b"),
    "srflow-da": ("#a82d78", "#ea8cc4"),
    "average": ("#0062a3", "#62b0ec"),
    "median": ("#6a45c9", "#ab97f2"),
    "fusion-l1": ("#74481f", "#cda072"),
    "fusion-lpips": ("#b01e38", "#f48492"),
    "blend": ("#5b6600", "#b7c152"),
}
"""Family -> colors on light and on dark pages, each with a contrast of 4.5:1 or more."""
LUMINANCES = (0.13, 0.32)
"""Of the colors of other families, on light and on dark pages."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one method is drawn.

    Attributes:
        family: Id without its parameter: "average" of "average-25", "net" of "net[tau=0.9]".
        parameter: Numbers of the parameter, which order the members of a family.
        color: Color of the family on light pages, "#rrggbb".
        dark_color: Its color on dark pages.
        kind: Marker shape.
    """

    family: str
    parameter: tuple[float, ...]
    color: str
    dark_color: str
    kind: Kind


def style_methods(
    methods: Sequence[str], *, kinds: Mapping[str, Kind], several: frozenset[str]
) -> dict[str, Style]:
    """Choose how to draw each method; its color depends on its id only.

    Args:
        methods: Method ids.
        kinds: Method id -> kind, where known.
        several: Methods with more than one output per image. Without a known kind these are
            stochastic, and members of a family counted by "-k" are fused.

    Returns:
        Method id -> style.
    """
    styles = {}
    for method in methods:
        family, parameter = split_id(method)
        guess: Kind = "fused" if re.fullmatch(r".+-\d+", method) else "single"
        color, dark_color = family_colors(family)
        styles[method] = Style(
            family=family,
            parameter=parameter,
            color=color,
            dark_color=dark_color,
            kind=kinds.get(method, "stochastic" if method in several else guess),
        )
    return styles


@cache
def family_colors(family: str) -> tuple[str, str]:
    """Return the colors of a family on light and on dark pages; the same wherever it is drawn."""
    if family in COLORS:
        return COLORS[family]
    hue = int.from_bytes(sha256(family.encode()).digest()[:2], "big") / 2**16
    light, dark = (_shade(hue, wanted) for wanted in LUMINANCES)
    return light, dark


def _shade(hue: float, wanted: float) -> str:
    """Return the color of a hue that has a luminance, "#rrggbb"."""
    low, high = 0.0, 1.0
    color = ""
    for _ in range(12):
        middle = (low + high) / 2
        levels = (round(255 * part) for part in hls_to_rgb(hue, middle, 0.7))
        color = "#" + "".join(f"{level:02x}" for level in levels)
        low, high = (middle, high) if luminance(color) < wanted else (low, middle)
    return color


def luminance(color: str) -> float:
    """Return the relative luminance of "#rrggbb", in [0, 1].

    References:
        W3C, "Web Content Accessibility Guidelines 2.2", https://www.w3.org/TR/WCAG22/
    """
    levels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def theme_color(light: str, dark: str) -> str:
    """Return a CSS color that follows the page's color scheme."""
    return f"light-dark({light}, {dark})"


def label_methods(titles: Mapping[str, str], styles: Mapping[str, Style]) -> dict[str, str]:
    """Choose the text beside each marker: on a long path the parameter is enough between its ends.

    Args:
        titles: Method id -> full title, as "SRFlow-DA (τ=0.5)".
        styles: Method id -> style.

    Returns:
        Method id -> the title, or what stands in its last parentheses.
    """
    labels = dict(titles)
    for family in {style.family for style in styles.values()}:
        members = [method for method in titles if styles[method].family == family]
        members.sort(key=lambda method: styles[method].parameter)
        for method in members[1:-1] if len(members) >= LONG_PATH else []:
            inner = re.search(r"\(([^()]+)\)$", titles[method])
            if inner:
                labels[method] = inner[1]
    return labels
