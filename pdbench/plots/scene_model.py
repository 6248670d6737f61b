"""The perception-distortion plane as shapes: the same for every engine that draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pdbench.analysis.means import Mean, Summary
from pdbench.plots.labels import Box
from pdbench.plots.method_styles import Style, label_methods
from pdbench.scores import MetricFacts

__all__ = [
    "KIND_NAMES",
    "SHAPE_NAMES",
    "Bar",
    "Certainty",
    "Frame",
    "Marker",
    "Path",
    "Plane",
    "Point",
    "Scene",
    "Shape",
    "Theory",
    "key_names",
]

Certainty = Literal["ellipses", "bars", "none"]
"""How 95 % certainty of the means is shown: of the difference to the plane's reference, paired by
image, or of the mean itself where there is no reference."""

KIND_NAMES: dict[str, str] = {
    "single": "one output",
    "stochastic": "samples",
    "fused": "made from samples",
}
SHAPE_NAMES = {
    "bar": "95 % interval of the {what}",
    "region": "95 % region of the {what}",
    "cloud": "±1 sd, samples of one image",
    "front": "Pareto front",
    "path": "growing τ, k or α",
    "theory": "perfect samples (theory)",
}
"""Words of the key, by role; `Plane.shape_names` fills them in."""

Bar = tuple[float, float]
"""Two ends on one axis."""
Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Plane:
    """What is drawn, whatever the axes.

    Attributes:
        summary: Means of all methods.
        methods: Method ids in drawing order.
        titles: Method id -> full title.
        styles: Method id -> style.
        certainty: How certainty of the means is shown where enough images allow it.
        bar_ends: (method id, metric id) -> ends of its bar, where there is one.
        theory: Whether to draw where averages of perfect samples would lie.
        reference: Method that certainty is shown relative to; "" for the means themselves.
        reference_title: Its title.
    """

    summary: Summary
    methods: tuple[str, ...]
    titles: Mapping[str, str]
    styles: Mapping[str, Style]
    certainty: Certainty = "none"
    bar_ends: Mapping[tuple[str, str], Bar]
    theory: bool = False
    reference: str = ""
    reference_title: str = ""

    @property
    def shape_names(self) -> dict[str, str]:
        """Words of the key, by role."""
        what = f"mean difference to {self.reference_title}" if self.reference else "mean"
        return {role: name.format(what=what) for role, name in SHAPE_NAMES.items()}

    def pair(self, method: str, x: MetricFacts, y: MetricFacts) -> tuple[Mean, Mean] | None:
        """Return a method's means in two metrics; None for no method."""
        return (
            (self.summary.mean(method, x.id), self.summary.mean(method, y.id)) if method else None
        )

    @cached_property
    def labels(self) -> dict[str, str]:
        """Method id -> text beside its marker, shorter than the title on long paths."""
        return label_methods(self.titles, self.styles)


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
    x_bar: Bar | None = None
    y_bar: Bar | None = None


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A polygon or a polyline in data units.

    Attributes:
        color: "#RRGGBB".
        points: Its corners.
    """

    color: str
    points: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class Path(Shape):
    """The members of a family joined by growing parameter.

    Attributes:
        arrows: For each piece, whether it is long enough to carry an arrow.
    """

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
        clouds: Ellipses of one standard deviation between the samples of one image.
        regions: 95 % ellipses of the means, or of their differences to the reference.
        paths: Lines that join the members of a family.
        front: Corners of the staircase of methods that no other beats in both metrics; empty for
            a single method.
        theory: The curve of perfect samples, or None.
        absent: Titles of methods that are not drawn, each with the reason.
        partial: How many images the means are over, where that is not all of them; else "".
    """

    x: MetricFacts
    y: MetricFacts
    x_range: Bar
    y_range: Bar
    markers: tuple[Marker, ...]
    clouds: tuple[Shape, ...]
    regions: tuple[Shape, ...]
    paths: tuple[Path, ...]
    front: tuple[Point, ...]
    theory: Theory | None
    absent: tuple[str, ...]
    partial: str

    @property
    def roles(self) -> frozenset[str]:
        """The roles of `SHAPE_NAMES` that occur."""
        found = {
            "bar": any(marker.x_bar or marker.y_bar for marker in self.markers),
            "region": self.regions,
            "cloud": self.clouds,
            "front": self.front,
            "path": any(any(path.arrows) for path in self.paths),
            "theory": self.theory,
        }
        return frozenset(role for role, present in found.items() if present)


def key_names(plane: Plane, scenes: Iterable[Scene]) -> dict[str, str]:
    """Return kind or role -> its words, for what occurs in some scenes of a plane."""
    kinds = {plane.styles[method].kind for method in plane.methods}
    present = kinds.union(*(scene.roles for scene in scenes))
    return {
        sign: name for sign, name in {**KIND_NAMES, **plane.shape_names}.items() if sign in present
    }
