"""Scenes: what is drawn on the plane of two metrics, in data units, whatever draws it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pdbench.analysis.bootstrap import mean_interval
from pdbench.analysis.means import Mean, Summary
from pdbench.analysis.variance import REFERENCE
from pdbench.plots.formats import format_value
from pdbench.plots.method_styles import Kind, Style, label_methods, style_methods
from pdbench.scores import MetricFacts

__all__ = [
    "KEY", "Bar", "Certainty", "Marker", "Path", "Plane", "Point", "Scene", "Theory", "axis_title",
    "key_names",
]  # fmt: skip

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

Point = tuple[float, float]

Bar = tuple[float, float]
"""Two ends on one axis."""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """What is drawn, whatever the axes.

    Attributes:
        summary: Means of all methods, with their titles and the facts of the metrics.
        methods: Ids of the methods to draw, in that order.
        kinds: Method id -> kind, which chooses the marker; guessed where there is none.
        certainty: How certainty of the means is shown: ellipses, and bars on too few images; bars;
            or not at all.
        reference: Method that certainty is relative to, if it was scored.
        theory: Whether to draw where averages of perfect samples would lie.
    """

    summary: Summary
    methods: tuple[str, ...]
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    certainty: Certainty = "ellipses"
    reference: str = REFERENCE
    theory: bool = False

    def title(self, method: str) -> str:
        """Return a method's title in one line."""
        return self.summary.title(method)

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
                        for fact in self.summary.facts
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
class Path:
    """The members of a family joined by growing parameter.

    Attributes:
        color: "#rrggbb", on light pages.
        points: The members.
        arrows: For each piece, whether it is long enough to carry an arrow.
    """

    color: str
    points: tuple[Point, ...]
    arrows: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Theory:
    """Where averages of perfect samples would lie, at the perception our averages have.

    Attributes:
        points: The curve.
        marks: k -> its point, for the k that were scored.
    """

    points: tuple[Point, ...]
    marks: Mapping[int, Point]


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
    def warnings(self) -> list[str]:
        """Sentences on what is drawn of fewer images, and on what is not drawn."""
        partial = [f"Careful: {self.partial}."] if self.partial else []
        return partial + ([f"Not drawn: {', '.join(self.absent)}."] if self.absent else [])

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


def _hover_line(mean: Mean, fact: MetricFacts) -> str:
    text = f"{html.escape(fact.title)} {format_value(mean.value, fact.decimals)}"
    bounds = mean_interval(list(mean.images.values()))
    if bounds:
        low, high = (format_value(end, fact.decimals) for end in (bounds.low, bounds.high))
        text += f" [{low}, {high}]"
    if mean.sample_std is not None:
        text += f", sd {format_value(mean.sample_std, fact.decimals + 1)}"
    return f"{text}, n {mean.n}/{mean.total}"
