"""The plane as a plotly Figure, and as one interactive page that needs no network."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from itertools import combinations, pairwise, permutations
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from pdbench.analysis.pareto import measure_front
from pdbench.plots.labels import Box, estimate_size, label_scene
from pdbench.plots.layout import build_scene
from pdbench.plots.pages import render
from pdbench.plots.scene import Marker, Path, Plane, Point, Scene, Theory, axis_title, key_names
from pdbench.scores import MetricFacts

__all__ = ["TEMPLATES", "draw_figure", "render_page"]

SIZES = ((320, 380), (480, 450), (680, 520), (900, 620))
"""Width and height of the picture; a window shows the widest that fits, so labels stay placed."""
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
            "annotations": _annotations(scene, width, height),
        },
    )


def _annotations(scene: Scene, width: int, height: int) -> list[dict[str, Any]]:
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


def render_page(plane: Plane, first: Scene, *, title: str = "", caption: str = "") -> str:
    """Write the page: every pair of metrics laid out beforehand, two menus to choose.

    Args:
        plane: What to draw; the menus offer its metrics, those without any mean are noted.
        first: What it shows at first.
        title: Heading.
        caption: Line under it: dataset, protocol, size, seed.

    Returns:
        HTML with everything inline, plotly.js included.
    """
    known = [fact for fact in plane.summary.facts if _has_values(plane, fact)]
    built = {pair: build_scene(plane, *pair) for pair in permutations(known, 2)}
    scenes = {pair: scene for pair, scene in built.items() if scene}
    fronts = {(x, y): _front_note(plane, x, y) for x, y in combinations(known, 2)}
    shown: dict[str, dict[str, Any]] = {}
    for (x, y), scene in scenes.items():
        figure = draw_figure(plane, scene).to_plotly_json()
        del figure["layout"]["template"]
        front = fronts.get((x, y)) or fronts.get((y, x))
        shown[f"{x.id} {y.id}"] = {
            "figure": figure,
            "labels": {wide: _annotations(scene, wide, high) for wide, high in SIZES},
            "notes": [*filter(None, [front]), *scene.warnings],
        }
    return render(
        "plane.html",
        title=title or "Perception-distortion plane",
        caption=caption,
        metrics=known,
        key_names=key_names(scenes.values()),
        plotly=Markup(get_plotlyjs()),
        content={
            "x": first.x.id,
            "y": first.y.id,
            "sizes": SIZES,
            "templates": {name: one.to_plotly_json() for name, one in TEMPLATES.items()},
            "dark": {style.color: style.dark_color for style in plane.styles.values()},
            "notes": _notes(plane),
            "scenes": shown,
        },
    )


def _has_values(plane: Plane, fact: MetricFacts) -> bool:
    return any(plane.summary.mean(method, fact.id).n for method in plane.methods)


def _front_note(plane: Plane, x: MetricFacts, y: MetricFacts) -> str:
    """Say who is on the front how surely, and what it encloses; "" for a single method."""
    front = measure_front(plane.summary, plane.methods, x, y)
    if front is None or len(front.members) < 2:
        return ""
    members = [
        plane.title(one.method)
        + (f" {100 * one.probability:.0f} %" if one.probability is not None else "")
        for one in front.likely
    ]
    return (
        f"On the Pareto front, in so many of the bootstrap data sets of {front.n}/{front.total} "
        f"images: {', '.join(members)}. Hypervolume to the worst of both: {front.volume_text}."
    )


def _notes(plane: Plane) -> list[str]:
    notes = [
        "At a point: mean [95 % interval of the mean over images], n images that count of all.",
        f"Regions and bars: 95 % of the {plane.certain}"
        f"{', paired by image' if plane.certain != 'mean' else ''}; whatever else is drawn.",
    ]
    if any(mean.sample_std is not None for mean in plane.summary.means.values()):
        notes.append("sd: standard deviation between the samples of one image, pooled.")
    for fact in plane.summary.facts:
        if not _has_values(plane, fact):
            found = plane.summary.reasons(fact.id)
            reasons = "; ".join(reason.removeprefix("unavailable: ") for reason in found)
            notes.append(f"{fact.title} is not available: {reasons or 'not scored'}.")
    return notes
