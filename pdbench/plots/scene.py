"""The perception-distortion plane as shapes: the same for every engine that draws it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pdbench.analysis.means import Summary
from pdbench.analysis.pareto import pareto_front
from pdbench.analysis.spread import sample_covariance
from pdbench.plots.families import Style
from pdbench.plots.labels import Box, Label, place_labels
from pdbench.scores import MetricFacts

__all__ = [
    "BAR_NAMES",
    "CLOUD_NAME",
    "FRONT_NAME",
    "KIND_NAMES",
    "Bars",
    "Frame",
    "Marker",
    "Plane",
    "Scene",
    "Shape",
    "axis_title",
    "build_scene",
    "label_scene",
]

Bars = Literal["paired", "images", "none"]
"""Which 95 % interval the bars show: the one that compares methods on the same images (what is
hard about an image for all of them removed), the one over images, or none."""

KIND_NAMES: dict[str, str] = {
    "single": "one output",
    "stochastic": "samples",
    "fused": "made from samples",
}
BAR_NAMES = {
    "paired": "95 % interval, paired by image",
    "images": "95 % interval over images",
}
CLOUD_NAME = "±1 sd, samples of one image"
FRONT_NAME = "Pareto front"

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Plane:
    """What is drawn, whatever the axes.

    Attributes:
        summary: Means of all methods.
        methods: Method ids in drawing order.
        titles: Method id -> label.
        styles: Method id -> style.
        bars: Which intervals the bars show.
        bar_ends: (method id, metric id) -> ends of its bar, where there is one.
    """

    summary: Summary
    methods: tuple[str, ...]
    titles: Mapping[str, str]
    styles: Mapping[str, Style]
    bars: Bars
    bar_ends: Mapping[tuple[str, str], Range]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The picture's pixels.

    Attributes:
        axes: The box the axes span.
        radius: Of a marker.
        measure: Text -> (width, height) of it.
    """

    axes: Box
    radius: float
    measure: Callable[[str], tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Marker:
    """One method on the plane, in data units.

    Attributes:
        method: Method id.
        x: Mean of the metric on the x axis.
        y: Mean of the metric on the y axis.
        x_bar: Ends of the horizontal bar, or None.
        y_bar: Ends of the vertical bar, or None.
    """

    method: str
    x: float
    y: float
    x_bar: Range | None
    y_bar: Range | None


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A polygon or a polyline in data units.

    Attributes:
        colour: "#RRGGBB".
        points: Its corners.
    """

    colour: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that is drawn for one pair of metrics.

    Attributes:
        x: Metric on the x axis.
        y: Metric on the y axis.
        x_range: Data at the left and right end of the x axis; better is left.
        y_range: Data at the bottom and top end of the y axis; better is down.
        markers: The methods that have both metrics.
        clouds: Ellipses of one standard deviation between the samples of one image.
        paths: Lines that join the members of a family.
        front: Corners of the staircase of methods that no other beats in both metrics; empty for
            a single method.
        absent: Titles of methods that lack one of the metrics.
    """

    x: MetricFacts
    y: MetricFacts
    x_range: Range
    y_range: Range
    markers: tuple[Marker, ...]
    clouds: tuple[Shape, ...]
    paths: tuple[Shape, ...]
    front: tuple[tuple[float, float], ...]
    absent: tuple[str, ...]


def axis_title(fact: MetricFacts) -> str:
    """Return an axis title; its arrow points left, and down once the text is turned upright."""
    unit = f" ({fact.unit})" if fact.unit else ""
    return f"← better    {fact.title}{unit}"


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
    clouds = tuple(_clouds(plane, markers, x, y))
    paths = tuple(_paths(plane, markers))
    x_range = _range(x, [*_spans(markers, clouds, axis=0)])
    y_range = _range(y, [*_spans(markers, clouds, axis=1)])
    shown = {marker.method for marker in markers}
    return Scene(
        x=x,
        y=y,
        x_range=x_range,
        y_range=y_range,
        markers=markers,
        clouds=clouds,
        paths=paths,
        front=_staircase(markers, x, y, x_range, y_range),
        absent=tuple(plane.titles[name] for name in plane.methods if name not in shown),
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


def _clouds(
    plane: Plane, markers: Sequence[Marker], x: MetricFacts, y: MetricFacts
) -> Iterator[Shape]:
    for marker in markers:
        covariance = sample_covariance(
            plane.summary.mean(marker.method, x.id), plane.summary.mean(marker.method, y.id)
        )
        if covariance:
            xx, xy, yy = covariance
            # Cholesky factor of the covariance maps the unit circle to the ellipse.
            a = math.sqrt(xx)
            b = xy / a if a else 0.0
            c = math.sqrt(max(yy - b * b, 0.0))
            turns = [2 * math.pi * step / 48 for step in range(49)]
            points = tuple(
                (marker.x + a * math.cos(t), marker.y + b * math.cos(t) + c * math.sin(t))
                for t in turns
            )
            yield Shape(colour=plane.styles[marker.method].colour, points=points)


def _paths(plane: Plane, markers: Sequence[Marker]) -> Iterator[Shape]:
    families: dict[str, list[Marker]] = {}
    for marker in markers:
        if plane.styles[marker.method].parameter:
            families.setdefault(plane.styles[marker.method].family, []).append(marker)
    for members in families.values():
        if len(members) > 1:
            members.sort(key=lambda marker: plane.styles[marker.method].parameter)
            points = tuple((marker.x, marker.y) for marker in members)
            yield Shape(colour=plane.styles[members[0].method].colour, points=points)


def _spans(markers: Sequence[Marker], clouds: Sequence[Shape], *, axis: int) -> Iterator[float]:
    for marker in markers:
        yield (marker.x, marker.y)[axis]
        yield from (marker.x_bar, marker.y_bar)[axis] or ()
    for cloud in clouds:
        yield from (point[axis] for point in cloud.points)


def _range(fact: MetricFacts, values: Sequence[float]) -> Range:
    low, high = min(values), max(values)
    least = 10.0**-fact.decimals
    margin = max(0.1 * (high - low), least if high > low else 50 * least)
    low, high = low - margin, high + margin
    return (low, high) if fact.better == "lower" else (high, low)


def _staircase(
    markers: Sequence[Marker], x: MetricFacts, y: MetricFacts, x_range: Range, y_range: Range
) -> tuple[tuple[float, float], ...]:
    """Bound what some method reaches or beats; a straight line would invent mixtures."""
    if len(markers) < 2:
        return ()
    points = {marker.method: (marker.x, marker.y) for marker in markers}
    front = [points[name] for name in pareto_front(points, x=x, y=y)]
    corners = [(front[0][0], y_range[1]), front[0]]
    for before, after in pairwise(front):
        corners += [(after[0], before[1]), after]
    return (*corners, (x_range[1], front[-1][1]))


def label_scene(plane: Plane, scene: Scene, frame: Frame) -> list[Label | None]:
    """Place the labels of a scene in a picture.

    Args:
        plane: Gives the titles.
        scene: What is drawn.
        frame: The picture.

    Returns:
        One per marker, None where no free place is left.
    """
    box, (x_range, y_range), markers = frame.axes, (scene.x_range, scene.y_range), scene.markers

    def pixel(point: tuple[float, float]) -> tuple[float, float]:
        right = (point[0] - x_range[0]) / (x_range[1] - x_range[0])
        up = (point[1] - y_range[0]) / (y_range[1] - y_range[0])
        return (
            box.left + right * (box.right - box.left),
            box.bottom - up * (box.bottom - box.top),
        )

    lines = [cloud.points[::4] for cloud in scene.clouds]
    lines += [path.points for path in scene.paths] + [scene.front]
    bars = [[(end, marker.y) for end in marker.x_bar or ()] for marker in markers]
    bars += [[(marker.x, end) for end in marker.y_bar or ()] for marker in markers]
    drawn = [[pixel(point) for point in line] for line in [*lines, *bars]]
    return place_labels(
        [pixel((marker.x, marker.y)) for marker in markers],
        [frame.measure(plane.titles[marker.method]) for marker in markers],
        bounds=box,
        radius=frame.radius,
        segments=[(*start, *end) for line in drawn for start, end in pairwise(line)],
    )
