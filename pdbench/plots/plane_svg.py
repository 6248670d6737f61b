"""The plane as SVG inside a page: themed by the page's stylesheet, every point a link."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import pairwise

from pdbench.plots.labels import Box, Label, estimate_size
from pdbench.plots.markup import Markup, element, join
from pdbench.plots.scene import axis_title, label_scene
from pdbench.plots.scene_model import KIND_NAMES, Bar, Frame, Marker, Plane, Scene
from pdbench.plots.table_model import format_value

__all__ = ["KINDS_DRAWN", "draw_key", "draw_svg", "nice_ticks"]

WIDE = (760, 500)
NARROW = (360, 400)
"""Width and height of the two pictures a page holds; its stylesheet shows the one that fits."""

FONT_SIZE = 12
RADIUS = 6
MARGINS = (58, 12, 12, 46)
"""Left, right, top and bottom."""

KINDS_DRAWN: Mapping[str, str] = {
    "single": "M-5-5H5V5H-5Z",
    "stochastic": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0Z",
    "fused": "M0-7L7 0L0 7L-7 0Z",
}
"""Kind of method -> its marker around the origin."""

_SHAPES_DRAWN = {
    "bar": "M0 6h16",
    "region": "M1 6a7 4.5 0 1 0 14 0a7 4.5 0 1 0-14 0Z",
    "cloud": "M0 6a8 5 0 1 0 16 0a8 5 0 1 0-16 0Z",
    "front": "M0 6h16",
    "path": "M0 6h16M5 2l7 4l-7 4z",
    "theory": "M0 6h16",
}


def draw_svg(plane: Plane, scene: Scene, links: Mapping[str, str]) -> Markup:
    """Draw a scene twice, for wide and for narrow windows.

    Args:
        plane: Gives titles and styles.
        scene: What to draw.
        links: Method id -> where its point leads.

    Returns:
        Two `<svg>` elements of the classes "wide" and "narrow"; points carry `data-method`.
    """
    return join(
        _draw(plane, scene, links, "wide", WIDE), _draw(plane, scene, links, "narrow", NARROW)
    )


def draw_key(plane: Plane, roles: Iterable[str]) -> Markup:
    """Explain the markers of these methods and the shapes of these roles."""
    kinds = {plane.styles[method].kind for method in plane.methods}
    present = set(roles)
    named: list[tuple[Markup, str]] = [
        (element("path", d=shape, transform="translate(8 6) scale(.8)", class_="marker"), kind)
        for kind, shape in KINDS_DRAWN.items()
        if kind in kinds
    ]
    named += [
        (element("path", d=_SHAPES_DRAWN[role], class_=role), role)
        for role in plane.shape_names
        if role in present
    ]
    names = {**KIND_NAMES, **plane.shape_names}
    return element(
        "ul",
        (
            element("li", element("svg", sign, viewBox="0 0 16 12", aria_hidden="true"), names[of])
            for sign, of in named
        ),
        class_="key",
    )


def nice_ticks(ends: Bar, most: int) -> list[float]:
    """Return round numbers between two ends, at most so many, in growing order.

    >>> nice_ticks((0.0, 1.0), 6), nice_ticks((27.3, 24.1), 4)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [25.0, 26.0, 27.0])
    """
    low, high = sorted(ends)
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20):
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    return [round(index * step, 12) for index in range(first, last + 1)]


class _Pixels:
    """From data to pixels of one picture."""

    def __init__(self, scene: Scene, size: tuple[int, int]) -> None:
        left, right, top, bottom = MARGINS
        self.box = Box(left, top, size[0] - right, size[1] - bottom)
        self.ends = (scene.x_range, scene.y_range)

    def x(self, value: float) -> float:
        start, end = self.ends[0]
        return self.box.left + (value - start) / (end - start) * (self.box.right - self.box.left)

    def y(self, value: float) -> float:
        start, end = self.ends[1]
        return self.box.bottom - (value - start) / (end - start) * (self.box.bottom - self.box.top)

    def line(self, points: Iterable[tuple[float, float]], *, closed: bool = False) -> str:
        """Return the path through points of the data."""
        pairs = [f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in points]
        return "M" + "L".join(pairs) + ("Z" if closed else "")


def _draw(
    plane: Plane, scene: Scene, links: Mapping[str, str], name: str, size: tuple[int, int]
) -> Markup:
    pixels = _Pixels(scene, size)
    frame = Frame(
        axes=pixels.box, radius=RADIUS, measure=partial(estimate_size, font_size=FONT_SIZE)
    )
    labels = label_scene(plane, scene, frame)[: len(scene.markers)]
    title = f"{scene.x.title} against {scene.y.title}; better is left and down"
    return element(
        "svg",
        _axes(scene, pixels, size),
        (
            element("path", d=pixels.line(c.points, closed=True), class_="cloud", fill=c.color)
            for c in scene.clouds
        ),
        (
            element("path", d=pixels.line(r.points, closed=True), class_="region", stroke=r.color)
            for r in scene.regions
        ),
        element("path", d=pixels.line(scene.front), class_="front") if scene.front else None,
        _paths(scene, pixels),
        (
            _point(plane, scene, marker, label, pixels, links)
            for marker, label in zip(scene.markers, labels, strict=True)
        ),
        class_=name,
        viewBox=f"0 0 {size[0]} {size[1]}",
        role="group",
        aria_label=title,
    )


def _axes(scene: Scene, pixels: _Pixels, size: tuple[int, int]) -> Markup:
    box = pixels.box
    across = nice_ticks(scene.x_range, 8 if size == WIDE else 4)
    upwards = nice_ticks(scene.y_range, 7)
    lines = [f"M{pixels.x(v):.1f} {box.top:g}V{box.bottom:g}" for v in across]
    lines += [f"M{box.left:g} {pixels.y(v):.1f}H{box.right:g}" for v in upwards]
    middle = (box.top + box.bottom) / 2
    turned = f"rotate(-90 14 {middle:g}) translate(14 {middle:g})"
    return element(
        "g",
        element("path", d="".join(lines), class_="grid"),
        element("path", d=f"M{box.left:g} {box.top:g}V{box.bottom:g}H{box.right:g}",
                class_="axis"),
        (
            element("text", text, x=f"{pixels.x(v):.1f}", y=f"{box.bottom + 17:g}", class_="tick")
            for v, text in zip(across, _tick_texts(across), strict=True)
        ),
        (
            element("text", text, x=f"{box.left - 7:g}", y=f"{pixels.y(v) + 4:.1f}", class_="side")
            for v, text in zip(upwards, _tick_texts(upwards), strict=True)
        ),
        element("text", axis_title(scene.x), x=f"{(box.left + box.right) / 2:g}",
                y=f"{size[1] - 8}", class_="title"),
        element("text", axis_title(scene.y), transform=turned, class_="title"),
        aria_hidden="true",
    )  # fmt: skip


def _tick_texts(values: list[float]) -> list[str]:
    steps = [b - a for a, b in pairwise(values)]
    decimals = max(0, -math.floor(math.log10(steps[0]) + 1e-9)) if steps else 2
    return [format_value(value, decimals) for value in values]


def _paths(scene: Scene, pixels: _Pixels) -> Markup:
    drawn = []
    for path in scene.paths:
        drawn.append(element("path", d=pixels.line(path.points), class_="path", stroke=path.color))
        for (start, end), wanted in zip(pairwise(path.points), path.arrows, strict=True):
            if wanted:
                drawn.append(_arrow(start, end, pixels, path.color))
    return join(drawn)


def _arrow(
    start: tuple[float, float], end: tuple[float, float], pixels: _Pixels, color: str
) -> Markup:
    (x0, y0), (x1, y1) = ((pixels.x(x), pixels.y(y)) for x, y in (start, end))
    turn = math.degrees(math.atan2(y1 - y0, x1 - x0))
    place = f"translate({(x0 + x1) / 2:.1f} {(y0 + y1) / 2:.1f}) rotate({turn:.0f})"
    return element("path", d="M5 0L-4-4L-2 0L-4 4Z", transform=place, fill=color)


def _point(
    plane: Plane,
    scene: Scene,
    marker: Marker,
    label: Label | None,
    pixels: _Pixels,
    links: Mapping[str, str],
) -> Markup:
    style = plane.styles[marker.method]
    x, y = pixels.x(marker.x), pixels.y(marker.y)
    bars = [f"M{pixels.x(a):.1f} {y:.1f}H{pixels.x(b):.1f}" for a, b in _ends(marker.x_bar)]
    bars += [f"M{x:.1f} {pixels.y(a):.1f}V{pixels.y(b):.1f}" for a, b in _ends(marker.y_bar)]
    title = plane.titles[marker.method]
    where = ", ".join(
        f"{fact.title} {format_value(value, fact.decimals)}"
        for fact, value in ((scene.x, marker.x), (scene.y, marker.y))
    )
    return element(
        "a",
        element("path", d="".join(bars), class_="bar", stroke=style.color) if bars else None,
        _leader(label, x, y),
        element("path", d=KINDS_DRAWN[style.kind], transform=f"translate({x:.1f} {y:.1f})",
                fill=style.color, class_="marker"),
        element("text", plane.labels[marker.method], x=f"{x + label.offset[0]:.1f}",
                y=f"{y + label.offset[1] + 4:.1f}", class_="label") if label else None,
        href=links[marker.method],
        class_="point",
        data_method=marker.method,
        aria_label=f"{title}, {where}",
    )  # fmt: skip


def _ends(bar: Bar | None) -> list[Bar]:
    return [bar] if bar else []


def _leader(label: Label | None, x: float, y: float) -> Markup | None:
    if label is None or label.leader is None:
        return None
    x0, y0, x1, y1 = label.leader
    return element("path", d=f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}", class_="leader")
