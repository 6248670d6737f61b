"""The plane as a plotly Figure, to look at, to restyle, and to put into a page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from pdbench.plots.labels import Box, estimate_size
from pdbench.plots.layout import label_scene
from pdbench.plots.scene import Marker, Plane, Scene, axis_title
from pdbench.plots.shapes import Path, Point, Theory

__all__ = ["TEMPLATES", "draw_figure", "place_annotations"]

FONT_SIZE = 12
RADIUS = 6
MARGIN = {"l": 62, "r": 14, "t": 14, "b": 48}
GRAY = "#808080"
"""Of front, theory and leaders: 3:1 or more on light and on dark pages."""
SYMBOLS = {"single": "square", "stochastic": "circle", "fused": "diamond"}


def _template(page: str, ink: str, grid: str, line: str) -> go.layout.Template:
    axis = {"gridcolor": grid, "linecolor": line, "tickcolor": line, "showline": True,
            "ticks": "outside", "zeroline": False}  # fmt: skip
    return go.layout.Template(
        layout={
            "font": {
                "size": FONT_SIZE,
                "color": ink,
                "family": 'Arial, "Liberation Sans", Helvetica, sans-serif',
            },
            "paper_bgcolor": page,
            "plot_bgcolor": page,
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"align": "left", "bgcolor": page, "font": {"color": ink}},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": line, "activecolor": GRAY},
            "annotationdefaults": {"arrowhead": 0, "arrowwidth": 0.8, "borderpad": 0,
                                   "standoff": RADIUS},
        },
        data={"scatter": [{"marker": {"line": {"color": page}}}]},
    )  # fmt: skip


TEMPLATES = {
    "light": _template("#ffffff", "#222222", "#e8e8e8", "#858585"),
    "dark": _template("#16181c", "#e6e6e6", "#2b2e35", "#858b96"),
}
"""Colors of what is not a method."""


def draw_figure(plane: Plane, scene: Scene, *, width: int = 680, height: int = 520) -> go.Figure:
    """Return the plane as a Figure.

    Args:
        plane: Gives what is told of a point.
        scene: What to draw.
        width: Of the picture in pixels, for which labels are placed.
        height: Of the picture in pixels.

    Returns:
        The figure; "meta" of a trace names its role and, of a point, its method.
    """
    traces = []
    if scene.front:
        dashed = {"width": 1, "dash": "4px,3px", "color": GRAY}
        traces.append(_curve("front", scene.front, line=dashed))
    for marker in scene.markers:
        color = marker.style.color
        if marker.cloud:
            filled = {"line": {"width": 0}, "fill": "toself", "fillcolor": color, "opacity": 0.25}
            traces.append(_curve("cloud", marker.cloud, **filled))
        if marker.region:
            traces.append(_curve("region", marker.region, line={"width": 1.2, "color": color}))
    traces += [_path(path) for path in scene.paths]
    if scene.theory:
        traces.append(_theory(scene.theory))
    traces += [_point(marker, plane.hovers[marker.method]) for marker in scene.markers]
    return go.Figure(
        traces,
        {
            "template": TEMPLATES["light"],
            "width": width,
            "height": height,
            "margin": MARGIN,
            "showlegend": False,
            "hovermode": "closest",
            "dragmode": "pan",
            "xaxis": {"title": {"text": axis_title(scene.x)}, "range": scene.x_range},
            "yaxis": {"title": {"text": axis_title(scene.y)}, "range": scene.y_range},
            "annotations": place_annotations(scene, width, height),
        },
    )


def place_annotations(scene: Scene, width: int, height: int) -> list[dict[str, Any]]:
    """Return the labels of the points, placed for a picture of this size in pixels."""
    axes = Box(MARGIN["l"], MARGIN["t"], width - MARGIN["r"], height - MARGIN["b"])
    measure = partial(estimate_size, font_size=FONT_SIZE)
    labels = label_scene(scene, axes, radius=RADIUS, measure=measure)
    named = [((m.x, m.y), m.label, {"color": m.style.color}) for m in scene.markers]
    named += [(point, title, {}) for title, point in scene.marks.items()]
    return [
        {
            "x": point[0],
            "y": point[1],
            "ax": round(label.offset[0], 1),
            "ay": round(label.offset[1], 1),
            "text": html.escape(title),
            "font": font,
            "showarrow": True,
            "arrowcolor": GRAY if label.leader else "rgba(0,0,0,0)",
        }
        for (point, title, font), label in zip(named, labels, strict=True)
        if label is not None
    ]


def _curve(role: str, points: Sequence[Point], **properties: object) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "hoverinfo": "skip",
        "meta": {"role": role},
        "x": [float(f"{x:.7g}") for x, _ in points],
        "y": [float(f"{y:.7g}") for _, y in points],
        **properties,
    }


def _path(path: Path) -> dict[str, Any]:
    """Return a line with an arrowhead in the middle of each piece that has room for one."""
    points, sizes = [path.points[0]], [0]
    for (start, end), wanted in zip(pairwise(path.points), path.arrows, strict=True):
        points += [((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end]
        sizes += [10 if wanted else 0, 0]
    # without an opacity of its own plotly would fade arrows of several sizes
    marker = {"symbol": "arrow", "angleref": "previous", "opacity": 1, "line": {"width": 0},
              "size": sizes, "color": path.color}  # fmt: skip
    line = {"width": 1.2, "color": path.color}
    return _curve("path", points, mode="lines+markers", line=line, marker=marker)


def _theory(theory: Theory) -> dict[str, Any]:
    marked = {point: k for k, point in theory.marks.items()}
    texts = [
        f"mean of {marked[point]} perfect samples" if point in marked else "perfect samples"
        for point in theory.points
    ]
    sizes = [7 if point in marked else 0 for point in theory.points]
    return _curve(
        "theory",
        theory.points,
        mode="lines+markers",
        line={"width": 1.5, "dash": "1px,3px", "color": GRAY},
        marker={"size": sizes, "opacity": 1, "color": GRAY},
        text=texts,
        hoverinfo="text",
    )


def _point(marker: Marker, hover: str) -> dict[str, Any]:
    style = marker.style
    size = 2 * RADIUS if style.kind == "stochastic" else 2 * RADIUS - 2
    point: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "meta": {"role": "method", "method": marker.method},
        "x": [marker.x],
        "y": [marker.y],
        "text": [hover],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
        "marker": {"symbol": SYMBOLS[style.kind], "size": size, "color": style.color,
                   "line": {"width": 1}},
    }  # fmt: skip
    for axis, center, bar in (("x", marker.x, marker.x_bar), ("y", marker.y, marker.y_bar)):
        if bar:
            point[f"error_{axis}"] = {
                "symmetric": False,
                "array": [bar[1] - center],
                "arrayminus": [center - bar[0]],
                "color": style.color,
                "thickness": 1.4,
                "width": 0,
            }
    return point
