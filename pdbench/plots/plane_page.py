"""The plane as one interactive page that needs no network."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from functools import partial
from importlib.resources import files
from itertools import permutations
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs

from pdbench.analysis.bootstrap import mean_interval
from pdbench.analysis.pareto import measure_front
from pdbench.plots.labels import Box, estimate_size
from pdbench.plots.plane_traces import FONT_SIZE, LAYOUT, MARGIN, RADIUS, TRACES, scene_traces
from pdbench.plots.scene import axis_title, build_scene, label_scene, mark_title
from pdbench.plots.scene_model import KIND_NAMES, Frame, Plane, Scene
from pdbench.plots.table_model import format_value, one_line
from pdbench.scores import MetricFacts

__all__ = ["render_page"]

SIZES = ((320, 380), (480, 450), (680, 520), (900, 620))
"""Width and height of the picture; a window shows the widest that fits, so labels stay placed."""

LABEL = {
    "showarrow": True,
    "arrowhead": 0,
    "arrowwidth": 0.8,
    "standoff": RADIUS,
    "borderpad": 0,
}
CONFIG = {
    "displaylogo": False,
    "toImageButtonOptions": {"format": "svg", "filename": "plane"},
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
}

_SIGNS = {
    "single": '<path d="M4 2h8v8h-8z" fill="currentColor"/>',
    "stochastic": '<circle cx="8" cy="6" r="5" fill="currentColor"/>',
    "fused": '<path d="M8 0l6 6l-6 6l-6-6z" fill="currentColor"/>',
    "bar": '<path d="M0 6h16" stroke="currentColor" stroke-width="1.4"/>',
    "cloud": '<ellipse cx="8" cy="6" rx="8" ry="5" fill="currentColor" opacity="0.3"/>',
    "region": '<ellipse cx="8" cy="6" rx="7" ry="4.5" fill="none" stroke="currentColor"/>',
    "path": '<path d="M0 6h16M5 2l7 4l-7 4z" stroke="currentColor" fill="currentColor"/>',
    "theory": '<path d="M0 6h16" stroke="currentColor" stroke-dasharray="1.5 3"/>',
    "front": '<path d="M0 6h16" stroke="currentColor" stroke-width="1.4" stroke-dasharray="4 3"/>',
}


def render_page(
    plane: Plane,
    facts: Sequence[MetricFacts],
    x: MetricFacts,
    y: MetricFacts,
    *,
    caption: str,
) -> str:
    """Write the page: every pair of metrics laid out beforehand, two menus to choose.

    Args:
        plane: What to draw.
        facts: The metrics in the menus; those without any mean are left out and noted.
        x: Metric on the x axis at first.
        y: Metric on the y axis at first.
        caption: Line under the title: dataset, protocol, size, seed.

    Returns:
        HTML with everything inline, plotly.js included.
    """
    known = [fact for fact in facts if _has_values(plane, fact)]
    scenes: dict[str, dict[str, Any]] = {}
    roles: set[str] = set()
    for first, second in permutations(known, 2):
        if scene := build_scene(plane, first, second):
            roles |= scene.roles
            mirrored = scenes.get(f"{second.id} {first.id}")
            front = mirrored["front"] if mirrored else _front_note(plane, first, second)
            scenes[f"{first.id} {second.id}"] = {**_scene(plane, scene), "front": front}
    content = {
        "x": x.id,
        "y": y.id,
        "metrics": [{"id": fact.id, "title": fact.title} for fact in known],
        "frames": [{"width": width, "height": height} for width, height in SIZES],
        "traces": TRACES,
        "layout": LAYOUT,
        "label": LABEL,
        "config": CONFIG,
        "hovers": {method: _hover(plane, method, facts) for method in plane.methods},
        "notes": _notes(plane, facts),
        "scenes": scenes,
    }
    template = Template(files("pdbench.plots").joinpath("plane.html").read_text("utf-8"))
    return template.substitute(
        title=html.escape(f"Perception-distortion plane: {caption}"),
        caption=html.escape(caption),
        key=_key(plane, roles),
        plotly=get_plotlyjs(),
        content=_json(content),
    )


def _json(content: object) -> str:
    """Write JSON that may stand inside a script element: no name can end it."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _has_values(plane: Plane, fact: MetricFacts) -> bool:
    return any(plane.summary.mean(method, fact.id).n for method in plane.methods)


