"""The plane as one interactive page that needs no network."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from pdbench.analysis.pareto import measure_front
from pdbench.plots.layout import build_scene
from pdbench.plots.pages import render
from pdbench.plots.plane_figure import TEMPLATES, draw_figure, place_annotations
from pdbench.plots.scene import Plane, Scene, key_names
from pdbench.scores import MetricFacts, one_line

__all__ = ["render_page"]

SIZES = ((320, 380), (480, 450), (680, 520), (900, 620))
"""Width and height of the picture; a window shows the widest that fits, so labels stay placed."""


def render_page(
    plane: Plane, x: MetricFacts, y: MetricFacts, *, title: str = "", caption: str = ""
) -> str:
    """Write the page: every pair of metrics laid out beforehand, two menus to choose.

    Args:
        plane: What to draw; the menus offer its metrics, those without any mean are noted.
        x: Metric on the x axis at first.
        y: Metric on the y axis at first.
        title: Heading.
        caption: Line under it: dataset, protocol, size, seed.

    Returns:
        HTML with everything inline, plotly.js included.
    """
    known = [fact for fact in plane.facts if _has_values(plane, fact)]
    built = {pair: build_scene(plane, *pair) for pair in permutations(known, 2)}
    scenes = {pair: scene for pair, scene in built.items() if scene}
    fronts: dict[frozenset[str], str] = {}
    shown: dict[str, dict[str, Any]] = {}
    for (first, second), scene in scenes.items():
        both = frozenset((first.id, second.id))
        if both not in fronts:
            fronts[both] = _front_note(plane, first, second)
        figure = draw_figure(plane, scene).to_plotly_json()
        del figure["layout"]["template"]
        shown[f"{first.id} {second.id}"] = {
            "figure": figure,
            "labels": {wide: place_annotations(scene, wide, high) for wide, high in SIZES},
            "notes": [note for note in (fronts[both], *_warnings(scene)) if note],
        }
    return render(
        "plane.html",
        title=title or "Perception-distortion plane",
        caption=caption,
        metrics=known,
        key_names=key_names(scenes.values()),
        plotly=Markup(get_plotlyjs()),
        content={
            "x": x.id,
            "y": y.id,
            "sizes": SIZES,
            "templates": {name: one.to_plotly_json() for name, one in TEMPLATES.items()},
            "dark": {style.color: style.dark_color for style in plane.styles.values()},
            "notes": _notes(plane),
            "scenes": shown,
        },
    )


def _has_values(plane: Plane, fact: MetricFacts) -> bool:
    return any(plane.summary.mean(method, fact.id).n for method in plane.methods)


def _warnings(scene: Scene) -> list[str]:
    absent = f"Not drawn: {', '.join(scene.absent)}." if scene.absent else ""
    return [f"Careful: {scene.partial}." if scene.partial else "", absent]


def _front_note(plane: Plane, x: MetricFacts, y: MetricFacts) -> str:
    """Say who is on the front how surely, and what it encloses; "" for a single method."""
    front = measure_front(plane.summary, plane.methods, x, y)
    if front is None or len(front.members) < 2:
        return ""
    members = [
        plane.title(one.method)
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


def _notes(plane: Plane) -> list[str]:
    notes = [
        "At a point: mean [95 % interval of the mean over images], n images that count of all.",
        f"Regions and bars: 95 % of the {plane.certain}"
        f"{', paired by image' if plane.certain != 'mean' else ''}; whatever else is drawn.",
    ]
    if any(mean.sample_std is not None for mean in plane.summary.means.values()):
        notes.append("sd: standard deviation between the samples of one image, pooled.")
    for fact in plane.facts:
        if not _has_values(plane, fact):
            means = [plane.summary.mean(method, fact.id) for method in plane.methods]
            found = {one_line(reason) for mean in means for reason in mean.reasons}
            reasons = sorted(reason.removeprefix("unavailable: ") for reason in found)
            notes.append(f"{fact.title} is not available: {'; '.join(reasons) or 'not scored'}.")
    return notes
