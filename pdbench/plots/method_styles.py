"""What a method's id says about how to draw it: family, place in the family, color, marker."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pdbench.analysis.paper_tables import split_id

__all__ = ["Kind", "Style", "label_methods", "style_methods"]

Kind = Literal["single", "stochastic", "fused"]
"""One image; several independent outputs; one image made from samples."""

LONG_PATH = 4
"""From this many members on, only the ends of a path are named in full."""

PALETTE = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#777777", "#8C564B",
    "#7B5CD6",
)  # fmt: skip
"""Hues that color-blind readers can tell apart (M. Okabe and K. Ito, "Color Universal Design",
2008, https://jfly.uni-koeln.de/color/), without the yellow that vanishes on white; brown and
violet give every row of the paper a hue of its own."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """How one method is drawn.

    Attributes:
        family: Id without its parameter: "average" of "average-25", "net" of "net[tau=0.9]".
        parameter: Numbers of the parameter, which order the members of a family.
        color: Hue shared by the family, "#RRGGBB".
        kind: Marker shape.
    """

    family: str
    parameter: tuple[float, ...]
    color: str
    kind: Kind


def style_methods(
    methods: Sequence[str], *, kinds: Mapping[str, Kind], several: frozenset[str]
) -> dict[str, Style]:
    """Choose how to draw each method.

    Args:
        methods: Method ids; the order of first appearance gives each family its hue.
        kinds: Method id -> kind, where known.
        several: Methods with more than one output per image. Without a known kind these are
            stochastic, and members of a family counted by "-k" are fused.

    Returns:
        Method id -> style.
    """
    split = {method: split_id(method) for method in methods}
    families = list(dict.fromkeys(family for family, _ in split.values()))
    styles = {}
    for method, (family, parameter) in split.items():
        guess: Kind = "fused" if re.fullmatch(r".+-\d+", method) else "single"
        styles[method] = Style(
            family=family,
            parameter=parameter,
            color=PALETTE[families.index(family) % len(PALETTE)],
            kind=kinds.get(method, "stochastic" if method in several else guess),
        )
    return styles


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
