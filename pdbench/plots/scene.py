"""The plane of two metrics laid out in data units, the same for every engine that draws it."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Literal

from pdbench.analysis.bootstrap import mean_interval
from pdbench.analysis.means import Mean, Summary
from pdbench.analysis.variance import (
    LEAST_IMAGES,
    REFERENCE,
    difference_interval,
    difference_region,
    sample_covariance,
)
from pdbench.plots.labels import Box, Label, place_labels
from pdbench.plots.method_styles import Kind, Style, label_methods, style_methods
from pdbench.plots.shapes import (
    Path,
    Point,
    Theory,
    draw_ellipse,
    draw_front,
    draw_path,
    draw_theory,
)
from pdbench.plots.table_model import format_value, one_line
from pdbench.scores import MetricFacts

__all__ = [
    "KEY",
    "Certainty",
    "Marker",
    "Plane",
    "Scene",
    "axis_title",
    "build_scene",
    "key_names",
    "label_scene",
]

Certainty = Literal["ellipses", "bars", "none"]
"""How 95 % certainty of the means is shown: of the difference to the plane's reference, paired by
image, or of the mean itself where there is no reference."""

KEY = {
    "single": "one output",
    "stochastic": "samples",
    "fused": "made from samples",
    "bar": "95 % interval of the {what}",
    "region": "95 % region of the {what}",
    "cloud": "±1 sd, samples of one image",
    "front": "Pareto front",
    "path": "growing τ, k or α",
    "theory": "perfect samples (theory)",
}
"""Kind of a method or role of a shape -> words of the key."""

Bar = tuple[float, float]
"""Two ends on one axis."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """What is drawn, whatever the axes.

    Attributes:
        summary: Means of all methods.
        methods: Method ids in drawing order.
        titles: Method id -> full title; ids stand for themselves where there is none.
        kinds: Method id -> kind, guessed where there is none.
        facts: Metrics told when a point is pointed at.
        certainty: How certainty of the means is shown: ellipses, and bars on too few images; bars;
            or not at all.
        reference: Method that certainty is relative to, if it was scored.
        theory: Whether to draw where averages of perfect samples would lie.
    """

    summary: Summary
    methods: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    facts: tuple[MetricFacts, ...] = ()
    certainty: Certainty = "ellipses"
    reference: str = REFERENCE
    theory: bool = False

    def title(self, method: str) -> str:
        """Return a method's title in one line."""
        return one_line(self.titles.get(method, method))

    @cached_property
    def styles(self) -> dict[str, Style]:
        """Method id -> style."""
        several = frozenset(
            mean.method
            for mean in self.summary.means.values()
            if any(len(values) > 1 for values in mean.outputs.values())
        )
        return style_methods(self.methods, kinds=self.kinds, several=several)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Method id -> text beside its marker, shorter than the title on long paths."""
        titles = {method: self.title(method) for method in self.methods}
        return label_methods(titles, self.styles)

    @cached_property
    def certain(self) -> str:
        """What regions and bars are of."""
        if self.reference not in self.summary.methods:
            return "mean"
        return f"mean difference to {self.title(self.reference)}"

    @cached_property
    def hovers(self) -> dict[str, str]:
        """Method id -> its scores with the interval of each mean, as HTML."""
        return {
            method: "<br>".join(
                [
                    f"<b>{html.escape(self.title(method))}</b>",
                    *(
                        _hover_line(self.summary.mean(method, fact.id), fact)
                        for fact in self.facts
                        if (method, fact.id) in self.summary.means
                    ),
                ]
            )
            for method in self.methods
        }

    def pair(
        self, method: str, x: MetricFacts, y: MetricFacts
    ) -> tuple[Mean, Mean] | tuple[None, None]:
        """Return a method's means in two metrics; twice None for a method that was not scored."""
        if method not in self.summary.methods:
            return None, None
        return self.summary.mean(method, x.id), self.summary.mean(method, y.id)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """One method on the plane, in data units.

    Attributes:
        method: Method id.
        label: Text beside it.
        style: How to draw it.
        x: Mean of the metric on the x axis.
        y: Mean of the metric on the y axis.
        x_bar: Ends of the horizontal bar, or None.
        y_bar: Ends of the vertical bar, or None.
        region: Ellipse of 95 % confidence, see `Plane.certain`; may be empty.
        cloud: Ellipse of one standard deviation between the samples of one image; may be empty.
    """

    method: str
    label: str
    style: Style
    x: float
    y: float
    x_bar: Bar | None
    y_bar: Bar | None
    region: tuple[Point, ...]
    cloud: tuple[Point, ...]

    @property
    def extent(self) -> list[Point]:
        """Points that must fit into the picture."""
        bars = [(end, self.y) for end in self.x_bar or ()]
        bars += [(self.x, end) for end in self.y_bar or ()]
        return [(self.x, self.y), *bars, *self.region, *self.cloud]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that is drawn for one pair of metrics.

    Attributes:
        x: Metric on the x axis.
        y: Metric on the y axis.
        x_range: Data at the left and right end of the x axis; better is left.
        y_range: Data at the bottom and top end of the y axis; better is down.
        markers: The methods that have a finite mean of both metrics.
        paths: Lines that join the members of a family.
        front: Corners of the staircase of methods that no other beats in both metrics; empty for
            a single method.
        theory: The curve of perfect samples, or None.
        certain: What regions and bars are of.
        absent: Titles of methods that are not drawn, each with the reason.
        partial: How many images the means are over, where that is not all of them; else "".
    """

    x: MetricFacts
    y: MetricFacts
    x_range: Bar
    y_range: Bar
    markers: tuple[Marker, ...]
    paths: tuple[Path, ...]
    front: tuple[Point, ...]
    theory: Theory | None
    certain: str
    absent: tuple[str, ...]
    partial: str

    @property
    def marks(self) -> dict[str, Point]:
        """Label -> point of the marks on the curve of perfect samples."""
        return {f"k={k}": point for k, point in (self.theory.marks if self.theory else {}).items()}

    @property
    def key(self) -> dict[str, str]:
        """Kind or role -> its words, for what is drawn."""
        present = {marker.style.kind for marker in self.markers} | {
            role
            for role, found in {
                "bar": any(marker.x_bar or marker.y_bar for marker in self.markers),
                "region": any(marker.region for marker in self.markers),
                "cloud": any(marker.cloud for marker in self.markers),
                "front": self.front,
                "path": any(any(path.arrows) for path in self.paths),
                "theory": self.theory,
            }.items()
            if found
        }
        return {s: words.format(what=self.certain) for s, words in KEY.items() if s in present}


def key_names(scenes: Iterable[Scene]) -> dict[str, str]:
    """Return kind or role -> its words, for what occurs in some scene."""
    found = {sign: words for scene in scenes for sign, words in scene.key.items()}
    return {sign: found[sign] for sign in KEY if sign in found}


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


def _hover_line(mean: Mean, fact: MetricFacts) -> str:
    text = f"{html.escape(fact.title)} {format_value(mean.value, fact.decimals)}"
    bounds = mean_interval(list(mean.images.values()))
    if bounds:
        low, high = (format_value(end, fact.decimals) for end in (bounds.low, bounds.high))
        text += f" [{low}, {high}]"
    if mean.sample_std is not None:
        text += f", sd {format_value(mean.sample_std, fact.decimals + 1)}"
    return f"{text}, n {mean.n}/{mean.total}"


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
