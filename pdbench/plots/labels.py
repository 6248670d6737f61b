"""Where to write the names of points so that nothing covers anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pdbench.plots.scene import Point, Scene

__all__ = ["Box", "Label", "estimate_size", "label_scene", "place_labels"]

Array = NDArray[np.float64]

GAP = 3.0
"""Pixels kept free around labels and markers."""
LEADER_FROM = 9.0
"""A label further than this from its marker, in pixels, gets a leader line."""
# Sides first, then the corners, then what lies between: the order is the preference.
_ANGLES = np.radians(
    [
        *(0, 180, 90, 270, 30, 150, 330, 210, 60, 120, 300, 240),
        *(15, 165, 345, 195, 45, 135, 225, 315, 75, 105, 255, 285),
    ]
)
_DISTANCES = np.array([2, 6, 12, 20, 30, 42, 56, 72, 90, 110, 135, 165, 200, 240, 290, 350])
_ROUNDS = 3
_ORDERS = 40
_CROSSED_SEGMENT = 10.0
_LEADER_OVER_MARKER = 150.0
_TANGLED = 400.0
"""Cost of a leader that crosses another one or runs through a label."""
_LEADER_OVER_SEGMENT = 5.0
_AMBIGUOUS = 12.0
_WORSE_ANGLE = 0.35


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, y growing downwards.

    Attributes:
        left: Least x.
        top: Least y.
        right: Greatest x.
        bottom: Greatest y.
    """

    left: float
    top: float
    right: float
    bottom: float

    @property
    def center(self) -> tuple[float, float]:
        """The middle of the box."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Label:
    """Where a label goes.

    Attributes:
        box: The box its text fills.
        offset: From the marker's center to the label's, (x, y) in pixels.
        leader: (x0, y0, x1, y1) of the line from marker to label, or None where the marker is
            close and no other is about as close.
    """

    box: Box
    offset: tuple[float, float]
    leader: tuple[float, float, float, float] | None


@dataclass(frozen=True)
class _Candidates:
    """All places for one label: boxes (C, 4), leader lines (C, 4), costs (C,)."""

    boxes: Array
    leaders: Array
    has_leader: NDArray[np.bool_]
    costs: Array


def estimate_size(text: str, font_size: float) -> tuple[float, float]:
    """Return width and height of a text in a reader's unknown sans-serif font, generously."""
    widths = {**dict.fromkeys("ijl|',.:;!It f()[]-/", 0.34), **dict.fromkeys("mwMW@%", 0.95)}
    ems = sum(widths.get(letter, 0.72 if letter.isupper() else 0.58) for letter in text)
    return font_size * ems + 4, font_size * 1.3


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
    pieces = [
        (pixel(start), pixel(end))
        for path in scene.paths
        for (start, end), wanted in zip(pairwise(path.points), path.arrows, strict=True)
        if wanted
    ]
    return place_labels(
        [pixel(point) for point in (*((m.x, m.y) for m in markers), *scene.marks.values())],
        [measure(title) for title in (*(m.label for m in markers), *scene.marks)],
        bounds=axes,
        radius=radius,
        segments=[(*start, *end) for line in drawn for start, end in pairwise(line)],
        arrows=[((x0 + x1) / 2, (y0 + y1) / 2) for (x0, y0), (x1, y1) in pieces],
    )


