"""Layout of the plane of two metrics: scenes in data units, labels in pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from pdbench.analysis.variance import (
    LEAST_IMAGES,
    difference_interval,
    difference_region,
    sample_covariance,
)
from pdbench.plots.labels import Box, Label, place_labels
from pdbench.plots.scene import Bar, Marker, Plane, Scene
from pdbench.plots.shapes import (
    Path,
    Point,
    draw_ellipse,
    draw_front,
    draw_path,
    draw_theory,
)
from pdbench.scores import MetricFacts

__all__ = ["build_scene", "label_scene"]


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
    found = {method: _marker(plane, method, x, y) for method in plane.methods}
    markers = tuple(marker for marker in found.values() if marker)
    if not markers:
        return None
    theory = draw_theory(plane.summary, plane.methods, x, y) if plane.theory else None
    points = [point for marker in markers for point in marker.extent]
    points += theory.points if theory else ()
    x_range, y_range = (
        _range(fact, [point[axis] for point in points]) for axis, fact in enumerate((x, y))
    )
    places = {marker.method: (marker.x, marker.y) for marker in markers}
    missing = [method for method, marker in found.items() if marker is None]
    return Scene(
        x=x,
        y=y,
        x_range=x_range,
        y_range=y_range,
        markers=markers,
        paths=_paths(markers, x_range, y_range),
        front=draw_front(places, x, y, x_range, y_range),
        theory=theory,
        certain=plane.certain,
        absent=tuple(_absence(plane, method, (x, y)) for method in missing),
        partial=_partial(plane, markers, (x, y)),
    )


def _marker(plane: Plane, method: str, x: MetricFacts, y: MetricFacts) -> Marker | None:
    means = plane.pair(method, x, y)
    if means[0] is None or means[1] is None:
        return None
    px, py = means[0].value, means[1].value
    if px is None or py is None or not (math.isfinite(px) and math.isfinite(py)):
        return None
    others = plane.pair(plane.reference, x, y)
    reference = others if others[0] and others[1] else None
    ellipses = plane.certainty == "ellipses"
    region = difference_region(means, reference) if ellipses else None
    spread = sample_covariance(*means)
    bars: list[Bar | None] = [None, None]
    if plane.certainty == "bars" or (ellipses and plane.summary.images < LEAST_IMAGES):
        ends = [difference_interval(*both) for both in zip(means, others, strict=True)]
        bars = [(end.low, end.high) if end else None for end in ends]
    return Marker(
        method=method,
        label=plane.labels[method],
        style=plane.styles[method],
        x=px,
        y=py,
        x_bar=bars[0],
        y_bar=bars[1],
        region=draw_ellipse((px, py), region.covariance, region.radius) if region else (),
        cloud=draw_ellipse((px, py), spread, 1.0) if spread else (),
    )


def _paths(markers: Sequence[Marker], x_range: Bar, y_range: Bar) -> tuple[Path, ...]:
    """Join the members of each family by growing parameter."""
    families: dict[str, list[Marker]] = {}
    for marker in markers:
        if marker.style.parameter:
            families.setdefault(marker.style.family, []).append(marker)
    return tuple(
        draw_path(
            [(m.x, m.y) for m in sorted(members, key=lambda marker: marker.style.parameter)],
            members[0].style.color,
            x_range,
            y_range,
        )
        for members in families.values()
        if len(members) > 1
    )


def _absence(plane: Plane, method: str, facts: Sequence[MetricFacts]) -> str:
    means = [(fact.title, plane.summary.mean(method, fact.id).value) for fact in facts]
    why = [f"no {title}" for title, mean in means if mean is None]
    why += [f"{title} is infinite" for title, mean in means if mean and math.isinf(mean)]
    return f"{plane.title(method)} ({', '.join(why)})"


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


def label_scene(
    scene: Scene,
    axes: Box,
    *,
    radius: float,
    measure: Callable[[str], tuple[float, float]],
) -> list[Label | None]:
    """Place the labels of a scene in a picture.

    Args:
        scene: What is drawn.
        axes: The box the axes span, in pixels.
        radius: Of a marker, in pixels.
        measure: Text -> (width, height) of it, in pixels.

    Returns:
        One per marker, then one per mark of the theory curve; None where no free place is left.
    """

    def pixel(point: Point) -> Point:
        right = (point[0] - scene.x_range[0]) / (scene.x_range[1] - scene.x_range[0])
        up = (point[1] - scene.y_range[0]) / (scene.y_range[1] - scene.y_range[0])
        return (
            axes.left + right * (axes.right - axes.left),
            axes.bottom - up * (axes.bottom - axes.top),
        )

    markers = scene.markers
    lines: list[Sequence[Point]] = [m.region[::6] for m in markers]
    lines += [m.cloud[::6] for m in markers]
    lines += [path.points for path in scene.paths] + [scene.front]
    lines += [scene.theory.points] if scene.theory else []
    lines += [[(end, m.y) for end in m.x_bar or ()] for m in markers]
    lines += [[(m.x, end) for end in m.y_bar or ()] for m in markers]
    drawn = [[pixel(point) for point in line] for line in lines]
    return place_labels(
        [pixel(point) for point in (*((m.x, m.y) for m in markers), *scene.marks.values())],
        [measure(title) for title in (*(m.label for m in markers), *scene.marks)],
        bounds=axes,
        radius=radius,
        segments=[(*start, *end) for line in drawn for start, end in pairwise(line)],
    )
