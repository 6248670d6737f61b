"""The plane as SVG inside a page: colors of the page's theme, every point a link."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from markupsafe import Markup
from matplotlib import rc_context

from pdbench.plots.plane_static import (
    FAINT,
    GRID,
    INK,
    PAGE,
    STYLE,
    Picture,
    draw_picture,
    save_figure,
)
from pdbench.plots.scene_model import Plane, Scene
from pdbench.plots.table_model import format_value

__all__ = ["draw_inline"]

SIZES = {"wide": (760, 500), "narrow": (360, 400)}
"""Width and height of the two pictures a page holds; its stylesheet shows the one that fits."""
FONT_SIZE = 12
THEME = {INK: "var(--ink)", FAINT: "var(--soft)", GRID: "var(--grid)", PAGE: "var(--card)"}
CLASSES = frozenset({"bar", "front", "label", "leader", "marker", "path", "region", "theory"})
SVG = "{http://www.w3.org/2000/svg}"


def draw_inline(plane: Plane, scene: Scene, links: Mapping[str, str]) -> Markup:
    """Draw a scene twice, for wide and for narrow windows.

    Args:
        plane: Gives titles and styles.
        scene: What to draw.
        links: Method id -> where its point leads.

    Returns:
        Two `<svg>` elements of the classes "wide" and "narrow"; points carry `data-method`. They
        have no ids and no inline style, which a page's policy would forbid.
    """
    return Markup("").join(_draw(plane, scene, links, name, size) for name, size in SIZES.items())


def _draw(
    plane: Plane, scene: Scene, links: Mapping[str, str], name: str, size: tuple[int, int]
) -> Markup:
    width, height = size
    picture = Picture(
        width=width / 72, height=height / 72, font_size=FONT_SIZE, dpi=72, legend=False, halo=False
    )  # a point is a pixel of the page
    options = {**STYLE, "font.size": FONT_SIZE, "svg.fonttype": "none", "path.simplify": False}
    with rc_context(options):
        drawn = save_figure(draw_picture(plane, scene, picture), "svg")
    root = ET.fromstring(drawn)
    for found in ("metadata", "defs"):
        for one in root.findall(f"{SVG}{found}"):
            root.remove(one)
    for element in root.iter():
        _adapt(element)
    for index, marker in enumerate(scene.markers):
        point = next(one for one in root.iter("g") if one.get("class") == f"point-{index}")
        point.tag = "a"
        where = ", ".join(
            f"{fact.title} {format_value(value, fact.decimals)}"
            for fact, value in ((scene.x, marker.x), (scene.y, marker.y))
        )
        point.attrib = {
            "class": "point",
            "href": links[marker.method],
            "data-method": marker.method,
            "aria-label": f"{plane.titles[marker.method]}, {where}",
        }
    title = f"{scene.x.title} against {scene.y.title}; better is left and down"
    root.attrib = {"class": name, "viewBox": f"0 0 {width} {height}", "role": "group",
                   "aria-label": title}  # fmt: skip
    return Markup(ET.tostring(root, encoding="unicode"))


def _adapt(element: ET.Element) -> None:
    """Turn matplotlib's names into classes and its styles into attributes of the theme."""
    element.tag = element.tag.removeprefix(SVG)
    element.tail = None
    if element.tag != "text":
        element.text = None
    name = element.attrib.pop("id", "")
    if name in CLASSES or name.startswith(("point-", "mark-")):
        element.set("class", name)
    for key in ("d", "x", "y", "transform"):
        if key in element.attrib:
            element.set(key, _shorten(element.attrib[key]))
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font-size":
            element.set(key, value.removesuffix("px"))
        elif key and not key.startswith("font"):
            element.set(key, THEME.get(value, value))


def _shorten(numbers: str) -> str:
    """Write coordinates with a tenth of a pixel; nobody sees more."""
    short = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}", numbers)
    return " ".join(short.split())
