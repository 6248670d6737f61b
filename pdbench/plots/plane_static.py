"""The plane drawn by matplotlib: PNG, SVG and PDF files, the same bytes when rerun."""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch, PathPatch, Polygon
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D, ScaledTranslation

from pdbench.plots.labels import Box, Label, label_scene
from pdbench.plots.scene import Marker, Path, Point, Scene, axis_title, key_names

__all__ = [
    "FAINT", "FONT_SIZE", "GRID", "INK", "PAGE", "STYLE", "WIDTHS", "draw_axes", "draw_picture",
    "render",
]  # fmt: skip

WIDTHS = (6.4, 10.0)
"""Inches of a picture of one plane, and of several."""
NARROWEST = 22
"""Font sizes that a plane needs in width to stand beside another."""
SHAPE = 0.72
"""Height of the axes by their width."""
FONT_SIZE = 8.5
INK, FAINT, GRID, PAGE = "#222222", "#767676", "#ececec", "#ffffff"
DASHES: Any = (0, (4, 3))
DOTS: Any = (0, (1, 1.6))
ARROW = Outline([(-1.0, -0.75), (1.0, 0.0), (-1.0, 0.75), (-0.55, 0.0), (-1.0, -0.75)])
"""An arrowhead that points right."""
MARKERS = {"single": "s", "stochastic": "o", "fused": "D"}
MARKER_SIZES = {"single": 0.76, "stochastic": 0.88, "fused": 0.72}
"""Side or diameter of a marker, in font sizes."""
RADIUS = 0.4
"""Space a marker needs around its middle, in font sizes."""
FONT = "DejaVu Sans"
STYLE: dict[Any, Any] = {
    "font.family": FONT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "figure.dpi": 100,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "pdbench",
    "xtick.color": INK,
    "ytick.color": INK,
}
"""Text stays text in every vector format."""
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}
SIGNS: dict[str, dict[str, Any]] = {
    **{
        kind: {"marker": marker, "linestyle": "", "markersize": 5}
        for kind, marker in MARKERS.items()
    },
    "bar": {"linewidth": 1.1},
    "region": {"marker": "o", "linestyle": "", "markersize": 8, "fillstyle": "none"},
    "path": {"marker": ">", "markersize": 4, "linewidth": 0.9},
    "front": {"linewidth": 1, "linestyle": DASHES},
    "theory": {"linewidth": 1.2, "linestyle": DOTS},
}
"""Kind or role -> its line in the legend."""


def render(figure: Figure, suffix: str) -> bytes:
    """Return a figure as a file without date and version; a PNG has 200 pixels per inch."""
    buffer = BytesIO()
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        dpi = 200 if suffix == "png" else figure.dpi
        figure.savefig(buffer, format=suffix, dpi=dpi, metadata=METADATA[suffix])
    return buffer.getvalue()


def draw_picture(
    scenes: Sequence[Scene],
    *,
    width: float,
    font_size: float = FONT_SIZE,
    head: Sequence[tuple[str, bool]] = (),
    height: float | None = None,
    legend: bool = True,
    halo: bool = True,
) -> Figure:
    """Draw planes side by side, or below each other where narrow, between one head and one legend.

    Args:
        scenes: The planes.
        width: Of the figure in inches.
        font_size: In points; margins and markers follow it.
        head: Lines above the axes, and whether each is a title; empty ones are left out.
        height: Of the figure in inches; by default as its parts need.
        legend: Whether kinds and shapes are explained below the axes.
        halo: Whether labels stand on white, since not every one finds a place clear of curves.
    """
    em = font_size / 72
    lines = [
        (part, named)
        for text, named in (*head, *((aside, False) for aside in _asides(scenes)))
        for part in textwrap.wrap(text, max(20, int((width - 1.2 * em) / (0.53 * em))))
    ]
    handles = _legend(key_names(scenes)) if legend else []
    longest = max((len(str(handle.get_label())) for handle in handles), default=1)
    columns = max(1, int(width / em / (3.4 + 0.53 * longest)))
    top = em * (1.5 * len(lines) + 0.8)
    across = min(len(scenes), max(1, int(width / em / NARROWEST)))
    below = math.ceil(len(scenes) / across) - 1
    bottom = em * (3.6 + 1.6 * math.ceil(len(handles) / columns) + (0.5 if handles else 0))
    side = width / across
    high = (side - 6.2 * em) * SHAPE if height is None else height - top - bottom
    step = high + 4.4 * em
    total = top + below * step + high + bottom
    with rc_context({**STYLE, "font.size": font_size}):
        figure = Figure(figsize=(width, total))
        for number, scene in enumerate(scenes):
            row, column = divmod(number, across)
            left, wide = column * side + 5.2 * em, side - 6.2 * em
            low = bottom + (below - row) * step
            axes = figure.add_axes((left / width, low / total, wide / width, high / total))
            draw_axes(axes, scene, font_size=font_size, halo=halo)
        for number, (line, named) in enumerate(lines):
            figure.text(
                0.6 * em / width, 1 - em * (1.1 + 1.5 * number) / total, line, va="center",
                color=INK if named else FAINT, parse_math=False,
                fontsize=font_size + (1 if named else -1),
            )  # fmt: skip
        if handles:
            figure.legend(
                handles=handles, loc="lower left", ncols=columns, columnspacing=1.2,
                bbox_to_anchor=(0.6 * em / width, 0.3 * em / total), frameon=False,
                borderaxespad=0, borderpad=0, fontsize=font_size - 0.5, labelcolor=INK,
            )  # fmt: skip
    return figure


