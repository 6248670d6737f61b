"""The plane as a plotly Figure, to look at, to restyle, and to put into a page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from pdbench.analysis.bootstrap import mean_interval
from pdbench.plots.labels import Box, estimate_size
from pdbench.plots.scene import axis_title, label_scene, mark_title
from pdbench.plots.scene_model import Frame, Marker, Path, Plane, Point, Scene, Theory
from pdbench.plots.table_model import format_value
from pdbench.scores import MetricFacts

__all__ = ["TEMPLATES", "draw_figure", "place_annotations"]

FONT_SIZE = 12
RADIUS = 6
MARGIN = {"l": 62, "r": 14, "t": 14, "b": 48}
GRAY = "#7f7f7f"
"""Of front, theory and leaders: 3:1 or more on white and on black."""
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
    "light": _template("#ffffff", "#222222", "#e8e8e8", "#c4c4c4"),
    "dark": _template("#16181c", "#e6e6e6", "#2b2e35", "#555b66"),
}
"""Colors of what is not a method."""


def draw_figure(
    plane: Plane,
    scene: Scene,
    facts: Sequence[MetricFacts] = (),
    *,
    width: int = 680,
    height: int = 520,
) -> go.Figure:
    """Return the plane as a Figure.

    Args:
        plane: Gives titles and styles.
        scene: What to draw.
        facts: Metrics told when a point is pointed at; by default those of the axes.
        width: Of the picture in pixels, for which labels are placed.
        height: Of the picture in pixels.

    Returns:
        The figure; "meta" of a trace names its role and, of a point, its method.
    """
    facts = facts or (scene.x, scene.y)
    traces = [_curve("front", scene.front, line={"width": 1, "dash": "4px,3px", "color": GRAY})]
    traces = traces if scene.front else []
    for cloud in scene.clouds:
        fill = {"fill": "toself", "fillcolor": _transparent(cloud.color, 0.2)}
        traces.append(_curve("cloud", cloud.points, line={"width": 0}, **fill))
    for region in scene.regions:
        line = {"width": 1.2, "color": region.color}
        traces.append(_curve("region", region.points, line=line, opacity=0.7))
    traces += [_path(path) for path in scene.paths]
    if scene.theory:
        traces.append(_theory(scene.theory))
    traces += [_point(plane, marker, facts) for marker in scene.markers]
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
            "annotations": place_annotations(plane, scene, width, height),
        },
    )


def place_annotations(plane: Plane, scene: Scene, width: int, height: int) -> list[dict[str, Any]]:
    """Return the labels of the points, placed for a picture of this size in pixels."""
    axes = Box(MARGIN["l"], MARGIN["t"], width - MARGIN["r"], height - MARGIN["b"])
    measure = partial(estimate_size, font_size=FONT_SIZE)
    labels = label_scene(plane, scene, Frame(axes=axes, radius=RADIUS, measure=measure))
    named = [((m.x, m.y), plane.labels[m.method]) for m in scene.markers]
    if scene.theory:
        named += [(point, mark_title(k)) for k, point in scene.theory.marks.items()]
    return [
        {
            "x": point[0],
            "y": point[1],
            "ax": round(label.offset[0], 1),
            "ay": round(label.offset[1], 1),
            "text": html.escape(title),
            "showarrow": True,
            "arrowcolor": GRAY if label.leader else "rgba(0,0,0,0)",
        }
        for (point, title), label in zip(named, labels, strict=True)
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


def _point(plane: Plane, marker: Marker, facts: Sequence[MetricFacts]) -> dict[str, Any]:
    style = plane.styles[marker.method]
    size = 2 * RADIUS if style.kind == "stochastic" else 2 * RADIUS - 2
    point: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "meta": {"role": "method", "method": marker.method},
        "x": [marker.x],
        "y": [marker.y],
        "text": [_hover(plane, marker.method, facts)],
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
                "color": _transparent(style.color, 0.6),
                "thickness": 1.4,
                "width": 0,
            }
    return point


def _transparent(color: str, alpha: float) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def _hover(plane: Plane, method: str, facts: Sequence[MetricFacts]) -> str:
    lines = [f"<b>{html.escape(plane.titles[method])}</b>"]
    lines += [
        _hover_line(plane, method, fact)
        for fact in facts
        if (method, fact.id) in plane.summary.means
    ]
    return "<br>".join(lines)


def _hover_line(plane: Plane, method: str, fact: MetricFacts) -> str:
    mean = plane.summary.mean(method, fact.id)
    text = f"{html.escape(fact.title)} {format_value(mean.value, fact.decimals)}"
    bounds = mean_interval(list(mean.images.values()))
    if bounds:
        low, high = (format_value(end, fact.decimals) for end in (bounds.low, bounds.high))
        text += f" [{low}, {high}]"
    if mean.sample_std is not None:
        text += f", sd {format_value(mean.sample_std, fact.decimals + 1)}"
    return f"{text}, n {mean.n}/{mean.total}"
