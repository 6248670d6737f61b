"""Writing a submission: all of it or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pdbench.errors import InputError
from pdbench.leaderboard.board import SUBMISSIONS
from pdbench.leaderboard.card import Card, format_card
from pdbench.leaderboard.models import used_models
from pdbench.leaderboard.provenance import (
    FORMAT,
    Provenance,
    dataset_part,
    format_provenance,
    scores_name,
)
from pdbench.leaderboard.safe_io import sha256_hex
from pdbench.leaderboard.scoring import Scored
from pdbench.leaderboard.submission import CARD, PROVENANCE, crop_name
from pdbench.leaderboard.text_validation import check_id
from pdbench.score_table import format_csv

__all__ = ["Origin", "install", "write_draft"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What was submitted.

    Attributes:
        way: One of `pdbench.leaderboard.provenance.WAYS`.
        source: sha256 of the checkpoint or the code, "" for neither.
        size: Size of this repository's networks, "" for others.
        weights: Fingerprint of the networks, "" where unknown.
    """

    way: Literal["images", "checkpoint", "method", "own"] = "images"
    source: str = ""
    size: str = ""
    weights: str = ""


def write_draft(folder: Path, card: Card, origin: Origin, scored: Mapping[str, Scored]) -> None:
    """Write a submission's files; a metric without a single score is left out.

    Args:
        folder: New folder, called like the submission.
        card: What the method is.
        origin: What was handed in.
        scored: Dataset id -> its outputs; all under one protocol.
    """
    folder.mkdir(parents=True)
    records = [part.record for part in scored.values()]
    given = {s.metric for record in records for s in record.scores if s.value is not None}
    metrics = [facts for facts in records[0].metrics if facts.id in given]
    columns = [facts.id for facts in metrics]
    contents = {CARD: format_card(card)}
    for dataset, part in scored.items():
        scale = part.record.dataset.scale
        text = format_csv(part.record.scores, columns)
        contents[scores_name(dataset, scale)] = text.encode()
        for image, crop in part.crops.items():
            contents[crop_name(dataset, scale, image)] = crop
    method = records[0].methods[0]
    provenance = Provenance(
        format=FORMAT,
        id=check_id(folder.name),
        way=origin.way,
        source=origin.source,
        size=origin.size,
        weights=origin.weights,
        protocol=method.protocol,
        versions=dict(method.versions),
        models=used_models(columns),
        metrics=tuple(metrics),
        datasets={
            dataset: dataset_part(
                part.record,
                part.record.methods[0],
                {metric: part.record.methods[0].hashes[metric] for metric in columns},
                outputs=part.outputs,
                crops=part.boxes,
            )
            for dataset, part in scored.items()
        },
        files={path: sha256_hex(content) for path, content in contents.items()},
    )
    contents[PROVENANCE] = format_provenance(provenance)
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def install(root: Path, draft: Path) -> Path:
    """Move a draft to its place on the board, where an earlier submission of its id gives way."""
    target = root / SUBMISSIONS / check_id(draft.name)
    if target.is_symlink():
        raise InputError(f"'{target}' is a link; remove it")
    if target.exists():
        shutil.rmtree(target)
    draft.replace(target)
    return target
