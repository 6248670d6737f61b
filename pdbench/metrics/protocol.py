"""Protocols: everything that has to be said before two numbers can be compared."""

from __future__ import annotations

from typing import Any

from pdbench.metrics import METRICS
from pdbench.metrics.presets import BASICSR_RGB, BASICSR_Y, PAPER, PIRM, PYIQA, SRFLOW
from pdbench.metrics.rules import Protocol, Rule, digest, protocol_choices, protocol_hash
from pdbench.registry import Registry

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


def protocol_hashes(protocol: Protocol) -> dict[str, str]:
    """Return metric id -> fingerprint for every metric the protocol covers, in order."""
    return {name: protocol_hash(protocol, METRICS.get(name)) for name in protocol.covered_ids}


def preset_hash(protocol: Protocol) -> str:
    """Return one fingerprint, 16 hexadecimal digits, of all metrics and all choices."""
    return digest(protocol_hashes(protocol))


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
