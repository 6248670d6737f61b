"""`pdbench protocol` and `pdbench list protocols` as Python calls."""

from __future__ import annotations

import json
from typing import Any

from pdbench.api.choices import PROTOCOL_FORMATS
from pdbench.metrics.protocol import PROTOCOLS, QUANTIZATIONS, describe_protocol, preset_hash
from pdbench.registry import unknown_id

__all__ = ["protocol", "protocol_rows"]


def protocol_rows() -> list[tuple[str, str]]:
    """Return every protocol with its hash, what it stands for and its metrics, one a line."""
    return [
        (one.id, f"{preset_hash(one)}, {one.title}: {', '.join(one.metric_ids)}")
        for one in PROTOCOLS
    ]


def protocol(name: str, *, form: str = "text") -> str:
    """Say everything a protocol chooses, with the source of each choice.

    Args:
        name: Protocol id.
        form: "text" or "json".

    Returns:
        The protocol, what it does to an image, and for every metric its choices, revision and
        weights, each with its hash; without trailing newline.

    Raises:
        InputError: The protocol or the format is unknown.

    >>> import pdbench
    >>> print(pdbench.protocol("basicsr-y").splitlines()[2])
    image: round, clipped to [0, 1], then rounded to the nearest of 256 levels
    """
    if form not in PROTOCOL_FORMATS:
        raise unknown_id("format", form, PROTOCOL_FORMATS)
    facts = describe_protocol(name)
    if form == "json":
        return json.dumps(facts, indent=1, ensure_ascii=False)
    return "\n".join(_text(facts))


def _text(facts: dict[str, Any]) -> list[str]:
    image = facts["image"]
    lines = [
        f"{facts['id']}: {facts['title']}",
        f"hash {facts['hash']}",
        f"image: {image['quantization']}, {QUANTIZATIONS[image['quantization']]}",
        f"  source: {image['source']}",
    ]
    for name, rule in facts["metrics"].items():
        asked = ", on request" if rule["on_request"] else ""
        lines += ["", f"{name}: hash {rule['hash']}{asked}"]
        # What is done to the image is said once, at the top.
        choices = {key: value for key, value in rule["choices"].items() if key != "image"}
        width = max(map(len, choices))
        lines += [f"  {key:<{width}}  {_said(value)}" for key, value in choices.items()]
        lines.append(f"  source: {rule['source']}")
    return lines


def _said(value: object) -> str:
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
