"""The plane drawn by matplotlib: PNG, SVG and PDF files, the same bytes when rerun."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch, PathPatch, Polygon
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Affine2D, ScaledTranslation

from pdbench.plots.labels import Box, Label
from pdbench.plots.scene import axis_title, label_scene, mark_title
from pdbench.plots.scene_model import KIND_NAMES, Frame, Marker, Path, Plane, Scene

__all__ = [
    "FAINT",
    "GRID",
    "INK",
    "PAGE",
    "STYLE",
    "Picture",
    "draw_axes",
    "draw_picture",
    "render_static",
    "save_figure",
]

INK, FAINT, GRID, PAGE = "#222222", "#767676", "#ececec", "#ffffff"
DASHES: Any = (0, (4, 3))
DOTS: Any = (0, (1, 1.6))
ARROW = Outline([(-1.0, -0.75), (1.0, 0.0), (-1.0, 0.75), (-0.55, 0.0), (-1.0, -0.75)])
"""An arrowhead that points right."""
MARKERS = {"single": "s", "stochastic": "o", "fused": "D"}
MARKER_SIZES = {"single": 0.76, "stochastic": 0.88, "fused": 0.72}
"""Side or diameter of a marker, in font sizes."""
FONT = "DejaVu Sans"
STYLE: dict[Any, Any] = {
    "font.family": FONT,
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


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The size of a picture and the text around its axes.

    Attributes:
        width: In inches.
        height: In inches.
        font_size: In points; margins and markers follow it.
        title: Line above the axes, "" for none.
        caption: Smaller line above the axes, "" for none.
        dpi: Pixels per inch while labels are placed; a PNG has twice as many.
        legend: Whether kinds and shapes are explained below the axes.
        halo: Whether labels have a white rim, since not every one finds a place clear of curves.
    """

    width: float = 6.4
    height: float = 5.2
    font_size: float = 8.5
    title: str = ""
    caption: str = ""
    dpi: float = 100
    legend: bool = True
    halo: bool = True


class _Point(Artist):
    """A method's marker with its bars and label: one group of the SVG, named by its gid."""

    def __init__(self, axes: Axes, gid: str, children: Sequence[Artist]) -> None:
        super().__init__()
        self.set_gid(gid)
        self.set_zorder(5)
        self.children = children
        for child in (self, *children):
            child.set_figure(axes.figure)
            child.set_clip_on(False)

    def draw(self, renderer: Any) -> None:  # noqa: ANN401  (any backend's)
        """Draw what belongs to the method."""
        renderer.open_group("point", gid=self.get_gid())
        for child in self.children:
            child.draw(renderer)
        renderer.close_group("point")


def render_static(plane: Plane, scene: Scene, *, suffix: str, picture: Picture) -> bytes:
    """Draw the plane.

    Args:
        plane: Gives titles and styles.
        scene: What to draw.
        suffix: "png" (200 dots per inch), "svg" or "pdf".
        picture: Its size and texts.

    Returns:
        The file's bytes.
    """
    with rc_context({**STYLE, "font.size": picture.font_size}):
        return save_figure(draw_picture(plane, scene, picture), suffix)


def save_figure(figure: Figure, suffix: str) -> bytes:
    """Write a figure without date or program, at twice its resolution."""
    buffer = BytesIO()
    with warnings.catch_warnings():
        # a name may have letters that the font lacks; a box is drawn in their place
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure.savefig(buffer, format=suffix, dpi=2 * figure.dpi, metadata=METADATA[suffix])
    return buffer.getvalue()