def place_labels(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    *,
    bounds: Box,
    radius: float,
    segments: Sequence[tuple[float, float, float, float]] = (),
    arrows: Sequence[tuple[float, float]] = (),
) -> list[Label | None]:
    """Place one label per point, greedily, the most crowded first, in a few rounds.

    A label never covers a marker, an arrowhead, another label or the outside of `bounds`. Leader
    lines through labels or other markers, and labels over `segments` (bars, curves), are avoided
    where possible.
    Later rounds let early labels move once the others are known; where leaders cross all the same,
    other orders are tried.

    Args:
        anchors: Marker centers (x, y) in pixels.
        sizes: Label sizes (width, height) in pixels.
        bounds: The box labels must stay in.
        radius: Marker radius in pixels.
        segments: Lines (x0, y0, x1, y1) better left readable.
        arrows: Centers (x, y) of arrowheads, no larger than a marker.

    Returns:
        For each point its label, or None where no free place is left.

    Raises:
        ValueError: There are not as many sizes as anchors.
    """
    if len(anchors) != len(sizes):
        raise ValueError(f"expected {len(anchors)} label sizes, got {len(sizes)}")
    points = np.array(anchors, dtype=np.float64).reshape(-1, 2)
    lines = np.array(segments, dtype=np.float64).reshape(-1, 4)
    covered = np.vstack([points, np.array(arrows, dtype=np.float64).reshape(-1, 2)])
    markers = np.hstack([covered - radius, covered + radius])
    candidates = [
        _candidates(index, points, size, bounds, radius, markers, lines)
        for index, size in enumerate(sizes)
    ]
    chosen: dict[int, int] = {}
    least = math.inf
    for order in _orders(points):
        found, worst, total = _place(candidates, order)
        if total < least:
            chosen, least = found, total
        if worst < _TANGLED:
            break
    return [
        _label(candidates[index], chosen[index], anchors[index]) if index in chosen else None
        for index in range(len(anchors))
    ]


def _orders(points: Array) -> Iterator[list[int]]:
    """Yield orders to place labels in: the most crowded first, then others by chance."""
    gaps = np.linalg.norm(points[:, None] - points[None], axis=-1)
    crowding = np.exp(-gaps / 40.0).sum(axis=1)
    rng = np.random.default_rng(0)
    for spread in np.linspace(0, 2, _ORDERS):
        noise = spread * rng.standard_normal(len(points))
        yield [int(index) for index in np.argsort(noise - crowding, kind="stable")]


def _place(
    candidates: Sequence[_Candidates], order: Sequence[int]
) -> tuple[dict[int, int], float, float]:
    """Return point -> its best candidate, the cost of the worst label, and that of all."""
    chosen: dict[int, int] = {}

    def costs(index: int) -> Array:
        others = [(candidates[i], k) for i, k in chosen.items() if i != index]
        return _costs(candidates[index], others)

    for index in list(order) * _ROUNDS:
        own = costs(index)
        if own.size and math.isfinite(own.min()):
            chosen[index] = int(np.argmin(own))
        else:
            chosen.pop(index, None)
    paid = [float(costs(index)[k]) for index, k in chosen.items()]
    paid += [10 * _TANGLED] * (len(candidates) - len(chosen))
    return chosen, max(paid, default=0.0), sum(paid)


def _candidates(
    index: int,
    points: Array,
    size: tuple[float, float],
    bounds: Box,
    radius: float,
    markers: Array,
    lines: Array,
) -> _Candidates:
    """List the places that respect bounds and markers, at their cost without other labels."""
    anchor, half = points[index], np.array(size) / 2
    directions = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1)
    distances = np.repeat(_DISTANCES.astype(np.float64), len(_ANGLES))
    turns = np.tile(directions, (len(_DISTANCES), 1))
    # The box touches the circle of that distance from outside, along the direction.
    reach = radius + GAP + distances[:, None]
    centers = anchor + turns * reach + np.clip(turns * 4, -1, 1) * half
    boxes = np.hstack([centers - half, centers + half])
    ends = np.clip(anchor, boxes[:, :2], boxes[:, 2:])
    gaps = np.linalg.norm(ends - anchor, axis=1)
    starts = anchor + (ends - anchor) * (radius / np.maximum(gaps, 1e-9))[:, None]
    leaders = np.hstack([starts, ends])
    others = np.delete(markers, index, axis=0)
    ambiguous = _distance(boxes, np.delete(points, index, axis=0)) < gaps + LEADER_FROM
    has_leader = ambiguous | (gaps > radius + LEADER_FROM)
    allowed = (
        (boxes[:, 0] >= bounds.left)
        & (boxes[:, 1] >= bounds.top)
        & (boxes[:, 2] <= bounds.right)
        & (boxes[:, 3] <= bounds.bottom)
        & ~_overlap(boxes, markers).any(axis=1)
    )
    ranks = np.tile(np.arange(len(_ANGLES), dtype=np.float64), len(_DISTANCES))
    costs = (distances + _WORSE_ANGLE * ranks + _AMBIGUOUS * ambiguous)[allowed]
    costs += _CROSSED_SEGMENT * _cross(lines, boxes[allowed]).sum(axis=0)
    over = _LEADER_OVER_SEGMENT * _meet(leaders[allowed], lines).sum(axis=1)
    over += _LEADER_OVER_MARKER * _cross(leaders[allowed], others).sum(axis=1)
    costs += has_leader[allowed] * over
    return _Candidates(boxes[allowed], leaders[allowed], has_leader[allowed], costs)


