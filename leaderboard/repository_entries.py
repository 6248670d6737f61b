"""This repository's own rows: cards from what methods and networks declare, committed scores."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from pdbench import methods
from pdbench.data.datasets import Dataset, combine_sha256
from pdbench.errors import InputError
from pdbench.harness.results import is_results_folder, read_results, results_folder
from pdbench.harness.run_info import RunRecord
from pdbench.leaderboard.card import Card, card_from
from pdbench.leaderboard.scoring import Scoring
from pdbench.leaderboard.sources import Runnable
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS, protocol_hash

__all__ = ["committed_scores", "own_card"]


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


def committed_scores(
    results: Path,
    dataset: Dataset,
    digests: Mapping[str, str],
    runnable: Runnable,
    scoring: Scoring,
) -> RunRecord | None:
    """Return a dataset's committed results if they hold just the scores that would be computed.

    Args:
        results: The repository's results.
        dataset: What was scored.
        digests: Image name -> digest of each of its images.
        runnable: A method of this repository.
        scoring: How.

    Returns:
        The results; None where there are none of this method, or they are of other images or
        weights, another seed or another protocol.
    """
    folder = results_folder(results, dataset.id, dataset.scale)
    if not is_results_folder(folder):
        return None
    protocol = PROTOCOLS.get(scoring.protocol)
    wanted = tuple(scoring.metrics) or protocol.metric_ids
    hashes = {metric: protocol_hash(protocol, METRICS.get(metric)) for metric in wanted}
    record = read_results(folder)
    for method in record.methods:
        if method.id == runnable.method.id:
            same = (
                method.weights == runnable.origin.weights
                and method.seed == scoring.seed
                and method.dataset_sha256 == combine_sha256(digests)
                and all(method.hashes.get(metric) == hashes[metric] for metric in wanted)
            )
            return record if same else None
    return None


def _of_all(networks: Any, trained: Mapping[str, Any], field: str) -> list[str]:  # noqa: ANN401
    entries: list[str] = []
    for network in networks:
        if network not in trained:
            raise InputError(
                f"leaderboard/own.yaml does not say how '{network}' was trained; add it there"
            )
        entries += trained[network][field]
    return list(dict.fromkeys(entries)) or ["none"]
