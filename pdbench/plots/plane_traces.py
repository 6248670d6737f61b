"""A scene in plotly's words."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pdbench.plots.scene_model import Marker, Path, Plane, Point, Scene, Theory

__all__ = ["FONT_SIZE", "LAYOUT", "MARGIN", "RADIUS", "TRACES", "scene_traces"]

FONT_SIZE = 12
RADIUS = 6
MARGIN = {"l": 62, "r": 14, "t": 14, "b": 48}
LAYOUT: dict[str, Any] = {
    "margin": MARGIN,
    "showlegend": False,
    "hovermode": "closest",
    "dragmode": "pan",
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"size": FONT_SIZE, "family": 'Arial, "Liberation Sans", Helvetica, sans-serif'},
    "modebar": {"bgcolor": "rgba(0,0,0,0)"},
    "hoverlabel": {"align": "left", "font": {"size": FONT_SIZE}},
}
"""What every picture shares; size, axes and the colors of the reader's theme come later."""

_CURVE = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
TRACES: dict[str, dict[str, Any]] = {
    "front": {**_CURVE, "line": {"width": 1, "dash": "4px,3px"}},
    "cloud": {**_CURVE, "fill": "toself", "line": {"width": 0}},
    "region": {**_CURVE, "opacity": 0.55},
    "path": {
        **_CURVE,
        "mode": "lines+markers",
        # a list of sizes would make plotly fade the arrows and edge them in white
        "marker": {"symbol": "arrow", "angleref": "previous", "opacity": 1, "line": {"width": 0}},
    },
    "theory": {
        "type": "scatter",
        "mode": "lines+markers",
        "line": {"width": 1.5, "dash": "1px,3px"},
        "hovertemplate": "%{text}<extra></extra>",
    },
    "method": {"type": "scatter", "mode": "markers", "hovertemplate": "%{text}<extra></extra>"},
}
"""What all traces of a role share; `scene_traces` gives the rest."""

SYMBOLS = {"single": "square", "stochastic": "circle", "fused": "diamond"}


def scene_traces(plane: Plane, scene: Scene) -> list[dict[str, Any]]:
    """Return the scene's traces, back to front, without what `TRACES` says of their role.

    Args:
        plane: Gives the styles.
        scene: What to draw.

    Returns:
        One object per trace; "meta" names its role and, of a point, its method.
    """
    traces = [_curve("front", scene.front)] if scene.front else []
    for cloud in scene.clouds:
        traces.append(_curve("cloud", cloud.points, fillcolor=_transparent(cloud.color, 0.2)))
    for region in scene.regions:
        traces.append(_curve("region", region.points, line={"width": 1.2, "color": region.color}))
    traces += [_path(path) for path in scene.paths]
    if scene.theory:
        traces.append(_theory(scene.theory))
    return traces + [_point(plane, marker) for marker in scene.markers]


def _path(path: Path) -> dict[str, Any]:
    """Return a line with an arrowhead in the middle of each piece that has room for one."""
    points, sizes = [path.points[0]], [0]
    for (start, end), wanted in zip(pairwise(path.points), path.arrows, strict=True):
        points += [((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end]
        sizes += [10 if wanted else 0, 0]
    marker = {"size": sizes, "color": path.color}
    line = {"width": 1.2, "color": path.color}
    return _curve("path", tuple(points), line=line, marker=marker)


def _theory(theory: Theory) -> dict[str, Any]:
    marked = {point: k for k, point in theory.marks.items()}
    texts = [
        f"mean of {marked[point]} perfect samples" if point in marked else "perfect samples"
        for point in theory.points
    ]
    sizes = [7 if point in marked else 0 for point in theory.points]
    return _curve("theory", theory.points, text=texts, marker={"size": sizes, "opacity": 1})


def _curve(role: str, points: tuple[Point, ...], **properties: object) -> dict[str, Any]:
    x, y = zip(*points, strict=True)
    return {"meta": {"role": role}, "x": list(x), "y": list(y), **properties}


def _point(plane: Plane, marker: Marker) -> dict[str, Any]:
    style = plane.styles[marker.method]
    size = 2 * RADIUS if style.kind == "stochastic" else 2 * RADIUS - 2
    point: dict[str, Any] = {
        "meta": {"role": "method", "method": marker.method},
        "x": [marker.x],
        "y": [marker.y],
        "cliponaxis": False,
        "marker": {"symbol": SYMBOLS[style.kind], "size": size, "color": style.color},
    }
    for axis, center, bar in (("x", marker.x, marker.x_bar), ("y", marker.y, marker.y_bar)):
        if bar:
            point[f"error_{axis}"] = {
                "type": "data",
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
