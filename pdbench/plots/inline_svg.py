"""The plane as SVG inside a page: colors of the page's theme, every point a link."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from markupsafe import Markup

from pdbench.plots.formats import format_value
from pdbench.plots.method_styles import theme_color
from pdbench.plots.plane_static import FAINT, GRID, INK, PAGE, draw_picture, render
from pdbench.plots.scene import Plane, Scene

__all__ = ["draw_inline"]

SIZES = {"wide": (760, 500), "narrow": (360, 420)}
"""Width and height of the two pictures a page holds; its stylesheet shows the one that fits."""
FONT_SIZE = 12
THEME = {INK: "var(--ink)", FAINT: "var(--soft)", GRID: "var(--grid)", PAGE: "var(--card)"}
GROUPS = ("bar", "leader", "marker", "label")
"""What belongs to one method."""
SVG = "{http://www.w3.org/2000/svg}"


def draw_inline(plane: Plane, scene: Scene, links: Mapping[str, str]) -> Markup:
    """Draw a scene twice, for wide and for narrow windows.

    Args:
        plane: Gives titles.
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
    figure = draw_picture(  # 72 points per inch: a point is a pixel of the page
        [scene],
        width=width / 72,
        height=height / 72,
        font_size=FONT_SIZE,
        legend=False,
        halo=False,
    )
    root = ET.fromstring(render(figure, "svg"))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{SVG}metadata", f"{SVG}defs"):
                parent.remove(child)
    _link_points(root, plane, scene, links)
    colors = {m.style.color: theme_color(m.style.color, m.style.dark_color) for m in scene.markers}
    for element in root.iter():
        _adapt(element, THEME | colors)
    title = f"{scene.x.title} against {scene.y.title}; better is left and down"
    root.attrib = {"class": name, "viewBox": f"0 0 {width} {height}", "role": "group",
                   "aria-label": title}  # fmt: skip
    return Markup(ET.tostring(root, encoding="unicode"))


def _link_points(root: ET.Element, plane: Plane, scene: Scene, links: Mapping[str, str]) -> None:
    """Gather what belongs to each method in one link."""
    axes = next(one for one in root.iter() if one.get("id") == "axes_1")
    parts = {one.get("id", ""): one for one in axes}
    for index, marker in enumerate(scene.markers):
        where = ", ".join(
            f"{fact.title} {format_value(value, fact.decimals)}"
            for fact, value in ((scene.x, marker.x), (scene.y, marker.y))
        )
        link = ET.SubElement(axes, f"{SVG}a", {
            "class": "point",
            "href": links[marker.method],
            "data-method": marker.method,
            "aria-label": f"{plane.title(marker.method)}, {where}",
        })  # fmt: skip
        for group in GROUPS:
            if (found := parts.get(f"{group}-{index}")) is not None:
                axes.remove(found)
                link.append(found)


def _adapt(element: ET.Element, colors: Mapping[str, str]) -> None:
    """Turn matplotlib's names into classes and its styles into attributes of the theme."""
    element.tag = element.tag.removeprefix(SVG)
    element.tail = None
    if element.tag != "text":
        element.text = None
    name = element.attrib.pop("id", "")
    if role := re.match(r"(bar|cloud|front|label|leader|marker|path|region|theory)\b", name):
        element.set("class", role[1])
    for key in ("d", "x", "y", "transform"):
        if key in element.attrib:
            element.set(key, _shorten(element.attrib[key]))
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key in ("font", "font-size"):
            size = re.search(r"([\d.]+)px", value)
            element.set("font-size", size[1] if size else str(FONT_SIZE))
        elif key and not key.startswith("font"):
            element.set(key, colors.get(value, value))


def _shorten(numbers: str) -> str:
    """Write coordinates with a tenth of a pixel; nobody sees more."""
    short = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}", numbers)
    return " ".join(short.split())