def _costs(own: _Candidates, taken: Sequence[tuple[_Candidates, int]]) -> Array:
    """Return what each candidate costs beside the labels already placed; infinity over them."""
    boxes = np.array([other.boxes[k] for other, k in taken]).reshape(-1, 4)
    leaders = [other.leaders[k] for other, k in taken if other.has_leader[k]]
    lines = np.array(leaders).reshape(-1, 4)
    tangles = _cross(own.leaders, boxes).sum(axis=1) + _meet(own.leaders, lines).sum(axis=1)
    tangles = own.has_leader * tangles + _cross(lines, own.boxes).sum(axis=0)
    free = ~_overlap(own.boxes, boxes).any(axis=1)
    costs: Array = np.where(free, own.costs + _TANGLED * tangles, np.inf)
    return costs


def _label(candidates: _Candidates, index: int, anchor: tuple[float, float]) -> Label:
    leader = None
    if candidates.has_leader[index]:
        x0, y0, x1, y1 = map(float, candidates.leaders[index])
        leader = (x0, y0, x1, y1)
    box = Box(*map(float, candidates.boxes[index]))
    return Label(box, (box.center[0] - anchor[0], box.center[1] - anchor[1]), leader)


def _distance(boxes: Array, points: Array) -> Array:
    """Return how far the nearest of the points (P, 2) is from each box (A, 4): (A,)."""
    if not len(points):
        return np.full(len(boxes), np.inf)
    nearest = np.clip(points[None], boxes[:, None, :2], boxes[:, None, 2:])
    gaps: Array = np.linalg.norm(nearest - points[None], axis=-1).min(axis=1)
    return gaps


def _overlap(first: Array, second: Array) -> NDArray[np.bool_]:
    """Tell which boxes (A, 4) come closer than GAP to which boxes (B, 4): (A, B)."""
    a, b = first[:, None], second[None]
    inside: NDArray[np.bool_] = np.logical_and.reduce(
        [
            a[..., 0] < b[..., 2] + GAP,
            b[..., 0] < a[..., 2] + GAP,
            a[..., 1] < b[..., 3] + GAP,
            b[..., 1] < a[..., 3] + GAP,
        ]
    )
    return inside


def _meet(first: Array, second: Array) -> NDArray[np.bool_]:
    """Tell which line segments (A, 4) cross which line segments (B, 4): (A, B)."""

    def side(line: Array, x: Array, y: Array) -> Array:
        x0, y0, x1, y1 = line
        turn: Array = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        return turn

    a, b = first.T[:, :, None].copy(), second.T[:, None].copy()
    own = side(a, b[0], b[1]) * side(a, b[2], b[3])
    other = side(b, a[0], a[1]) * side(b, a[2], a[3])
    meets: NDArray[np.bool_] = np.maximum(own, other) < 0
    return meets


def _cross(lines: Array, boxes: Array) -> NDArray[np.bool_]:
    """Tell which line segments (A, 4) run through which boxes (B, 4): (A, B).

    References:
        Y.-D. Liang and B. A. Barsky, "A New Concept and Method for Line Clipping", ACM
        Transactions on Graphics 3(1), 1984, https://doi.org/10.1145/357332.357333
    """
    start, step = lines[:, None, :2], (lines[:, 2:] - lines[:, :2])[:, None]
    step = np.where(step == 0, 1e-12, step)
    enter, leave = np.zeros(()), np.ones(())
    for axis in (0, 1):
        near = (boxes[None, :, axis] - start[..., axis]) / step[..., axis]
        far = (boxes[None, :, axis + 2] - start[..., axis]) / step[..., axis]
        enter = np.maximum(enter, np.minimum(near, far))
        leave = np.minimum(leave, np.maximum(near, far))
    hit: NDArray[np.bool_] = np.less(enter, leave)
    return hit
