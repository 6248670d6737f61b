"""Rules that make up a protocol: one per metric, and how the image is brought to 8 bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from torch import Tensor

from pdbench.errors import InputError
from pdbench.images import Quantization, quantize
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Choices

__all__ = ["Protocol", "Rule"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a protocol decides for one metric.

    Attributes:
        choices: Options the metric is opened with; part of the hash.
        source: Where these choices come from, one sentence; not part of the hash.
        parts: For a metric made of parts: part id -> the choices for that part, where they are
            not those of the protocol's own rule for it; part of the hash.
        always: Computed without being named, though the metric is one on request.
    """

    choices: Choices
    source: str
    parts: Mapping[str, Choices] = field(default_factory=dict)
    always: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", MappingProxyType(dict(self.choices)))
        frozen = {name: MappingProxyType(dict(choices)) for name, choices in self.parts.items()}
        object.__setattr__(self, "parts", MappingProxyType(frozen))


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A named set of rules, one for each metric it covers.

    Attributes:
        id: Lowercase id ("paper").
        title: What it stands for, one line.
        rules: Metric id -> rule, in the order of the table's columns.
        quantization: What is done, once, to the float image before all metrics; part of every
            hash.
        quantization_source: Where that comes from, one sentence.
    """

    id: str
    title: str
    rules: Mapping[str, Rule]
    quantization: Quantization = "round"
    quantization_source: str = "pdbench: an image is an 8-bit file, rounded to the nearest level"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", MappingProxyType(dict(self.rules)))

    @property
    def covered_ids(self) -> list[str]:
        """Ids of the metrics the protocol covers and this version has, in order."""
        return [name for name in self.rules if name in METRICS]

    @property
    def metric_ids(self) -> list[str]:
        """Ids of those that are computed unless others are named, in order."""
        return [
            name
            for name in self.covered_ids
            if self.rules[name].always or not METRICS.get(name).on_request
        ]

    def quantize(self, image: Tensor) -> Tensor:
        """Bring a float image to what the protocol's metrics see; see `images.quantize`."""
        return quantize(image, self.quantization)

    def rule(self, metric: str) -> Rule:
        """Return the rule for a metric; one from outside the presets brings its own.

        Raises:
            InputError: The metric is unknown, or the protocol has no rule for it.
        """
        if metric not in self.rules:
            declared = METRICS.get(metric)
            if declared.source:
                return Rule(choices=declared.choices, source=f"{declared.source}, no preset")
            covered = ", ".join(self.covered_ids)
            raise InputError(f"protocol '{self.id}' has no metric '{metric}'; it has {covered}")
        return self.rules[metric]

    def part_choices(self, whole: str, part: str) -> Choices:
        """Return the choices a part of a metric is opened with.

        Args:
            whole: Id of the metric made of parts ("pi").
            part: Id of the part ("niqe").

        Raises:
            InputError: The protocol has no rule for one of the two.
        """
        return self.rule(whole).parts.get(part) or self.rule(part).choices
