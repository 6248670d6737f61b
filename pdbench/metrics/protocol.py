"""Protocols: everything that has to be said before two numbers can be compared."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pdbench.metrics import METRICS
from pdbench.metrics.metric import Choices, Metric
from pdbench.metrics.presets import BASICSR_RGB, BASICSR_Y, PAPER, PIRM, PYIQA, SRFLOW
from pdbench.metrics.rules import Protocol, Rule
from pdbench.registry import Registry
from pdbench.weights import BundledFile, WeightFile

__all__ = [
    "PAPER",
    "PROTOCOLS",
    "QUANTIZATIONS",
    "Protocol",
    "Rule",
    "describe_protocol",
    "preset_hash",
    "protocol_choices",
    "protocol_hash",
    "protocol_hashes",
]

QUANTIZATIONS = {
    "round": "clipped to [0, 1], then rounded to the nearest of 256 levels",
    "truncate": "clipped to [0, 1], then cut to the level below",
    "none": "clipped to [0, 1], not rounded",
}
"""What a protocol does to the float image, in words."""

PROTOCOLS: Registry[Protocol] = Registry(
    "protocol", [PAPER, PIRM, BASICSR_Y, BASICSR_RGB, SRFLOW, PYIQA]
)


def _digest(facts: object) -> str:
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
    return _digest(facts)


def protocol_hashes(protocol: Protocol) -> dict[str, str]:
    """Return metric id -> fingerprint for every metric the protocol covers, in order."""
    return {name: protocol_hash(protocol, METRICS.get(name)) for name in protocol.covered_ids}


def preset_hash(protocol: Protocol) -> str:
    """Return one fingerprint, 16 hexadecimal digits, of all metrics and all choices."""
    return _digest(protocol_hashes(protocol))


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


def describe_protocol(name: str) -> dict[str, Any]:
    """Return everything a protocol chooses, ready for JSON.

    Args:
        name: Protocol id.

    Returns:
        "id", "title", "hash", "image" ("quantization", "source") and "metrics": id -> "hash",
        "choices", "source", "on_request".

    Raises:
        InputError: The protocol is unknown.
    """
    found = PROTOCOLS.get(name)
    return {
        "id": found.id,
        "title": found.title,
        "hash": preset_hash(found),
        "image": {"quantization": found.quantization, "source": found.quantization_source},
        "metrics": {
            metric.id: {
                "hash": protocol_hash(found, metric),
                "choices": protocol_choices(found, metric),
                "source": found.rule(metric.id).source,
                "on_request": metric.id not in found.metric_ids,
            }
            for metric in map(METRICS.get, found.covered_ids)
        },
    }
