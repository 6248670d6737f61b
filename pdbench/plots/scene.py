"""The plane of two metrics laid out: markers, shapes, ranges, labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from pdbench.plots.labels import Label, place_labels
from pdbench.plots.scene_model import Bar, Frame, Marker, Plane, Point, Scene
from pdbench.plots.shapes import (
    draw_clouds,
    draw_front,
    draw_paths,
    draw_regions,
    draw_theory,
    spans,
)
from pdbench.scores import MetricFacts

__all__ = ["axis_title", "build_scene", "label_scene", "mark_title"]


def axis_title(fact: MetricFacts) -> str:
    """Return an axis title; its arrow points left, and down once the text is turned upright."""
    unit = f" ({fact.unit})" if fact.unit else ""
    return f"← better    {fact.title}{unit}"


def mark_title(k: int) -> str:
    """Return the label of a mark on the curve of perfect samples."""
    return f"k={k}"


def build_scene(plane: Plane, x: MetricFacts, y: MetricFacts) -> Scene | None:
    """Lay out the plane of two metrics, in data units.

    Args:
        plane: What to draw.
        x: Metric on the x axis, better to the left.
        y: Metric on the y axis, better down.

    Returns:
        The scene, or None if no method has a finite mean of both metrics.

    References:
        Y. Blau and T. Michaeli, "The Perception-Distortion Tradeoff", CVPR 2018,
        https://arxiv.org/abs/1711.06077
    """
    markers = _markers(plane, x, y)
    if not markers:
        return None
    clouds = draw_clouds(plane, markers, x, y)
    regions = draw_regions(plane, markers, x, y)
    theory = draw_theory(plane, x, y)
    x_range = _range(x, [*spans(markers, (*clouds, *regions), theory, axis=0)])
    y_range = _range(y, [*spans(markers, (*clouds, *regions), theory, axis=1)])
    shown = {marker.method for marker in markers}
    return Scene(
        x=x,
        y=y,
        x_range=x_range,
        y_range=y_range,
        markers=markers,
        clouds=clouds,
        regions=regions,
        paths=draw_paths(plane, markers, x_range, y_range),
        front=draw_front(markers, x, y, x_range, y_range),
        theory=theory,
        absent=tuple(_absence(plane, name, (x, y)) for name in plane.methods if name not in shown),
        partial=_partial(plane, markers, (x, y)),
    )


def _markers(plane: Plane, x: MetricFacts, y: MetricFacts) -> tuple[Marker, ...]:
    points = {
        method: (plane.summary.mean(method, x.id).value, plane.summary.mean(method, y.id).value)
        for method in plane.methods
    }
    known = {
        method: (px, py)
        for method, (px, py) in points.items()
        if px is not None and py is not None and math.isfinite(px) and math.isfinite(py)
    }
    bars = plane.bar_ends
    return tuple(
        Marker(
            method=method,
            x=px,
            y=py,
            x_bar=bars.get((method, x.id)),
            y_bar=bars.get((method, y.id)),
        )
        for method, (px, py) in known.items()
    )


def _absence(plane: Plane, method: str, facts: Sequence[MetricFacts]) -> str:
    means = [(fact.title, plane.summary.mean(method, fact.id).value) for fact in facts]
    why = [f"no {title}" for title, mean in means if mean is None]
    why += [f"{title} is infinite" for title, mean in means if mean and math.isinf(mean)]
    return f"{plane.titles[method]} ({', '.join(why)})"


def _partial(plane: Plane, markers: Sequence[Marker], facts: Sequence[MetricFacts]) -> str:
    counts = {plane.summary.mean(m.method, fact.id).n for m in markers for fact in facts}
    least, most, total = min(counts), max(counts), plane.summary.images
    if least == total:
        return ""
    which = f"{least}" if least == most else f"{least} to {most}"
    return f"means over {which} of {total} images" + ("" if least == most else ", not the same")


def _range(fact: MetricFacts, values: Sequence[float]) -> Bar:
    low, high = min(values), max(values)
    least = 10.0**-fact.decimals
    margin = max(0.1 * (high - low), least if high > low else 50 * least)
    low, high = low - margin, high + margin
    return (low, high) if fact.better == "lower" else (high, low)


def label_scene(plane: Plane, scene: Scene, frame: Frame) -> list[Label | None]:
    """Place the labels of a scene in a picture.

    Args:
        plane: Gives the labels.
        scene: What is drawn.
        frame: The picture.

    Returns:
        One per marker, then one per mark of the theory curve; None where no free place is left.
    """
    box, (x_range, y_range), markers = frame.axes, (scene.x_range, scene.y_range), scene.markers

    def pixel(point: Point) -> Point:
        right = (point[0] - x_range[0]) / (x_range[1] - x_range[0])
        up = (point[1] - y_range[0]) / (y_range[1] - y_range[0])
        return (
            box.left + right * (box.right - box.left),
            box.bottom - up * (box.bottom - box.top),
        )

    lines = [shape.points[::4] for shape in (*scene.clouds, *scene.regions)]
    lines += [path.points for path in scene.paths] + [scene.front]
    lines += [scene.theory.points] if scene.theory else []
    bars = [[(end, marker.y) for end in marker.x_bar or ()] for marker in markers]
    bars += [[(marker.x, end) for end in marker.y_bar or ()] for marker in markers]
    drawn = [[pixel(point) for point in line] for line in [*lines, *bars]]
    marks = scene.theory.marks if scene.theory else {}
    titles = [*(plane.labels[marker.method] for marker in markers), *map(mark_title, marks)]
    return place_labels(
        [pixel(point) for point in (*((m.x, m.y) for m in markers), *marks.values())],
        [frame.measure(title) for title in titles],
        bounds=box,
        radius=frame.radius,
        segments=[(*start, *end) for line in drawn for start, end in pairwise(line)],
    )
