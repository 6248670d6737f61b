"""Submitting: score what is handed in, write it down, check it like anybody's, put it in place."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pdbench.data.datasets import DATASETS, Dataset, open_dataset
from pdbench.errors import InputError
from pdbench.leaderboard.archives import dataset_folder, handed_in
from pdbench.leaderboard.board import SUBMISSIONS, Board, read_board
from pdbench.leaderboard.building import Origin, place, write_draft, write_references
from pdbench.leaderboard.card import Card
from pdbench.leaderboard.checks import static_failures
from pdbench.leaderboard.copies import copy_failures
from pdbench.leaderboard.entry import Entry, read_entry
from pdbench.leaderboard.making import write_images
from pdbench.leaderboard.origins import Runnable
from pdbench.leaderboard.outputs import Scored, Scoring, score_folder
from pdbench.leaderboard.wording import check_id
from pdbench.registry import unknown_id

__all__ = ["Request", "Submitted", "submit"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be put on a board.

    Attributes:
        id: Id of the submission.
        card: What the method is.
        source: Output images (a folder, one of folders per dataset, or a zip file), or a method
            to make them with.
        datasets: Ids of the datasets.
        data_root: Folder that holds them; PDBENCH_DATA when None.
        size: Size of this repository's networks.
        scoring: How to score.
        work: Folder for images made and for scores; what it holds is not computed again.
        replace: Whether an earlier submission of that id gives way.
    """

    id: str
    card: Card
    source: Path | Runnable
    datasets: Sequence[str]
    data_root: Path | None
    size: str
    scoring: Scoring
    work: Path
    replace: bool = False


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
    datasets = {name: _open(name, request.data_root) for name in dict.fromkeys(request.datasets)}
    if not datasets:
        raise InputError("no dataset to score on; name one with --dataset")
    scored = _scored(request, datasets)
    origin = request.source.origin if isinstance(request.source, Runnable) else Origin()
    # On the board's own file system, so that it appears there at once and whole.
    place_for_draft = None if dry_run else root
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=place_for_draft) as folder:
        draft = Path(folder) / request.id
        write_draft(draft, request.card, origin, scored)
        entry = read_entry(draft)
        failures = [*static_failures(entry, root.parent / "results"), *copy_failures(entry, board)]
        if failures:
            raise InputError(failures[0])
        if dry_run:
            return Submitted(entry=entry, folder=None, warnings=tuple(_warnings(entry)))
        target = place(root, draft)
    if origin.way == "own":
        write_references(root, scored)
    return Submitted(
        entry=replace(entry, folder=target), folder=target, warnings=tuple(_warnings(entry))
    )


def _without(board: Board, name: str, *, replace: bool) -> Board:
    """Return the board without an earlier submission of that id."""
    there = (board.root / SUBMISSIONS / name).exists()
    if there and not replace:
        raise InputError(
            f"'{name}' is on the board already; choose another --id, or --replace it if it is "
            "yours"
        )
    entries = tuple(entry for entry in board.entries if entry.id != name)
    return Board(root=board.root, entries=entries, refused={}, verdicts=board.verdicts)


def _open(name: str, root: Path | None) -> Dataset:
    if name not in DATASETS:
        raise unknown_id("dataset of a board", name, DATASETS)
    return open_dataset(name, root)


def _scored(request: Request, datasets: dict[str, Dataset]) -> dict[str, Scored]:
    with _images(request, datasets) as images:
        return {
            name: score_folder(
                dataset_folder(images, name, alone=len(datasets) == 1),
                dataset,
                request.id,
                request.card.name,
                work=request.work / "scores" / name,
                scoring=request.scoring,
            )
            for name, dataset in datasets.items()
        }


@contextlib.contextmanager
def _images(request: Request, datasets: dict[str, Dataset]) -> Iterator[Path]:
    """Hold the folder of output images, made here if need be."""
    if isinstance(request.source, Path):
        with handed_in(request.source) as folder:
            yield folder
        return
    made = request.work / "images"
    for name, dataset in datasets.items():
        write_images(
            request.source.method,
            dataset,
            made / name,
            request.source.open_baseline,
            protocol=request.scoring.protocol,
            size=request.size,
            seed=request.scoring.seed,
            device=request.scoring.device,
            progress=request.scoring.progress,
        )
    yield made


def _warnings(entry: Entry) -> Iterator[str]:
    for metric, loss in entry.leaks.items():
        if metric in {facts.id for facts in entry.provenance.metrics}:
            yield f"{metric} is flattered: the method was trained with {loss}"
    for dataset in entry.provenance.datasets:
        if data := entry.contamination(dataset):
            yield f"{dataset} holds training images ({data}): its scores are marked"
    for dataset, part in entry.provenance.datasets.items():
        for missing in part.missing:
            if missing.images == "all":
                yield f"{dataset}: {missing.metric} is missing ({missing.reason})"