def draw_axes(
    axes: Axes, scene: Scene, *, font_size: float = FONT_SIZE, halo: bool = True
) -> None:
    """Draw a scene into axes, labels included; their figure must have its final size.

    Args:
        axes: Where to draw.
        scene: What to draw.
        font_size: In points.
        halo: Whether labels stand on white.
    """
    axes.set_xlim(*scene.x_range)
    axes.set_ylim(*scene.y_range)
    axes.set_xlabel(axis_title(scene.x), loc="left", parse_math=False, fontsize=font_size)
    axes.set_ylabel(axis_title(scene.y), loc="bottom", parse_math=False, fontsize=font_size)
    axes.ticklabel_format(useOffset=False)
    extent = axes.get_window_extent()
    axes.locator_params("x", nbins=max(3, int(extent.width / _pixels(axes, font_size) / 5)))
    axes.tick_params(length=0, labelsize=font_size)
    axes.grid(visible=True, color=GRID, linewidth=0.6, clip_on=False)
    axes.set_axisbelow(True)
    _draw_shapes(axes, scene, font_size)
    labels = _place(axes, scene, font_size)
    for index, (marker, label) in enumerate(zip(scene.markers, labels)):  # noqa: B905
        _draw_marker(axes, marker, font_size, index)
        if label:
            place = (marker.x, marker.y)
            color = marker.style.color
            _draw_label(axes, place, label, marker.label, color, font_size, halo, f"{index}")
    for (title, point), label in zip(
        scene.marks.items(), labels[len(scene.markers) :], strict=True
    ):
        circle = Outline.unit_circle()
        style = {"facecolor": PAGE, "edgecolor": FAINT, "linewidth": 1}
        _draw_outline(axes, point, circle, 0.27 * font_size, **style)
        if label:
            _draw_label(axes, point, label, title, FAINT, font_size, halo, title)


def _pixels(axes: Axes, points: float) -> float:
    figure: Any = axes.get_figure(root=True)
    return float(points * figure.dpi / 72)


def _draw_shapes(axes: Axes, scene: Scene, font_size: float) -> None:
    def line(points: Sequence[Point], role: str, **style: Any) -> None:  # noqa: ANN401
        axes.plot(*zip(*points, strict=True), gid=role, clip_on=False, **style)

    if scene.front:
        line(scene.front, "front", color=FAINT, linewidth=1, linestyle=DASHES)
    for marker in scene.markers:
        color = marker.style.color
        if marker.cloud:
            style: dict[str, Any] = {"facecolor": color, "alpha": 0.2, "linewidth": 0}
            axes.add_patch(Polygon(marker.cloud, gid="cloud", clip_on=False, **style))
        if marker.region:
            line(marker.region, "region", color=color, linewidth=0.8)
    for path in scene.paths:
        line(path.points, "path", color=path.color, linewidth=1)
        _draw_arrows(axes, path, font_size)
    if scene.theory:
        line(scene.theory.points, "theory", color=FAINT, linewidth=1.2, linestyle=DOTS)


