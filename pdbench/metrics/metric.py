"""Declaration of a metric: frozen, and opened into a scorer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

from pdbench.errors import MetricUndefined
from pdbench.scores import MetricFacts

if TYPE_CHECKING:
    from torch import Tensor

    from pdbench.weights import BundledFile, WeightFile

__all__ = ["Choices", "Metric", "Scorer", "SetScorer", "required"]

Choices = Mapping[str, Any]
"""Everything a protocol decides for one metric: colour, border, resize, window, ..."""


class Scorer(Protocol):
    """A metric opened under one protocol on one device, weights loaded."""

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> Any:  # noqa: ANN401
        """Compute, once per image, all that does not depend on the restored image.

        Args:
            reference: HR image, (1, 3, H, W) float32 RGB in [0, 1] on the 8-bit grid; None for
                metrics that need no reference.
            lr: The given LR image, (1, 3, H/4, W/4), same convention, or None.

        Returns:
            Whatever `score` wants back; opaque to the harness.
        """
        ...

    def score(self, restored: Tensor, prepared: Any) -> Tensor:  # noqa: ANN401
        """Score a batch against the prepared reference.

        Args:
            restored: (B, 3, H, W) float32 RGB in [0, 1] on the 8-bit grid.
            prepared: What `prepare` returned for this image.

        Returns:
            Shape (B,), float64, one score per image.

        Raises:
            MetricUndefined: The image is too small or otherwise outside what the metric can judge.
        """
        ...


class SetScorer(Protocol):
    """A metric of all samples of one image together, opened like a `Scorer`."""

    def prepare(self, reference: Tensor | None, lr: Tensor | None) -> Any:  # noqa: ANN401
        """As `Scorer.prepare`."""
        ...

    def score_set(self, samples: Iterable[Tensor], prepared: Any) -> float:  # noqa: ANN401
        """Score the samples, looked at one after the other.

        Args:
            samples: One or more (1, 3, H, W) float32 RGB in [0, 1] on the 8-bit grid.
            prepared: What `prepare` returned for this image.

        Returns:
            One score for all of them.

        Raises:
            MetricUndefined: The image is too small or otherwise outside what the metric can judge.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Metric(MetricFacts):
    """Declaration of one metric: its facts and its code. Loads nothing until `open` is called.

    A metric of the kind "diversity" scores all samples of an image together and opens into a
    `SetScorer`. The `source` of a metric outside the presets is set when it is loaded, and is part
    of the protocol hash.

    Attributes:
        reproduce_tolerance: How far an image's score may move when a few of its pixels round to
            the next level, as happens to a network's output on another processor. Not 0
            where the metric chooses parts of the image by a threshold.
        needs_reference: Whether `prepare` needs the HR image.
        reference: Authors, title, venue, year, URL.
        revision: Raised whenever this code changes a value; part of the protocol hash.
        weights: Files the metric loads; their sha256 are part of the protocol hash.
        carried: Files of weights inside this package; their sha256 are part of the hash too.
        parts: Ids of metrics this one is computed from (PI from Ma and NIQE), else empty.
        combine: For metrics with parts: maps part id -> score to the score.
        on_request: Left out unless it is asked for by name (`--metrics`).
        open: For metrics without parts: (choices, device) -> scorer. Raises WeightsUnavailable.
            A scorer from outside pdbench is known by all that it holds when it is open: numbers,
            arrays, networks, the content of files that it names.
        choices: What a metric outside the presets is opened with, whatever the protocol.
    """

    reproduce_tolerance: float = 0.0
    needs_reference: bool
    reference: str
    revision: int = 1
    weights: tuple[WeightFile, ...] = ()
    carried: tuple[BundledFile, ...] = ()
    on_request: bool = False
    parts: tuple[str, ...] = ()
    combine: Callable[[Mapping[str, float]], float] | None = None
    open: Callable[[Choices, str], Scorer | SetScorer] | None = None
    choices: Choices = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.parts) != (self.combine is not None) or bool(self.parts) == bool(self.open):
            raise ValueError(f"metric '{self.id}' needs either open, or parts and combine")

    @property
    def facts(self) -> MetricFacts:
        """The part of this declaration that tables and plots read; carries no torch."""
        return MetricFacts(**{each.name: getattr(self, each.name) for each in fields(MetricFacts)})


def required(reference: Tensor | None) -> Tensor:
    """Return the reference image; raises MetricUndefined where there is none."""
    if reference is None:
        raise MetricUndefined("there is no reference image to compare with")
    return reference
