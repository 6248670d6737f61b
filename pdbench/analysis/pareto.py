"""Which methods no other method beats in both of two metrics."""

from __future__ import annotations

from collections.abc import Mapping

from pdbench.scores import MetricFacts

__all__ = ["dominates", "pareto_front"]

Point = tuple[float, float]


def dominates(first: Point, second: Point, *, x: MetricFacts, y: MetricFacts) -> bool:
    """Tell whether `first` is at least as good as `second` in both metrics and better in one.

    Args:
        first: (x, y) scores.
        second: (x, y) scores.
        x: The metric of the first coordinate; gives the direction.
        y: The metric of the second coordinate.
    """
    gains = (x.sign * (first[0] - second[0]), y.sign * (first[1] - second[1]))
    return min(gains) >= 0 and max(gains) > 0


def pareto_front(points: Mapping[str, Point], *, x: MetricFacts, y: MetricFacts) -> list[str]:
    """Return the methods that no other method dominates, best in x first.

    Args:
        points: Method id -> (x, y) scores, all finite.
        x: The metric of the first coordinate.
        y: The metric of the second coordinate.

    Returns:
        Method ids; equal points are all on the front or all off it.

    References:
        Y. Blau and T. Michaeli, "The Perception-Distortion Tradeoff", CVPR 2018,
        https://arxiv.org/abs/1711.06077
    """
    front = [
        name
        for name, point in points.items()
        if not any(dominates(other, point, x=x, y=y) for other in points.values())
    ]
    return sorted(front, key=lambda name: (-x.sign * points[name][0], -y.sign * points[name][1]))