def draw_picture(plane: Plane, scene: Scene, picture: Picture) -> Figure:
    """Return a figure of axes, title, caption and legend; `STYLE` must be in force."""
    handles = _legend(plane, scene) if picture.legend else []
    em, width, height = picture.font_size / 72, picture.width, picture.height
    columns = max(1, min(3, int(width / em / 17)))
    head = [line for line in (picture.title, picture.caption, _asides(scene)) if line]
    left, right, top = 5.2 * em, width - em, height - em * (1.5 * len(head) + 0.6)
    bottom = em * (3.9 + 1.55 * math.ceil(len(handles) / columns) + (0.5 if handles else 0))
    figure = Figure(figsize=(width, height), dpi=picture.dpi)
    axes = figure.add_axes(
        (left / width, bottom / height, (right - left) / width, (top - bottom) / height)
    )
    draw_axes(axes, plane, scene, picture)
    for number, line in enumerate(head):
        named = line == picture.title
        figure.text(
            left / width, 1 - em * (1.1 + 1.5 * number) / height, line, va="center",
            color=INK if named else FAINT, parse_math=False,
            fontsize=picture.font_size + (1 if named else -1),
        )  # fmt: skip
    if handles:
        figure.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(left / width, 0.4 * em / height),
            ncols=columns, columnspacing=1.2, frameon=False, borderaxespad=0, borderpad=0,
            fontsize=picture.font_size - 0.5, labelcolor=INK,
        )  # fmt: skip
    return figure


def draw_axes(axes: Axes, plane: Plane, scene: Scene, picture: Picture) -> None:
    """Draw a scene into axes, labels included; their figure must have its final size.

    Args:
        axes: Where to draw.
        plane: Gives titles and styles.
        scene: What to draw.
        picture: Gives the size of the font and of the figure.
    """
    axes.set_xlim(*scene.x_range)
    axes.set_ylim(*scene.y_range)
    axes.set_xlabel(axis_title(scene.x), loc="left", parse_math=False)
    axes.set_ylabel(axis_title(scene.y), loc="bottom", parse_math=False)
    axes.ticklabel_format(useOffset=False)
    box = axes.get_position()
    ems = box.width * picture.width / picture.font_size * 72
    axes.locator_params("x", nbins=max(3, int(ems / 5)))
    axes.tick_params(length=0)
    axes.grid(visible=True, color=GRID, linewidth=0.6, clip_on=False)
    axes.set_axisbelow(True)
    _draw_shapes(axes, scene, picture)
    labels = label_scene(plane, scene, _frame(axes, picture))
    for index, (marker, label) in enumerate(zip(scene.markers, labels)):  # noqa: B905
        _draw_point(axes, plane, marker, label, picture, f"point-{index}")
    if scene.theory:
        _draw_marks(axes, scene, labels[len(scene.markers) :], picture)


def _draw_shapes(axes: Axes, scene: Scene, picture: Picture) -> None:
    def line(points: Sequence[tuple[float, float]], role: str, **style: Any) -> None:  # noqa: ANN401
        axes.plot(*zip(*points, strict=True), gid=role, clip_on=False, **style)

    if scene.front:
        line(scene.front, "front", color=FAINT, linewidth=1, linestyle=DASHES)
    for cloud in scene.clouds:
        axes.add_patch(
            Polygon(cloud.points, facecolor=cloud.color, alpha=0.18, linewidth=0, clip_on=False)
        )
    for region in scene.regions:
        line(region.points, "region", color=region.color, linewidth=1.1, alpha=0.7)
    for path in scene.paths:
        line(path.points, "path", color=path.color, linewidth=1, alpha=0.75)
        _draw_arrows(axes, path, picture)
    if scene.theory:
        line(scene.theory.points, "theory", color=FAINT, linewidth=1.2, linestyle=DOTS)


def _draw_arrows(axes: Axes, path: Path, picture: Picture) -> None:
    for (start, end), wanted in zip(pairwise(path.points), path.arrows, strict=True):
        if wanted:
            (x0, y0), (x1, y1) = axes.transData.transform([start, end])
            turned = Affine2D().rotate(math.atan2(y1 - y0, x1 - x0)).transform_path(ARROW)
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            size = 0.37 * picture.font_size
            axes.add_artist(
                _outline(axes, middle, turned, size, facecolor=path.color, linewidth=0)
            )


def _outline(
    axes: Axes, point: tuple[float, float], path: Outline, size: float, **style: object
) -> PathPatch:
    """Return a shape of so many points in size around a point of the data."""
    place = ScaledTranslation(*point, axes.transData)  # type: ignore[arg-type]
    scale = Affine2D().scale(size / 72) + axes.get_figure(root=True).dpi_scale_trans  # type: ignore[union-attr]
    return PathPatch(path, transform=scale + place, clip_on=False, **style)


