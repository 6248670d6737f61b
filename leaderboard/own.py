"""Cards of this repository's own rows, from what the methods and networks declare."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import yaml

from pdbench import methods
from pdbench.errors import InputError
from pdbench.leaderboard.card import Card, card_from

__all__ = ["own_card"]


def own_card(name: str, given: Mapping[str, object] | None = None) -> Card:
    """Make the card of a method of this repository.

    Args:
        name: Method id.
        given: Fields that differ from what `own.yaml` and the method declare.

    Raises:
        InputError: The method is unknown, a field is not as it must be, or `own.yaml` does not
            say what one of the networks was trained on.
    """
    method = methods.resolve(name)
    text = (resources.files("pdbench.leaderboard") / "own.yaml").read_text(encoding="utf-8")
    own: dict[str, Any] = yaml.safe_load(text)
    trained = own.pop("trained")
    fields: dict[str, object] = {
        "name": method.title,
        "paper": method.reference,
        "kind": method.kind,
        "seeds": [0],
        "runtime": None,
        **own,
    }
    for field in ("training_data", "losses"):
        if field not in (given or {}):
            fields[field] = _of_all(method.baselines, trained, field)
    return card_from({**fields, **(given or {})}, f"card of {name}")


def _of_all(networks: Any, trained: Mapping[str, Any], field: str) -> list[str]:  # noqa: ANN401
    entries: list[str] = []
    for network in networks:
        if network not in trained:
            raise InputError(
                f"leaderboard/own.yaml does not say how '{network}' was trained; add it there"
            )
        entries += trained[network][field]
    return list(dict.fromkeys(entries)) or ["none"]
