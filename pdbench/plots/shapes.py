"""What is drawn around and between the markers of a plane, in data units."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from pdbench.analysis.pareto import pareto_front
from pdbench.analysis.theory import measured_counts, perfect_psnr
from pdbench.analysis.variance import Covariance, difference_region, sample_covariance
from pdbench.plots.scene_model import Bar, Marker, Path, Plane, Point, Shape, Theory
from pdbench.scores import MetricFacts

__all__ = [
    "draw_clouds",
    "draw_front",
    "draw_paths",
    "draw_regions",
    "draw_theory",
    "spans",
]

STEPS = 48
"""Corners of an ellipse."""
SHORTEST_ARROW = 0.05
"""A piece of a path below this share of the axes has no room for an arrow between its markers."""


def draw_clouds(
    plane: Plane, markers: Sequence[Marker], x: MetricFacts, y: MetricFacts
) -> tuple[Shape, ...]:
    """Return an ellipse of one standard deviation between samples per stochastic method."""
    found = (
        (
            marker,
            sample_covariance(
                plane.summary.mean(marker.method, x.id), plane.summary.mean(marker.method, y.id)
            ),
        )
        for marker in markers
    )
    return tuple(_ellipse(plane, marker, spread, 1.0) for marker, spread in found if spread)


def draw_regions(
    plane: Plane, markers: Sequence[Marker], x: MetricFacts, y: MetricFacts
) -> tuple[Shape, ...]:
    """Return an ellipse per row: 95 % of its mean, or of its difference to the reference row."""
    if plane.certainty != "ellipses":
        return ()
    shapes = []
    for marker in markers:
        means, reference = (plane.pair(name, x, y) for name in (marker.method, plane.reference))
        if means and (region := difference_region(means, reference)):
            shapes.append(_ellipse(plane, marker, region.covariance, region.radius))
    return tuple(shapes)


def _ellipse(plane: Plane, marker: Marker, covariance: Covariance, radius: float) -> Shape:
    xx, xy, yy = covariance
    # Cholesky factor of the covariance maps the unit circle to the ellipse.
    a = math.sqrt(xx)
    b = xy / a if a else 0.0
    c = math.sqrt(max(yy - b * b, 0.0))
    turns = [2 * math.pi * step / STEPS for step in range(STEPS + 1)]
    points = tuple(
        (
            marker.x + radius * a * math.cos(t),
            marker.y + radius * (b * math.cos(t) + c * math.sin(t)),
        )
        for t in turns
    )
    return Shape(color=plane.styles[marker.method].color, points=points)


def draw_paths(
    plane: Plane, markers: Sequence[Marker], x_range: Bar, y_range: Bar
) -> tuple[Path, ...]:
    """Return a line through the members of each family, by growing parameter."""
    families: dict[str, list[Marker]] = {}
    for marker in markers:
        if plane.styles[marker.method].parameter:
            families.setdefault(plane.styles[marker.method].family, []).append(marker)
    paths = []
    for members in families.values():
        if len(members) > 1:
            members.sort(key=lambda marker: plane.styles[marker.method].parameter)
            points = tuple((marker.x, marker.y) for marker in members)
            arrows = tuple(
                _length(start, end, x_range, y_range) >= SHORTEST_ARROW
                for start, end in pairwise(points)
            )
            color = plane.styles[members[0].method].color
            paths.append(Path(color=color, points=points, arrows=arrows))
    return tuple(paths)


def _length(start: Point, end: Point, x_range: Bar, y_range: Bar) -> float:
    """Return the distance of two points, the axes being of length 1."""
    return math.hypot(
        (end[0] - start[0]) / (x_range[1] - x_range[0]),
        (end[1] - start[1]) / (y_range[1] - y_range[0]),
    )


def draw_front(
    markers: Sequence[Marker], x: MetricFacts, y: MetricFacts, x_range: Bar, y_range: Bar
) -> tuple[Point, ...]:
    """Bound what some method reaches or beats; a straight line would invent mixtures."""
    if len(markers) < 2:
        return ()
    points = {marker.method: (marker.x, marker.y) for marker in markers}
    front = [points[name] for name in pareto_front(points, x=x, y=y)]
    corners = [(front[0][0], y_range[1]), front[0]]
    for before, after in pairwise(front):
        corners += [(after[0], before[1]), after]
    return (*corners, (x_range[1], front[-1][1]))


def draw_theory(plane: Plane, x: MetricFacts, y: MetricFacts) -> Theory | None:
    """Return where averages of perfect samples would lie, PSNR being on an axis.

    The theory gives MSE(k) only; the other metric is that of our own averages, joined by straight
    lines in 1/k.
    """
    sides = [fact.id for fact in (x, y)]
    if not plane.theory or "psnr" not in sides:
        return None
    other = sides[1 - sides.index("psnr")]
    measured = _other_means(plane, other)
    if len(measured) < 2:
        return None
    shares = np.linspace(1 / max(measured), 1 / min(measured), STEPS // 2)
    counts = sorted({*measured, *(1 / float(share) for share in shares)})
    psnr = perfect_psnr(plane.summary, plane.methods, counts)
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


def _other_means(plane: Plane, metric: str) -> dict[int, float]:
    """Return k -> mean of a metric of the average of k samples, where finite."""
    means: Mapping[int, float | None] = {
        k: plane.summary.mean(method, metric).value
        for k, method in measured_counts(plane.methods).items()
    }
    return {k: mean for k, mean in means.items() if mean is not None and math.isfinite(mean)}


def spans(
    markers: Sequence[Marker],
    shapes: Sequence[Shape],
    theory: Theory | None,
    *,
    axis: int,
) -> Iterator[float]:
    """Yield all coordinates along one axis that must fit into the picture."""
    for marker in markers:
        yield (marker.x, marker.y)[axis]
        yield from (marker.x_bar, marker.y_bar)[axis] or ()
    for shape in shapes:
        yield from (point[axis] for point in shape.points)
    if theory:
        yield from (point[axis] for point in theory.points)