def _draw_arrows(axes: Axes, path: Path, font_size: float) -> None:
    for (start, end), wanted in zip(pairwise(path.points), path.arrows, strict=True):
        if wanted:
            (x0, y0), (x1, y1) = axes.transData.transform([start, end])
            turned = Affine2D().rotate(math.atan2(y1 - y0, x1 - x0)).transform_path(ARROW)
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            style = {"facecolor": path.color, "linewidth": 0, "zorder": 2}
            _draw_outline(axes, middle, turned, 0.37 * font_size, **style)


def _draw_outline(axes: Axes, point: Point, path: Outline, size: float, **style: Any) -> None:  # noqa: ANN401
    """Draw a shape of so many points in size around a point of the data."""
    figure: Any = axes.get_figure(root=True)
    place = ScaledTranslation(*point, axes.transData)  # type: ignore[arg-type]
    scale = Affine2D().scale(size / 72) + figure.dpi_scale_trans
    transform = scale + place
    axes.add_artist(PathPatch(path, transform=transform, clip_on=False, **{"zorder": 5, **style}))


def _draw_marker(axes: Axes, marker: Marker, font_size: float, index: int) -> None:
    color, kind = marker.style.color, marker.style.kind
    for x, y in (
        (marker.x_bar, (marker.y, marker.y)),
        ((marker.x, marker.x), marker.y_bar),
    ):
        if x and y:
            axes.plot(x, y, color=color, linewidth=1.2, gid=f"bar-{index}", clip_on=False)
    shape = MarkerStyle(MARKERS[kind])
    outline = shape.get_path().transformed(shape.get_transform())
    style = {"facecolor": color, "edgecolor": PAGE, "linewidth": 0.08 * font_size}
    size = font_size * MARKER_SIZES[kind]
    _draw_outline(axes, (marker.x, marker.y), outline, size, gid=f"marker-{index}", **style)


def _draw_label(
    axes: Axes,
    point: Point,
    label: Label,
    title: str,
    color: str,
    font_size: float,
    halo: bool,
    name: str,
) -> None:
    """Write a label beside a point, with a line between them where it needs one."""
    pixel = _pixels(axes, 1)
    box = label.box
    line: dict[str, Any] | None = None
    if label.leader:
        *_, x, y = label.leader
        near = (x - box.left) / (box.right - box.left), (box.bottom - y) / (box.bottom - box.top)
        line = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.7, "relpos": near}
        line |= {"shrinkA": 0, "shrinkB": RADIUS * font_size}
    text = axes.annotate(
        title, point, xytext=(label.offset[0] / pixel, -label.offset[1] / pixel),
        textcoords="offset points", ha="center", va="center_baseline", color=color,
        fontsize=font_size, parse_math=False, annotation_clip=False, arrowprops=line,
        gid=f"label-{name}", zorder=6,
    )  # fmt: skip
    if text.arrow_patch:
        text.arrow_patch.set_gid(f"leader-{name}")
    if halo:
        text.set_bbox({"facecolor": PAGE, "alpha": 0.75, "linewidth": 0, "pad": 0.6})


def _place(axes: Axes, scene: Scene, font_size: float) -> list[Label | None]:
    figure: Any = axes.get_figure(root=True)
    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    font = FontProperties(family=FONT, size=font_size)
    extent, height = axes.get_window_extent(), figure.bbox.height

    def measure(text: str) -> tuple[float, float]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
            wide, high, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
        return wide + 2, high + 2

    box = Box(extent.x0, height - extent.y1, extent.x1, height - extent.y0)
    return label_scene(scene, box, radius=_pixels(axes, RADIUS * font_size), measure=measure)


def _asides(scenes: Sequence[Scene]) -> list[str]:
    """Say what is not drawn, and what is drawn of fewer images."""
    found = [f"not drawn: {', '.join(scene.absent)}" for scene in scenes if scene.absent]
    return list(dict.fromkeys([*(scene.partial for scene in scenes if scene.partial), *found]))


def _legend(names: Mapping[str, str]) -> list[Line2D | Patch]:
    return [
        Patch(alpha=0.25, linewidth=0, color=FAINT, label=name)
        if sign == "cloud"
        else Line2D([], [], color=FAINT, label=name, **SIGNS[sign])
        for sign, name in names.items()
    ]
