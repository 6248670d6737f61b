"""Layout of the plane of two metrics: a scene in data units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from pdbench.analysis.means import Summary
from pdbench.analysis.pareto import pareto_front
from pdbench.analysis.theory import measured_counts, perfect_psnr
from pdbench.analysis.variance import (
    LEAST_IMAGES,
    Covariance,
    difference_interval,
    difference_region,
    sample_covariance,
)
from pdbench.plots.scene import Bar, Marker, Path, Plane, Point, Scene, Theory
from pdbench.scores import MetricFacts

__all__ = ["build_scene"]

STEPS = 48
"""Corners of an ellipse."""
SHORTEST_ARROW = 0.05
"""A piece of a path below this share of the axes has no room for an arrow between its markers."""


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
    theory = _draw_theory(plane.summary, plane.methods, x, y) if plane.theory else None
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
        front=_draw_front(places, x, y, x_range, y_range),
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
        region=_draw_ellipse((px, py), region.covariance, region.radius) if region else (),
        cloud=_draw_ellipse((px, py), spread, 1.0) if spread else (),
    )


def _paths(markers: Sequence[Marker], x_range: Bar, y_range: Bar) -> tuple[Path, ...]:
    """Join the members of each family by growing parameter."""
    families: dict[str, list[Marker]] = {}
    for marker in markers:
        if marker.style.parameter:
            families.setdefault(marker.style.family, []).append(marker)
    return tuple(
        _draw_path(
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


def _draw_ellipse(center: Point, covariance: Covariance, radius: float) -> tuple[Point, ...]:
    """Return the ellipse that lies so many standard deviations around its center."""
    xx, xy, yy = covariance
    # Cholesky factor of the covariance maps the unit circle to the ellipse.
    a = math.sqrt(xx)
    b = xy / a if a else 0.0
    c = math.sqrt(max(yy - b * b, 0.0))
    turns = [2 * math.pi * step / STEPS for step in range(STEPS + 1)]
    return tuple(
        (
            center[0] + radius * a * math.cos(t),
            center[1] + radius * (b * math.cos(t) + c * math.sin(t)),
        )
        for t in turns
    )


def _draw_path(points: Sequence[Point], color: str, x_range: Point, y_range: Point) -> Path:
    """Return a line through points; the ranges of the axes tell where arrows have room."""
    lengths = (
        math.hypot(
            (end[0] - start[0]) / (x_range[1] - x_range[0]),
            (end[1] - start[1]) / (y_range[1] - y_range[0]),
        )
        for start, end in pairwise(points)
    )
    arrows = tuple(length >= SHORTEST_ARROW for length in lengths)
    return Path(color=color, points=tuple(points), arrows=arrows)


def _draw_front(
    places: Mapping[str, Point], x: MetricFacts, y: MetricFacts, x_range: Point, y_range: Point
) -> tuple[Point, ...]:
    """Bound what some method reaches or beats; a straight line would invent mixtures."""
    if len(places) < 2:
        return ()
    front = [places[name] for name in pareto_front(places, x=x, y=y)]
    corners = [(front[0][0], y_range[1]), front[0]]
    for before, after in pairwise(front):
        corners += [(after[0], before[1]), after]
    return (*corners, (x_range[1], front[-1][1]))


def _draw_theory(
    summary: Summary, methods: Sequence[str], x: MetricFacts, y: MetricFacts
) -> Theory | None:
    """Return where averages of perfect samples would lie, PSNR being on an axis.

    The theory gives MSE(k) only; the other metric is that of our own averages, joined by straight
    lines in 1/k.
    """
    sides = [fact.id for fact in (x, y)]
    if "psnr" not in sides:
        return None
    measured = _other_means(summary, methods, sides[1 - sides.index("psnr")])
    if len(measured) < 2:
        return None
    shares = np.linspace(1 / max(measured), 1 / min(measured), STEPS // 2)
    counts = sorted({*measured, *(1 / float(share) for share in shares)})
    psnr = perfect_psnr(summary, methods, counts)
    if isinstance(psnr, str):
        return None
    known = sorted(measured, reverse=True)
    values = np.interp(
        [1 / k for k in counts], [1 / k for k in known], [measured[k] for k in known]
    )

    def place(k: float, value: float) -> Point:
        return (psnr[k], value) if sides[0] == "psnr" else (value, psnr[k])

    points = {k: place(k, float(value)) for k, value in zip(counts, values, strict=True)}
    return Theory(points=tuple(points.values()), marks={k: points[k] for k in measured})


def _other_means(summary: Summary, methods: Sequence[str], metric: str) -> dict[int, float]:
    """Return k -> mean of a metric of the average of k samples, where finite."""
    means = {
        k: summary.mean(method, metric).value for k, method in measured_counts(methods).items()
    }
    return {k: mean for k, mean in means.items() if mean is not None and math.isfinite(mean)}