def _scene(plane: Plane, scene: Scene) -> dict[str, Any]:
    return {
        "data": scene_traces(plane, scene),
        "xaxis": {"title": {"text": axis_title(scene.x)}, "range": scene.x_range},
        "yaxis": {"title": {"text": axis_title(scene.y)}, "range": scene.y_range},
        "labels": {width: _annotations(plane, scene, width, height) for width, height in SIZES},
        "absent": scene.absent,
        "partial": scene.partial,
    }


def _frame(width: float, height: float) -> Frame:
    axes = Box(MARGIN["l"], MARGIN["t"], width - MARGIN["r"], height - MARGIN["b"])
    return Frame(axes=axes, radius=RADIUS, measure=partial(estimate_size, font_size=FONT_SIZE))


def _annotations(plane: Plane, scene: Scene, width: int, height: int) -> list[dict[str, Any]]:
    labels = label_scene(plane, scene, _frame(width, height))
    named = [((m.x, m.y), plane.labels[m.method], "") for m in scene.markers]
    if scene.theory:
        named += [(point, mark_title(k), "mark ") for k, point in scene.theory.marks.items()]
    return [
        {
            "x": point[0],
            "y": point[1],
            "ax": round(label.offset[0], 1),
            "ay": round(label.offset[1], 1),
            "text": html.escape(title),
            "name": role + ("leader" if label.leader else "beside"),
        }
        for (point, title, role), label in zip(named, labels, strict=True)
        if label is not None
    ]


def _front_note(plane: Plane, x: MetricFacts, y: MetricFacts) -> str:
    """Say who is on the front how surely, and what it encloses; "" for a single method."""
    front = measure_front(plane.summary, plane.methods, x, y)
    if front is None or len(front.members) < 2:
        return ""
    members = [
        plane.titles[one.method]
        + (f" {100 * one.probability:.0f} %" if one.probability is not None else "")
        for one in front.members
        if one.member or (one.probability or 0.0) >= 0.005
    ]
    ends = f" [{front.interval.low:.4g}, {front.interval.high:.4g}]" if front.interval else ""
    return (
        f"On the Pareto front, in so many of the bootstrap data sets of {front.n}/{front.total} "
        f"images: {', '.join(members)}. Hypervolume to the worst of both: "
        f"{front.volume:.4g}{ends}."
    )


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


def _notes(plane: Plane, facts: Sequence[MetricFacts]) -> list[str]:
    notes = ["At a point: mean [95 % interval over images], n images that count of all."]
    if any(mean.sample_std is not None for mean in plane.summary.means.values()):
        notes.append("sd: standard deviation between the samples of one image, pooled.")
    for fact in facts:
        if not _has_values(plane, fact):
            means = [plane.summary.mean(method, fact.id) for method in plane.methods]
            found = {one_line(reason) for mean in means for reason in mean.reasons}
            reasons = sorted(reason.removeprefix("unavailable: ") for reason in found)
            notes.append(f"{fact.title} is not available: {'; '.join(reasons) or 'not scored'}.")
    return notes


def _key(plane: Plane, roles: Iterable[str]) -> str:
    kinds = {plane.styles[method].kind for method in plane.methods}
    present = set(roles)
    names: dict[str, str] = {kind: name for kind, name in KIND_NAMES.items() if kind in kinds}
    names.update({role: name for role, name in plane.shape_names.items() if role in present})
    return "".join(
        f'<li><svg width="16" height="12">{_SIGNS[sign]}</svg>{html.escape(name)}</li>'
        for sign, name in names.items()
    )
