"""Rules of a protocol: what each decides, its hash, and the weights no hash tells apart."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pdbench.errors import InputError, WeightsUnavailable
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Choices, Metric
from pdbench.weights import WeightFile, fetch, sha256_of

if TYPE_CHECKING:
    from pdbench.images import Quantization
    from pdbench.weights import BundledFile

__all__ = [
    "Protocol", "Rule", "digest", "metric_files", "protocol_choices", "protocol_hash",
    "unpublished_models",
]  # fmt: skip

_WHOLE_SHA256 = 64


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


def digest(facts: object) -> str:
    """Return 16 hexadecimal digits over something that JSON can hold."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def protocol_hash(protocol: Protocol, metric: Metric) -> str:
    """Return the fingerprint of everything that defines a metric's number under a protocol.

    It covers the metric's id and revision, the protocol's choices, what is done to the image
    before, the sha256 of every weight file, and, for a metric made of parts, the fingerprints of
    its parts. Two protocols that decide alike for a metric give it the same fingerprint, and their
    numbers may be compared.

    Args:
        protocol: Must have a rule for the metric.
        metric: A declared metric.

    Returns:
        16 hexadecimal digits.

    Raises:
        InputError: The protocol has no rule for the metric.
    """
    return _hash(protocol, metric, protocol.rule(metric.id).choices)


def _hash(protocol: Protocol, metric: Metric, choices: Choices) -> str:
    facts: dict[str, Any] = {
        "metric": metric.id,
        "revision": metric.revision,
        "choices": dict(choices),
        "weights": [
            *(file.sha256 for file in metric.weights),
            *(file.sha256 for file in metric.carried),
        ],
        "parts": [
            _hash(protocol, METRICS.get(part), protocol.part_choices(metric.id, part))
            for part in metric.parts
        ],
    }
    if metric.source:
        facts["source"] = metric.source
    # The default "round" is omitted so that older hashes stay valid.
    if protocol.quantization != "round":
        facts["quantisation"] = protocol.quantization
    return digest(facts)


def protocol_choices(protocol: Protocol, metric: Metric) -> dict[str, Any]:
    """Return, by name, everything that `protocol_hash` covers.

    Args:
        protocol: Must have a rule for the metric.
        metric: A declared metric.

    Returns:
        "image" (what is done to it before), the choices, "revision", the sha256 of each weight
        file under the file's name, and all of that for each part ("niqe.border").

    Raises:
        InputError: The protocol has no rule for the metric.
    """
    named = {"image": protocol.quantization}
    named |= _named(metric, protocol.rule(metric.id).choices)
    for part in metric.parts:
        of_part = _named(METRICS.get(part), protocol.part_choices(metric.id, part))
        named |= {f"{part}.{name}": value for name, value in of_part.items()}
    return named


def _named(metric: Metric, choices: Choices) -> dict[str, Any]:
    files: list[WeightFile | BundledFile] = [*metric.weights, *metric.carried]
    return {
        **choices,
        "revision": metric.revision,
        **({"package": metric.source} if metric.source else {}),
        **{file.name: file.sha256 or "any" for file in files},
    }


def metric_files(metric: str) -> Iterator[WeightFile]:
    """Yield the files that a metric, or a part of it, loads."""
    declared = METRICS.get(metric)
    yield from declared.weights
    for part in declared.parts:
        yield from metric_files(part)


def unpublished_models(metrics: Iterable[str]) -> dict[str, str]:
    """Return file name -> sha256 of the files used whose whole sha256 is not declared.

    They are fetched where they are missing, so that a first run and the next say the same; what
    cannot be had is left out.
    """
    digests = {}
    for file in dict.fromkeys(file for metric in metrics for file in metric_files(metric)):
        if len(file.sha256) < _WHOLE_SHA256:
            with contextlib.suppress(WeightsUnavailable):
                digests[file.name] = sha256_of(fetch(file))
    return digests
