"""Protocols and metrics in plain words and values, for those who print them."""

from __future__ import annotations

from typing import Any

from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS, preset_hash, protocol_choices, protocol_hash

__all__ = ["QUANTIZATIONS", "describe_protocol"]

QUANTIZATIONS = {
    "round": "clipped to [0, 1], then rounded to the nearest of 256 levels",
    "truncate": "clipped to [0, 1], then cut to the level below",
    "none": "clipped to [0, 1], not rounded",
}
"""What a protocol does to the float image, in words."""


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
