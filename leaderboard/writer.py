"""Writing a submission: all of it or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pdbench.errors import InputError
from pdbench.leaderboard.board import SUBMISSIONS
from pdbench.leaderboard.card import Card, format_card
from pdbench.leaderboard.provenance import (
    FORMAT,
    DatasetPart,
    Missing,
    Provenance,
    format_provenance,
    scores_name,
)
from pdbench.leaderboard.safe_io import sha256_hex
from pdbench.leaderboard.scoring import Scored
from pdbench.leaderboard.submission import CARD, PROVENANCE, crop_name
from pdbench.leaderboard.text_validation import check_id, clean_text
from pdbench.score_table import format_csv
from pdbench.scores import Score

__all__ = ["Origin", "install", "write_draft", "write_references"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What was handed in.

    Attributes:
        way: One of `pdbench.leaderboard.provenance.WAYS`.
        source: sha256 of the checkpoint or the code, "" for neither.
        size: Size of this repository's networks, "" for others.
        weights: Fingerprint of the networks, "" where unknown.
    """

    way: str = "images"
    source: str = ""
    size: str = ""
    weights: str = ""


def write_draft(folder: Path, card: Card, origin: Origin, scored: Mapping[str, Scored]) -> None:
    """Write a submission's files.

    Args:
        folder: New folder, called like the submission.
        card: What the method is.
        origin: What was handed in.
        scored: Dataset id -> its outputs; all under one protocol.
    """
    folder.mkdir(parents=True)
    first = next(iter(scored.values())).record
    metrics = first.metrics
    columns = [facts.id for facts in metrics]
    contents = {CARD: format_card(card)}
    for dataset, part in scored.items():
        scale = part.record.dataset.scale
        text = format_csv(part.record.scores, columns)
        contents[scores_name(dataset, scale)] = text.encode()
        for image, crop in part.crops.items():
            contents[crop_name(dataset, scale, image)] = crop
    provenance = Provenance(
        format=FORMAT,
        id=check_id(folder.name),
        way=origin.way,
        source=origin.source,
        size=origin.size,
        weights=origin.weights,
        protocol=first.methods[0].protocol,
        versions=first.methods[0].versions,
        metrics=metrics,
        datasets={dataset: _part(part) for dataset, part in scored.items()},
        files={path: sha256_hex(content) for path, content in contents.items()},
    )
    contents[PROVENANCE] = format_provenance(provenance)
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _part(scored: Scored) -> DatasetPart:
    dataset, method = scored.record.dataset, scored.record.methods[0]
    return DatasetPart(
        title=dataset.title,
        scale=dataset.scale,
        sha256=dataset.sha256,
        images=dict(dataset.images),
        hashes={facts.id: method.hashes[facts.id] for facts in scored.record.metrics},
        missing=tuple(_missing(scored.record.scores, set(dataset.images))),
        outputs=scored.outputs,
        crops=scored.boxes,
    )


def _missing(scores: Iterable[Score], everything: set[str]) -> Iterable[Missing]:
    """Group the reasons of empty cells by metric, then by reason."""
    images: dict[tuple[str, str], set[str]] = {}
    for score in scores:
        if score.value is None:
            images.setdefault((score.metric, clean_text(score.reason)), set()).add(score.image)
    for (metric, reason), names in sorted(images.items()):
        yield Missing(
            metric=metric,
            reason=reason,
            images="all" if names == everything else tuple(sorted(names)),
        )


def install(root: Path, draft: Path) -> Path:
    """Move a draft to its place on the board, where an earlier submission of its id gives way."""
    target = root / SUBMISSIONS / check_id(draft.name)
    if target.is_symlink():
        raise InputError(f"'{target}' is a link; remove it")
    if target.exists():
        shutil.rmtree(target)
    draft.replace(target)
    return target


def write_references(root: Path, scored: Mapping[str, Scored]) -> None:
    """Keep the crops of the HR images that belong to the crops of all submissions."""
    for dataset, part in scored.items():
        for image, content in part.references.items():
            path = root / "references" / f"{dataset}_x{part.record.dataset.scale}" / f"{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
