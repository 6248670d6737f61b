"""This repository's own rows: scores from results/, cards from what methods declare.

results/<dataset>_x4/<method>.csv              the scores
leaderboard/own.yaml                           how the networks were trained
leaderboard/own/<method>/crops/<dataset>_x4/   small crops, at the places of
leaderboard/references/boxes.json
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pdbench.errors import InputError
from pdbench.harness.results import is_results_folder, read_results
from pdbench.harness.run_info import DatasetRecord, MethodRecord, RunRecord
from pdbench.leaderboard.card import Card, card_from
from pdbench.leaderboard.crops import Box
from pdbench.leaderboard.provenance import (
    FORMAT,
    Provenance,
    dataset_part,
)
from pdbench.leaderboard.safe_io import sha256_hex
from pdbench.leaderboard.score_csv import rows_of
from pdbench.leaderboard.submission import Entry, crop_name
from pdbench.score_table import parse_csv

if TYPE_CHECKING:
    from pdbench.harness.method import Method

__all__ = ["BOXES", "OWN", "own_card", "read_boxes", "repository_entries"]

OWN = "own"
BOXES = Path("references") / "boxes.json"


def repository_entries(root: Path) -> tuple[list[Entry], dict[str, str]]:
    """Read the rows that the repository of a board has in its results.

    Args:
        root: The board's folder; results/ lies beside it.

    Returns:
        One entry per method of this repository, with every dataset it was scored on, and why
        other methods have none. Both are empty where there are no results.

    Raises:
        InputError: Results are damaged.
    """
    folders = sorted((root.parent / "results").glob("*_x*"))
    records = {folder: read_results(folder) for folder in folders if is_results_folder(folder)}
    if not records:
        return [], {}
    # methods load torch, which a board without results is read without
    from pdbench.methods import resolve

    found: dict[str, dict[Path, RunRecord]] = {}
    for folder, record in records.items():
        for method in record.methods:
            found.setdefault(method.id, {})[folder] = record
    boxes = read_boxes(root)
    entries, refused = [], {}
    for name, parts in sorted(found.items()):
        if any(method.outputs for method in (_method(r, name) for r in parts.values())):
            continue  # images made elsewhere, scored by `eval`
        try:
            entries.append(_entry(root, resolve(name), parts, boxes))
        except InputError as error:
            refused[name] = str(error)
    return entries, refused


def read_boxes(root: Path) -> dict[str, dict[str, Box]]:
    """Return "<dataset>_x<scale>" -> image name -> where its crop lies; empty if none are kept."""
    path = root / BOXES
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return {name: {i: tuple(box) for i, box in boxes.items()} for name, boxes in content.items()}


def own_card(method: Method, seed: int = 0) -> Card:
    """Make the card of a method of this repository.

    Args:
        method: The method.
        seed: Seed of its outputs.

    Raises:
        InputError: `own.yaml` does not say what one of the networks was trained on.
    """
    text = (resources.files("pdbench.leaderboard") / "own.yaml").read_text(encoding="utf-8")
    own: dict[str, Any] = yaml.safe_load(text)
    trained = own.pop("trained")
    fields = {
        "name": method.title,
        "paper": method.reference,
        "kind": method.kind,
        "seeds": [seed],
        "training_data": _of_all(method.baselines, trained, "training_data"),
        "losses": _of_all(method.baselines, trained, "losses"),
        **own,
    }
    return card_from(fields, f"card of {method.id}")


def _of_all(networks: Iterable[str], trained: Mapping[str, Any], field: str) -> list[str]:
    """Join what the networks of a method were trained on or with."""
    entries: list[str] = []
    for network in networks:
        if network not in trained:
            raise InputError(
                f"leaderboard/own.yaml does not say how '{network}' was trained; add it there"
            )
        entries += trained[network][field]
    return list(dict.fromkeys(entries)) or ["none"]


def _entry(
    root: Path,
    method: Method,
    records: Mapping[Path, RunRecord],
    boxes: Mapping[str, Mapping[str, Box]],
) -> Entry:
    folder = root / OWN / method.id
    said = {place: _method(record, method.id) for place, record in records.items()}
    first = next(iter(said.values()))
    for place, one in said.items():
        if (one.protocol, one.weights, one.seed) != (first.protocol, first.weights, first.seed):
            raise InputError(
                f"results of '{method.id}' in '{place}' were made with another protocol, seed or "
                "weights than the others; run it again on all datasets"
            )
    texts = {place: (place / f"{method.id}.csv").read_text(encoding="utf-8") for place in said}
    metrics = {facts.id: facts for record in records.values() for facts in record.metrics}
    names = {place: record.dataset.id for place, record in records.items()}
    parts = {
        names[place]: dataset_part(
            record, said[place], said[place].hashes, crops=_kept(folder, record.dataset, boxes)
        )
        for place, record in records.items()
    }
    return Entry(
        folder=folder,
        card=own_card(method, first.seed),
        provenance=Provenance(
            format=FORMAT,
            id=method.id,
            way="own",
            source="",
            size=first.size,
            weights=first.weights,
            protocol=first.protocol,
            versions=dict(first.versions),
            models={},
            metrics=tuple(
                facts
                for facts in metrics.values()
                if not facts.source and facts.id in first.hashes
            ),
            datasets=parts,
            files={},
        ),
        rows={
            names[place]: tuple(rows_of(parse_csv(text, str(place))))
            for place, text in texts.items()
        },
        digests={
            names[place]: sha256_hex(
                json.dumps([said[place].weights, dict(said[place].hashes), text]).encode()
            )
            for place, text in texts.items()
        },
    )


def _method(record: RunRecord, name: str) -> MethodRecord:
    return next(method for method in record.methods if method.id == name)


def _kept(
    folder: Path, dataset: DatasetRecord, boxes: Mapping[str, Mapping[str, Box]]
) -> dict[str, Box]:
    """Return image name -> where its crop lies, of the crops that there are."""
    return {
        image: box
        for image, box in boxes.get(f"{dataset.id}_x{dataset.scale}", {}).items()
        if (folder / crop_name(dataset.id, dataset.scale, image)).is_file()
    }
