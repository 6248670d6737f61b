"""Submitting: score what is handed in, write it down, check it like anybody's, put it in place."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from pdbench.data.datasets import DATASETS, Dataset, open_dataset
from pdbench.data.pairs import name_some
from pdbench.errors import InputError
from pdbench.harness.run_info import RunRecord
from pdbench.leaderboard.archives import dataset_folder, open_images
from pdbench.leaderboard.board import SUBMISSIONS, Board, read_board
from pdbench.leaderboard.card import Card
from pdbench.leaderboard.dataset_matching import board_images, named_as
from pdbench.leaderboard.duplicates import copy_failures
from pdbench.leaderboard.inference import write_images
from pdbench.leaderboard.repository_entries import committed_scores
from pdbench.leaderboard.scoring import Scored, Scoring, score_folder
from pdbench.leaderboard.sources import Runnable
from pdbench.leaderboard.submission import Entry, read_entry
from pdbench.leaderboard.text_validation import check_id
from pdbench.leaderboard.validation import static_failures
from pdbench.leaderboard.writer import Origin, install, write_draft, write_references
from pdbench.registry import unknown_id

__all__ = ["Request", "Submitted", "submit", "submit_all"]

IMAGES = "images"
"""Folder of `Request.work` for the images of a method that runs here."""
RESULTS = "results"
"""The repository's committed results, beside the board."""


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
    sets = _opened(request, board)
    with _images(request, sets) as images:
        return _submit(board, request, sets, images, dry_run=dry_run)


def _submit(
    board: Board, request: Request, sets: Mapping[str, _TestSet], images: Path, *, dry_run: bool
) -> Submitted:
    """Score, check and place what lies in the folder of images."""
    root = board.root
    scored = _scored(request, sets, images, root.parent / RESULTS)
    origin = request.source.origin if isinstance(request.source, Runnable) else Origin()
    # On the board's own file system, so that it appears there at once and whole.
    place_for_draft = None if dry_run else root
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=place_for_draft) as folder:
        draft = Path(folder) / request.id
        write_draft(draft, request.card, origin, scored)
        entry = read_entry(draft)
        failures = [*static_failures(entry, root.parent / RESULTS), *copy_failures(entry, board)]
        if failures:
            raise InputError(failures[0])
        if dry_run:
            return Submitted(entry=entry, folder=None, warnings=tuple(_warnings(entry)))
        target = install(root, draft)
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


def submit_all(
    root: Path, requests: Sequence[Request], *, dry_run: bool = False
) -> Iterator[Submitted]:
    """Put methods of this repository on a board; what several need of a network is made once.

    Args:
        root: The board.
        requests: What to put there; all on the same datasets and scored in the same way.
        dry_run: Write nothing to the board.

    Yields:
        The submissions, in order.

    Raises:
        InputError: As `submit`; an id that is taken is found before any network runs.
        WeightsUnavailable: A network has no weights here.
    """
    board = read_board(root)
    for request in requests:
        _without(board, check_id(request.id), replace=request.replace)
    sets = _opened(requests[0], board)
    _make(requests, sets)
    for request in requests:
        # read anew: a row is also held against those placed just before it
        others = _without(read_board(root), request.id, replace=request.replace)
        yield _submit(others, request, sets, request.work / IMAGES, dry_run=dry_run)


class _TestSet(NamedTuple):
    """A dataset, and the digest of each of its images: taken once, since it loads them all."""

    dataset: Dataset
    digests: Mapping[str, str]


def _opened(request: Request, board: Board) -> dict[str, _TestSet]:
    names = tuple(dict.fromkeys(request.datasets))
    if not names:
        raise InputError("no dataset to score on; name one with --dataset")
    for name in names:
        if name not in DATASETS:
            raise unknown_id("dataset of a board", name, DATASETS)
    datasets = {name: open_dataset(name, request.data_root) for name in names}
    return {name: _on_board(dataset, board) for name, dataset in datasets.items()}


def _on_board(dataset: Dataset, board: Board) -> _TestSet:
    """Refuse another set of that name before anything is scored on it."""
    images = board_images(board, dataset.id)
    dataset, found = named_as(dataset, images)
    if images and found != images:
        strange = sorted(name for name in found if found[name] not in images.values())
        raise InputError(
            f"{dataset.id} here is not the board's: {len(found)} images instead of {len(images)}, "
            f"{len(strange)} of them other{f' ({name_some(strange)})' if strange else ''}; "
            f"get the published set with 'pdbench data get {dataset.id}'"
        )
    return _TestSet(dataset, found)


def _scored(
    request: Request, sets: Mapping[str, _TestSet], images: Path, results: Path
) -> dict[str, Scored]:
    return {
        name: score_folder(
            dataset_folder(images, name, alone=len(sets) == 1),
            one.dataset,
            request.id,
            request.card.name,
            work=request.work / "scores" / name,
            scoring=request.scoring,
            known=_known(request, one, results),
        )
        for name, one in sets.items()
    }


def _known(request: Request, one: _TestSet, results: Path) -> RunRecord | None:
    if isinstance(request.source, Runnable) and request.source.origin.way == "own":
        return committed_scores(results, *one, request.source, request.scoring)
    return None


@contextlib.contextmanager
def _images(request: Request, sets: Mapping[str, _TestSet]) -> Iterator[Path]:
    """Hold the folder of output images, made here if need be."""
    if isinstance(request.source, Path):
        with open_images(request.source) as folder:
            yield folder
        return
    _make([request], sets)
    yield request.work / IMAGES


def _make(requests: Sequence[Request], sets: Mapping[str, _TestSet]) -> None:
    """Run the methods on the datasets, all of them with the networks of the first."""
    first = requests[0]
    sources = {
        request.work / IMAGES: request.source
        for request in requests
        if isinstance(request.source, Runnable)
    }
    for name, one in sets.items():
        write_images(
            {folder / name: source.method for folder, source in sources.items()},
            one.dataset,
            next(iter(sources.values())).catalog,
            protocol=first.scoring.protocol,
            size=first.size,
            seed=first.scoring.seed,
            device=first.scoring.device,
            progress=first.scoring.progress,
        )


def _warnings(entry: Entry) -> Iterator[str]:
    for metric, loss in entry.leaks.items():
        if metric in {facts.id for facts in entry.provenance.metrics}:
            yield f"{metric} is contaminated: the method was trained with {loss}"
    for dataset in entry.provenance.datasets:
        if data := entry.contamination(dataset):
            yield f"{dataset} holds training images ({data}): its scores are marked"
    missing: dict[str, tuple[dict[str, None], dict[str, None]]] = {}  # in order, once each
    for dataset, part in entry.provenance.datasets.items():
        for gap in part.missing:
            if gap.images == "all":
                metrics, datasets = missing.setdefault(gap.reason, ({}, {}))
                metrics[gap.metric] = datasets[dataset] = None
    for reason, (metrics, datasets) in missing.items():
        yield f"no {', '.join(metrics)} on {', '.join(datasets)} ({reason})"