def _draw_point(
    axes: Axes, plane: Plane, marker: Marker, label: Label | None, picture: Picture, gid: str
) -> None:
    style = plane.styles[marker.method]
    bar: dict[str, Any] = {"color": style.color, "linewidth": 1.2, "alpha": 0.6, "gid": "bar"}
    bar |= {"solid_capstyle": "butt", "transform": axes.transData}
    children: list[Artist] = []
    if marker.x_bar:
        children.append(Line2D(marker.x_bar, (marker.y, marker.y), **bar))
    if marker.y_bar:
        children.append(Line2D((marker.x, marker.x), marker.y_bar, **bar))
    if label:
        children += _leader(axes, label)
    shape = MarkerStyle(MARKERS[style.kind])
    outline = shape.get_path().transformed(shape.get_transform())
    children.append(
        _outline(
            axes, (marker.x, marker.y), outline, picture.font_size * MARKER_SIZES[style.kind],
            facecolor=style.color, edgecolor=PAGE, linewidth=0.08 * picture.font_size,
            gid="marker",
        )
    )  # fmt: skip
    if label:
        children.append(_text(axes, label, plane.labels[marker.method], INK, picture))
    axes.add_artist(_Point(axes, gid, children))


def _draw_marks(
    axes: Axes, scene: Scene, labels: Sequence[Label | None], picture: Picture
) -> None:
    """Draw the marked points of the curve of perfect samples."""
    marks = scene.theory.marks if scene.theory else {}
    for (k, point), label in zip(marks.items(), labels, strict=True):
        children: list[Artist] = _leader(axes, label) if label else []
        children.append(
            _outline(axes, point, Outline.unit_circle(), 0.27 * picture.font_size,
                     facecolor=PAGE, edgecolor=FAINT, linewidth=1)
        )  # fmt: skip
        if label:
            children.append(_text(axes, label, mark_title(k), FAINT, picture))
        axes.add_artist(_Point(axes, f"mark-{k}", children))


def _data(axes: Axes, x: float, y: float) -> tuple[float, float]:
    """Return the point of the data at pixels counted from the top left corner of the figure."""
    height = axes.get_figure(root=True).bbox.height  # type: ignore[union-attr]
    right, up = axes.transData.inverted().transform((x, height - y))
    return float(right), float(up)


def _leader(axes: Axes, label: Label) -> list[Artist]:
    if not label.leader:
        return []
    x0, y0, x1, y1 = label.leader
    ends = zip(_data(axes, x0, y0), _data(axes, x1, y1), strict=True)
    return [Line2D(*ends, color=FAINT, linewidth=0.7, gid="leader", transform=axes.transData)]


def _text(axes: Axes, label: Label, title: str, color: str, picture: Picture) -> Text:
    text = Text(
        *_data(axes, *label.box.center), title, color=color, fontsize=picture.font_size,
        ha="center", va="center_baseline", parse_math=False, gid="label",
        transform=axes.transData,
    )  # fmt: skip
    if picture.halo:
        text.set_path_effects([withStroke(linewidth=2, foreground=PAGE)])
    return text


def _frame(axes: Axes, picture: Picture) -> Frame:
    figure: Any = axes.get_figure(root=True)
    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    font = FontProperties(family=FONT, size=picture.font_size)
    extent, height = axes.get_window_extent(), figure.bbox.height

    def measure(text: str) -> tuple[float, float]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
            wide, high, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
        return wide + 2, high + 2

    return Frame(
        axes=Box(extent.x0, height - extent.y1, extent.x1, height - extent.y0),
        radius=0.4 * picture.font_size * picture.dpi / 72,
        measure=measure,
    )


def _asides(scene: Scene) -> str:
    absent = f"not drawn: {', '.join(scene.absent)}" if scene.absent else ""
    return "; ".join(filter(None, (scene.partial, absent)))


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
