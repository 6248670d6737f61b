"""Submitting: score what is handed in, write it down, check it like anybody's, put it in place."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from pathlib import Path

from pdbench.data.datasets import DATASETS, Dataset, open_dataset
from pdbench.errors import InputError
from pdbench.harness.options import EvalOptions
from pdbench.leaderboard.archives import dataset_folder, open_images
from pdbench.leaderboard.board import SUBMISSIONS, Board, read_board
from pdbench.leaderboard.card import Card, format_card
from pdbench.leaderboard.dataset_matching import as_on_board
from pdbench.leaderboard.models import used_models
from pdbench.leaderboard.plausibility import implausible
from pdbench.leaderboard.provenance import (
    FORMAT,
    Origin,
    Provenance,
    dataset_part,
    format_provenance,
    scores_name,
)
from pdbench.leaderboard.safe_io import sha256_hex
from pdbench.leaderboard.scoring import Scored, score_folder
from pdbench.leaderboard.sources import Runnable, write_images
from pdbench.leaderboard.submission import CARD, PROVENANCE, Entry, crop_name, read_entry
from pdbench.leaderboard.text_validation import check_id
from pdbench.leaderboard.validation import entry_failures
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS
from pdbench.registry import unknown_id
from pdbench.score_table import format_csv

__all__ = ["Request", "Submitted", "install", "submit", "write_draft"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be put on a board.

    Attributes:
        id: Id of the submission.
        card: What the method is.
        source: Output images (a folder, one of folders per dataset, or a zip file), or a method
            to make them with.
        datasets: Ids of the datasets.
        options: How outputs are made and scored; the seed is the card's.
        work: Folder for images made and for scores; what it holds is not computed again.
        replace: Whether an earlier submission of that id gives way.
        progress: Whether to show progress bars.
    """

    id: str
    card: Card
    source: Path | Runnable
    datasets: Sequence[str]
    options: EvalOptions
    work: Path
    replace: bool = False
    progress: bool = False


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A submission that passed every check that needs no images.

    Attributes:
        entry: The submission as it can be read back.
        folder: Where it lies, None after a dry run.
        warnings: What visitors of the board will be told, one sentence each.
    """

    entry: Entry
    folder: Path | None
    warnings: tuple[str, ...]


def submit(root: Path, request: Request, *, dry_run: bool = False) -> Submitted:
    """Put a submission on a board, or do all but that.

    Args:
        root: The board.
        request: What to put there.
        dry_run: Write nothing to the board.

    Returns:
        The submission.

    Raises:
        InputError: The id is malformed or taken, an image is missing or unusable, or the
            submission would be refused; nothing has been written.
        WeightsUnavailable: A network has no weights here.
    """
    board = _without(read_board(root), check_id(request.id), replace=request.replace)
    _check_metrics(request)
    datasets = _open_all(request, board)
    with _images(request, datasets) as images:
        scored = {
            name: score_folder(
                dataset_folder(images, name, alone=len(datasets) == 1),
                dataset,
                request.id,
                request.card.name,
                work=request.work / "scores" / name,
                options=request.options,
                progress=request.progress,
            )
            for name, dataset in datasets.items()
        }
    origin = request.source.origin if isinstance(request.source, Runnable) else Origin()
    # On the board's own file system, so that it appears there at once and whole.
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=None if dry_run else root) as folder:
        draft = Path(folder) / request.id
        write_draft(draft, request.card, origin, scored)
        entry = read_entry(draft)
        if failures := entry_failures(entry, board):
            raise InputError(failures[0])
        asked = {facts.id for part in scored.values() for facts in part.record.metrics}
        warnings = tuple(_warnings(entry, sorted(asked)))
        target = None if dry_run else install(root, draft)
    return Submitted(
        entry=replace_fields(entry, folder=target or draft), folder=target, warnings=warnings
    )


def _without(board: Board, name: str, *, replace: bool) -> Board:
    """Return the board without an earlier submission of that id."""
    there = (board.root / SUBMISSIONS / name).exists()
    if there and not replace:
        raise InputError(
            f"'{name}' is on the board already; choose another --id, or --replace it if it is "
            "yours"
        )
    entries = tuple(entry for entry in board.entries if entry.id != name or entry.own)
    return replace_fields(board, entries=entries, refused={})


def _check_metrics(request: Request) -> None:
    """Refuse metrics from outside: the board can neither hold nor compute their scores again."""
    covered = PROTOCOLS.get(request.options.protocol).covered_ids
    for name in request.options.metrics:
        if (metric := METRICS.get(name).id) not in covered:
            raise InputError(f"{metric} is not a metric of the board's protocols; leave it out")


def _open_all(request: Request, board: Board) -> dict[str, Dataset]:
    names = tuple(dict.fromkeys(request.datasets))
    if not names:
        raise InputError("no dataset to score on; name one with --dataset")
    for name in names:
        if name not in DATASETS:
            raise unknown_id("dataset of a board", name, DATASETS)
    root = request.options.data_root
    return {name: as_on_board(open_dataset(name, root), board) for name in names}


@contextlib.contextmanager
def _images(request: Request, datasets: Mapping[str, Dataset]) -> Iterator[Path]:
    """Hold the folder of output images, made here if need be."""
    if isinstance(request.source, Path):
        with open_images(request.source) as folder:
            yield folder
        return
    images = request.work / "images"
    for name, dataset in datasets.items():
        write_images(
            images / name, request.source, dataset, request.options, progress=request.progress
        )
    yield images


def _warnings(entry: Entry, asked: Sequence[str]) -> Iterator[str]:
    """Say what visitors of the board will be told of a submission."""
    metrics = [metric.id for metric in entry.provenance.metrics]
    for metric in asked:
        if metric not in metrics:
            yield f"no {metric}: it could not be computed on any image, so it is left out"
    if reason := implausible(entry):
        yield reason
    for metric, loss in entry.leaks.items():
        if metric in metrics:
            yield f"{metric} is contaminated: the method was trained with {loss}"
    for dataset in entry.provenance.datasets:
        if data := entry.contamination(dataset):
            yield f"{dataset} contains training images ({data}): its scores are marked"
        if gaps := entry.partly_missing(dataset):
            yield (
                f"{', '.join(gaps)} on {dataset}: not on every image, so it counts only once the "
                "board has the images"
            )


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
