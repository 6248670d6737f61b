"""The plane as a picture for papers: PNG, SVG or PDF, byte for byte the same when rerun."""

from __future__ import annotations

import math
from io import BytesIO
from itertools import pairwise
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon
from matplotlib.patheffects import withStroke

from pdbench.plots.labels import Box, Label
from pdbench.plots.scene import axis_title, label_scene, mark_title
from pdbench.plots.scene_model import (
    KIND_NAMES,
    Frame,
    Path,
    Plane,
    Point,
    Scene,
)

__all__ = ["METADATA", "STYLE", "render_static"]

DPI = 100
WIDTH, HEIGHT = 640, 520
AXES = Box(72, 34, 624, 420)
FONT_SIZE = 8.5
RADIUS = 4.5
INK, FAINT = "#222222", "#8a8a8a"
DASHES: Any = (0, (4, 3))
DOTS: Any = (0, (1, 1.6))
ARROW = ((-1.0, -0.75), (1.0, 0.0), (-1.0, 0.75), (-0.55, 0.0))
"""Corners of an arrowhead that points right."""
MARKERS = {"single": "s", "stochastic": "o", "fused": "D"}
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": FONT_SIZE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "pdbench",
}
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


def render_static(plane: Plane, scene: Scene, *, suffix: str, caption: str) -> bytes:
    """Draw the plane.

    Args:
        plane: Gives titles and styles.
        scene: What to draw.
        suffix: "png" (200 dots per inch), "svg" or "pdf".
        caption: Line above the axes: dataset, protocol, size, seed.

    Returns:
        The file's bytes.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
        _draw_axes(figure, plane, scene)
        _draw_labels(figure, plane, scene)
        _draw_margins(figure, plane, scene, caption)
        buffer = BytesIO()
        figure.savefig(buffer, format=suffix, dpi=2 * DPI, metadata=METADATA[suffix])
    return buffer.getvalue()


def _frame(figure: Figure) -> Frame:
    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    font = FontProperties(family="DejaVu Sans", size=FONT_SIZE)

    def measure(text: str) -> tuple[float, float]:
        width, height, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
        return width + 2, height + 2

    return Frame(axes=AXES, radius=RADIUS, measure=measure)


def _draw_axes(figure: Figure, plane: Plane, scene: Scene) -> None:
    axes = figure.add_axes(
        (
            AXES.left / WIDTH,
            1 - AXES.bottom / HEIGHT,
            (AXES.right - AXES.left) / WIDTH,
            (AXES.bottom - AXES.top) / HEIGHT,
        )
    )
    axes.set_xlim(*scene.x_range)
    axes.set_ylim(*scene.y_range)
    axes.set_xlabel(axis_title(scene.x), loc="left", parse_math=False)
    axes.set_ylabel(axis_title(scene.y), loc="bottom", parse_math=False)
    axes.ticklabel_format(useOffset=False)
    axes.grid(visible=True, color="#ececec", linewidth=0.6)
    axes.set_axisbelow(True)
    if scene.front:
        axes.plot(*zip(*scene.front, strict=True), color=FAINT, linewidth=1, linestyle=DASHES)
    for cloud in scene.clouds:
        axes.add_patch(Polygon(cloud.points, facecolor=cloud.color, alpha=0.18, linewidth=0))
    for region in scene.regions:
        axes.plot(*zip(*region.points, strict=True), color=region.color, linewidth=0.9, alpha=0.5)
    for path in scene.paths:
        axes.plot(*zip(*path.points, strict=True), color=path.color, linewidth=0.9, alpha=0.7)
        _draw_arrows(axes, path, scene)
    if scene.theory:
        line: dict[str, Any] = {"color": FAINT, "linewidth": 1.2, "linestyle": DOTS}
        axes.plot(*zip(*scene.theory.points, strict=True), **line)
        marks = zip(*scene.theory.marks.values(), strict=True)
        axes.plot(*marks, "o", markersize=4.5, color="white", markeredgecolor=FAINT, zorder=4)
    _draw_markers(axes, plane, scene)


def _draw_arrows(axes: Axes, path: Path, scene: Scene) -> None:
    for (start, end), wanted in zip(pairwise(path.points), path.arrows, strict=True):
        if wanted:
            right, up = (
                b - a for a, b in zip(_pixel(start, scene), _pixel(end, scene), strict=True)
            )
            length = math.hypot(right, up)
            turned = [
                ((right * x - up * y) / length, (up * x + right * y) / length) for x, y in ARROW
            ]
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            axes.plot(*middle, marker=turned, markersize=6, color=path.color, markeredgewidth=0)


def _pixel(point: Point, scene: Scene) -> Point:
    """Return pixels, upwards, from the lower left corner of the axes."""
    right = (point[0] - scene.x_range[0]) / (scene.x_range[1] - scene.x_range[0])
    up = (point[1] - scene.y_range[0]) / (scene.y_range[1] - scene.y_range[0])
    return right * (AXES.right - AXES.left), up * (AXES.bottom - AXES.top)


def _draw_markers(axes: Axes, plane: Plane, scene: Scene) -> None:
    for marker in scene.markers:
        style = plane.styles[marker.method]
        bar: dict[str, Any] = {"color": style.color, "linewidth": 1.1, "alpha": 0.55}
        if marker.x_bar:
            axes.plot(marker.x_bar, (marker.y, marker.y), solid_capstyle="butt", **bar)
        if marker.y_bar:
            axes.plot((marker.x, marker.x), marker.y_bar, solid_capstyle="butt", **bar)
        axes.plot(
            marker.x,
            marker.y,
            MARKERS[style.kind],
            markersize=6 if style.kind == "stochastic" else 5.2,
            color=style.color,
            markeredgecolor="white",
            markeredgewidth=0.7,
            clip_on=False,
            zorder=5,
        )


def _draw_labels(figure: Figure, plane: Plane, scene: Scene) -> None:
    labels = label_scene(plane, scene, _frame(figure))
    marks = scene.theory.marks if scene.theory else {}
    titles = [(plane.labels[marker.method], INK) for marker in scene.markers]
    titles += [(mark_title(k), FAINT) for k in marks]
    for (title, color), label in zip(titles, labels, strict=True):
        if label is not None:
            _draw_label(figure, title, color, label)


def _draw_label(figure: Figure, title: str, color: str, label: Label) -> None:
    x, y = label.box.center
    place: dict[str, Any] = {"ha": "center", "va": "center_baseline", "color": color, "zorder": 6}
    # A rim, since not every label finds a place clear of curves.
    place["path_effects"] = [withStroke(linewidth=2, foreground="white")]
    figure.text(x / WIDTH, 1 - y / HEIGHT, title, parse_math=False, **place)
    if label.leader:
        x0, y0, x1, y1 = label.leader
        ends = (x0 / WIDTH, x1 / WIDTH), (1 - y0 / HEIGHT, 1 - y1 / HEIGHT)
        figure.add_artist(Line2D(*ends, color=FAINT, linewidth=0.6))


def _draw_margins(figure: Figure, plane: Plane, scene: Scene, caption: str) -> None:
    left = AXES.left / WIDTH
    place: dict[str, Any] = {"va": "center", "color": FAINT, "fontsize": FONT_SIZE - 1}
    asides = [scene.partial, f"not drawn: {', '.join(scene.absent)}" if scene.absent else ""]
    lines = [caption, "; ".join(filter(None, asides))]
    for number, line in enumerate(lines):
        figure.text(left, 1 - (12 + 13 * number) / HEIGHT, line, parse_math=False, **place)
    figure.legend(
        handles=_legend(plane, scene),
        loc="lower left",
        bbox_to_anchor=(left, 4 / HEIGHT),
        ncols=3,
        columnspacing=1.2,
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        fontsize=FONT_SIZE - 0.5,
        labelcolor=INK,
    )


def _legend(plane: Plane, scene: Scene) -> list[Line2D | Patch]:
    present = {plane.styles[marker.method].kind for marker in scene.markers}
    faint: dict[str, Any] = {"color": FAINT}
    handles: list[Line2D | Patch] = [
        Line2D([], [], marker=MARKERS[kind], linestyle="", markersize=5, label=name, **faint)
        for kind, name in KIND_NAMES.items()
        if kind in present
    ]
    signs: dict[str, Line2D | Patch] = {
        "bar": Line2D([], [], linewidth=1.1, **faint),
        "region": Line2D(
            [], [], marker="o", linestyle="", markersize=8, fillstyle="none", **faint
        ),
        "cloud": Patch(alpha=0.25, linewidth=0, **faint),
        "path": Line2D([], [], marker=">", markersize=4, linewidth=0.9, **faint),
        "front": Line2D([], [], linewidth=1, linestyle=DASHES, **faint),
        "theory": Line2D([], [], linewidth=1.2, linestyle=DOTS, **faint),
    }
    for role, sign in signs.items():
        if role in scene.roles:
            sign.set_label(plane.shape_names[role])
            handles.append(sign)
    return handles
