"""Which stored scores may be compared, and, where they may not, the choices that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pdbench.errors import InputError
from pdbench.harness.run_info import MethodRecord, RunRecord
from pdbench.registry import unknown_id

__all__ = ["different_choices", "one_protocol"]

_NAMED = 3
"""Metrics whose differences a message spells out."""


def one_protocol(
    record: RunRecord, protocol: str | None = None, methods: Sequence[str] = ()
) -> RunRecord:
    """Leave in a record what can share a table: one protocol, one hash per metric.

    Args:
        record: Stored scores, perhaps under several protocols.
        protocol: Protocol id; when None there must be one only.
        methods: Method ids that will be shown; all when empty. The others do not matter.

    Returns:
        The record with the scores under that protocol.

    Raises:
        InputError: There are no scores under that protocol, or the scores come from several
            protocols or hashes; names the choices that differ, with both values.
    """
    known = sorted({method.protocol for method in record.methods})
    if protocol is not None and known and protocol not in known:
        raise unknown_id("protocol in these scores", protocol, known)
    kept = [m for m in record.methods if protocol in (None, m.protocol)]
    shown = [m for m in kept if not methods or m.id in methods]
    for first in shown:
        for second in shown:
            _refuse_mixed(first, second)
    left = {m.protocol for m in shown} or set(known)
    return replace(
        record,
        methods=tuple(m for m in kept if m.protocol in left),
        scores=tuple(s for s in record.scores if s.protocol in left),
    )


def _refuse_mixed(first: MethodRecord, second: MethodRecord) -> None:
    metrics = [
        name for name, digest in first.hashes.items() if second.hashes.get(name, digest) != digest
    ]
    several = first.protocol != second.protocol
    details = [f"{name}: {different_choices(first, second, name)}" for name in metrics]
    details += [
        f"{name}: sha256 {digest[:12]} against {second.models[name][:12]}"
        for name, digest in first.models.items()
        if second.models.get(name, digest) != digest
    ]
    if not details and not several:
        return
    more = f"; and {len(details) - _NAMED} more" if len(details) > _NAMED else ""
    one, other = (
        f"{method.id} (protocol {method.protocol})" if several else method.id
        for method in (first, second)
    )
    what = f" ({'; '.join(details[:_NAMED])}{more})" if details else ""
    advice = "choose one with --protocol" if several else "score both again"
    raise InputError(f"scores of {one} and {other} cannot share a table{what}; {advice}")


def different_choices(first: MethodRecord, second: MethodRecord, metric: str) -> str:
    """Say how two methods' scores of a metric came about differently.

    Args:
        first: How the scores of one method came about.
        second: The same of another one.
        metric: Metric id.

    Returns:
        The choices that differ and both values of each ("border 0 against 4, ..."), or both
        hashes where the choices were not kept.
    """
    one, other = first.choices.get(metric, {}), second.choices.get(metric, {})
    if not one or not other:
        return f"hash {first.hashes[metric]} against {second.hashes[metric]}"
    return ", ".join(
        f"{name} {_said(one, name)} against {_said(other, name)}"
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    )


def _said(choices: Mapping[str, Any], name: str) -> str:
    value = choices.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
