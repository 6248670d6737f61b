"""Verification of a row: what is wrong with it, and how far the board can vouch for it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from pdbench.data.datasets import DATASETS, Dataset, open_dataset
from pdbench.errors import InputError, PdbenchError
from pdbench.harness.options import EvalOptions
from pdbench.harness.run_info import installed_versions
from pdbench.leaderboard.archives import dataset_folder, open_images
from pdbench.leaderboard.board import LEVELS, Board, Verdict, write_verdict
from pdbench.leaderboard.crops import read_crop
from pdbench.leaderboard.dataset_matching import board_images, named_as
from pdbench.leaderboard.models import used_models
from pdbench.leaderboard.plausibility import implausible
from pdbench.leaderboard.provenance import Output
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.scoring import Scored, score_folder
from pdbench.leaderboard.sources import reproduce
from pdbench.leaderboard.submission import Entry, crop_name, read_entry
from pdbench.leaderboard.text_validation import clean_text
from pdbench.leaderboard.validation import entry_failures, scores_agree
from pdbench.leaderboard.writer import Origin, install, write_draft

__all__ = ["Evidence", "Verification", "verify_entry"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a row is held against beside its own files; all of it optional.

    Attributes:
        datasets: Ids of the datasets to look at; all of the row's when empty.
        images: Its output images: a folder, one of folders per dataset, or a zip file.
        reproduce: Run the method of this repository, or the checkpoint.
        checkpoint: The file that was submitted.
        work: Folder for the runs; a temporary one when None.
        options: How to restore and score; protocol, metrics and seed are the row's.
        progress: Whether to show progress bars.
        record: Whether to keep the verdict on the board, and with images the scores the board
            computed from them.
    """

    datasets: tuple[str, ...] = ()
    images: Path | None = None
    reproduce: bool = False
    checkpoint: Path | None = None
    work: Path | None = None
    options: EvalOptions = field(default_factory=EvalOptions)
    progress: bool = False
    record: bool = False


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What verifying one submission found.

    Attributes:
        id: The submission.
        level: How far the board can vouch for it; "" where it is refused.
        failures: Why it is refused, one sentence each.
        notes: What a reader should know, one sentence each.
        verdict: What the board may keep, None where it is refused.
    """

    id: str
    level: str
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    verdict: Verdict | None


def verify_entry(board: Board, name: str, evidence: Evidence | None = None) -> Verification:
    """Verify one row.

    Args:
        board: The board it is on.
        name: Its id.
        evidence: Images and weights to hold it against.

    Returns:
        Failures, or the level: that which the evidence proves, or an earlier verdict on the same
        files if it is higher.

    Raises:
        InputError: There is no such row, or the evidence cannot be used at all.
    """
    if name in board.refused:
        return _refused(name, [board.refused[name]])
    entry = board.entry(name)
    evidence = evidence or Evidence()
    if failures := entry_failures(entry, board):
        return _refused(name, failures)
    notes = [reason] if (reason := implausible(entry)) else []
    held = _hold_against(entry, board, evidence, notes)
    if held.failures:
        return _refused(name, held.failures)
    if evidence.record and held.rescored:
        entry = _store_own_values(board, entry, held.rescored)
    verdict = _verdict(board, entry, held, notes)
    if evidence.record and (evidence.reproduce or not entry.own):
        write_verdict(board.root, verdict)
    return Verification(
        id=entry.id, level=verdict.level, failures=(), notes=verdict.notes, verdict=verdict
    )


@dataclass(kw_only=True)
class _Held:
    """What holding a row against evidence found.

    Attributes:
        level: The level proved so far.
        datasets: Ids of the datasets it was proved on.
        failures: What is wrong, one sentence each.
        rescored: Dataset id -> the board's own scores of the images, where it computed them all.
    """

    level: str
    datasets: Collection[str]
    failures: list[str] = field(default_factory=list)
    rescored: dict[str, Scored] = field(default_factory=dict)


def _verdict(board: Board, entry: Entry, held: _Held, notes: Iterable[str]) -> Verdict:
    """Join what was found with an earlier verdict, as far as that holds for the same files."""
    level = held.level
    digests = {name: entry.digests[name] for name in held.datasets}
    earlier = board.verdict(entry)
    if earlier:
        kept = dict(earlier.digests.items() & entry.digests.items())
        if LEVELS.index(earlier.level) > LEVELS.index(level):
            level, digests = earlier.level, kept
        elif earlier.level == level:
            digests = kept | digests
    orders = {verdict.id: verdict.order for verdict in board.verdicts.values()}
    return Verdict(
        id=entry.id,
        order=orders.get(entry.id, 1 + max(orders.values(), default=0)),
        digests=dict(sorted(digests.items())),
        level=cast(Any, level),
        notes=tuple(clean_text(note) for note in notes),
        versions=installed_versions(),
    )


def _store_own_values(board: Board, entry: Entry, scored: Mapping[str, Scored]) -> Entry:
    """Write a submission anew with the scores the board computed from its images."""
    source = entry.provenance
    origin = Origin(way=source.way, source=source.source, size=source.size, weights=source.weights)
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=board.root) as folder:
        draft = Path(folder) / entry.id
        write_draft(draft, entry.card, origin, scored)
        return read_entry(install(board.root, draft))


def _refused(name: str, failures: list[str]) -> Verification:
    return Verification(
        id=name, level="", failures=tuple(dict.fromkeys(failures)), notes=(), verdict=None
    )


def _hold_against(entry: Entry, board: Board, evidence: Evidence, notes: list[str]) -> _Held:
    """Hold a row against datasets, images and weights, as far as they are given."""
    names = evidence.datasets or tuple(entry.provenance.datasets)
    held = _Held(level=LEVELS[1] if entry.own else LEVELS[0], datasets=names)
    wanted = evidence.images is not None or evidence.reproduce
    datasets = _datasets(entry, board, evidence, held, notes)
    if held.failures or not wanted:
        return held
    if evidence.images is not None:
        with open_images(evidence.images) as images, _work(evidence) as work:
            folders = {
                name: dataset_folder(images, name, alone=len(datasets) == 1) for name in datasets
            }
            found = _score_all(entry, folders, datasets, work / "images", evidence, held)
            for name, scored in found.items():
                held.failures += _compare_images(entry, name, scored)
            if _compare_all(entry, found, held, notes, elsewhere=False):
                held.level, held.rescored = LEVELS[1], found
    if not held.failures and evidence.reproduce:
        with _work(evidence) as work:
            folders = {name: work / "made" / entry.id / name for name in datasets}
            try:
                for name, dataset in datasets.items():
                    reproduce(
                        entry, dataset, folders[name], evidence.checkpoint,
                        device=evidence.options.device, progress=evidence.progress,
                    )  # fmt: skip
            except PdbenchError as error:
                held.failures.append(str(error))
                return held
            found = _score_all(entry, folders, datasets, work / "again", evidence, held)
            if _compare_all(entry, found, held, notes, elsewhere=True):
                held.level = LEVELS[2]
    return held


def _datasets(
    entry: Entry, board: Board, evidence: Evidence, held: _Held, notes: list[str]
) -> dict[str, Dataset]:
    """Open the datasets that are here, and compare each with the one that was scored."""
    needed = evidence.images is not None or evidence.reproduce
    opened: dict[str, Dataset] = {}
    for name in held.datasets:
        if name not in DATASETS or name not in entry.provenance.datasets:
            known = ", ".join(name for name in entry.provenance.datasets if name in DATASETS)
            held.failures.append(f"dataset '{name}' is none of the board's that it has: {known}")
            continue
        part = entry.provenance.datasets[name]
        known_images = board_images(board, name)
        try:
            opened[name], found = named_as(
                open_dataset(name, evidence.options.data_root), part.images
            )
        except InputError as error:
            if needed:
                raise
            found = {}
            if not known_images:
                notes.append(f"dataset {name} was not compared: {error}")
        if any(images and images != part.images for images in (known_images, found)):
            held.failures.append(
                f"{name}: it was scored on other images than the board's {name}; score it on the "
                "published set"
            )
    return opened


def _score_all(
    entry: Entry,
    folders: Mapping[str, Path],
    datasets: Mapping[str, Dataset],
    work: Path,
    evidence: Evidence,
    held: _Held,
) -> dict[str, Scored]:
    """Score a folder of images for each dataset; what cannot be scored is a failure."""
    options = replace(
        evidence.options,
        protocol=entry.provenance.protocol,
        metrics=tuple(metric.id for metric in entry.provenance.metrics),
        seed=entry.card.seeds[0],
    )
    found = {}
    for name, dataset in datasets.items():
        place = work / entry.id / name
        try:
            found[name] = score_folder(
                folders[name],
                dataset,
                entry.id,
                entry.card.name,
                work=place,
                options=options,
                progress=evidence.progress,
            )
        except PdbenchError as error:
            held.failures.append(f"{name}: {error}")
    return found


def _compare_all(
    entry: Entry, found: Mapping[str, Scored], held: _Held, notes: list[str], *, elsewhere: bool
) -> bool:
    """Compare scores on every dataset; return whether all of them were computed again."""
    other = _other_models(entry)
    notes += other.values()
    for name, scored in found.items():
        held.failures += _compare_scores(entry, name, scored, set(other), elsewhere=elsewhere)
    whole = [_all_scored(entry, name, scored, notes) for name, scored in found.items()]
    return not held.failures and not other and all(whole)


def _other_models(entry: Entry) -> dict[str, str]:
    """Return the metrics that were made with another model file than this machine has, and how."""
    other = {}
    for metric in (metric.id for metric in entry.provenance.metrics):
        for name, digest in used_models([metric]).items():
            theirs = entry.provenance.models.get(name)
            if theirs and theirs != digest:
                other[metric] = (
                    f"{metric} was not compared: made with another model file ({name} of sha256 "
                    f"{theirs[:12]}, here {digest[:12]})"
                )
    return other


@contextlib.contextmanager
def _work(evidence: Evidence) -> Iterator[Path]:
    """Hold a folder for runs: the one given, or a temporary one."""
    if evidence.work is not None:
        yield evidence.work
        return
    with tempfile.TemporaryDirectory(prefix="pdbench-") as folder:
        yield Path(folder)


def _compare_images(entry: Entry, dataset: str, scored: Scored) -> Iterator[str]:
    part = entry.provenance.datasets[dataset]
    pairs = zip(part.outputs, scored.outputs, strict=False)
    wrong = [output for output, found in pairs if not _same_output(output, found)]
    if len(part.outputs) != len(scored.outputs):
        yield (
            f"{dataset}: there are {len(scored.outputs)} images, {len(part.outputs)} were "
            "submitted; give all of them"
        )
    elif wrong:
        yield (
            f"{dataset}: {len(wrong)} images are not those that were submitted "
            f"('{wrong[0].image}' sample {wrong[0].sample}); give those or submit again"
        )
    elif dict(part.crops) != scored.boxes:
        yield f"{dataset}: its crops are of other places; submit again"
    else:
        for image, box in part.crops.items():
            name = crop_name(dataset, part.scale, image)
            shown = read_crop(read_file(entry.folder, name), name, box)
            if (shown != read_crop(scored.crops[image], name, box)).any():
                yield f"{dataset}: the crop of '{image}' is not of that image; submit again"


def _same_output(first: Output, second: Output) -> bool:
    """Compare two outputs; the last digit of the detail may differ between processors."""
    alike = first.model_copy(update={"detail": second.detail})
    return alike == second and abs(first.detail - second.detail) < 0.0025


def _compare_scores(
    entry: Entry, dataset: str, scored: Scored, without: Collection[str], *, elsewhere: bool
) -> Iterator[str]:
    """Report the worst change of each metric, and cells that are empty for no reason."""
    found = {(s.image, s.sample, s.metric): s.value for s in scored.record.scores}
    changed: dict[str, tuple[float, str]] = {}
    filled: dict[str, str] = {}
    for row in entry.rows[dataset]:
        for metric, value in row.values.items():
            again = found.get((row.image, row.sample, metric))
            if again is None or metric in without:
                continue
            if value is None:
                if not entry.own:
                    filled[metric] = f"{metric} of '{row.image}' is missing, but it is {again:.6f}"
                continue
            if scores_agree(value, again, metric, elsewhere=elsewhere):
                continue
            text = f"{metric} of '{row.image}' is {again:.6f}, not {value:.6f}"
            changed[metric] = max(changed.get(metric, (0.0, "")), (abs(value - again), text))
    source = "what was run" if elsewhere else "these images"
    for _, text in changed.values():
        yield f"{dataset}: {text}; the scores are not those of {source}"
    for text in filled.values():
        yield f"{dataset}: {text}; submit all scores that the images give"


def _all_scored(entry: Entry, dataset: str, scored: Scored, notes: list[str]) -> bool:
    """Tell whether every submitted score was computed again; note those that were not."""
    found = {s.metric for s in scored.record.scores if s.value is not None}
    values = {m for row in entry.rows[dataset] for m, v in row.values.items() if v is not None}
    if left := sorted(values - found):
        notes.append(
            f"{dataset}: not computed again, their weights are missing: {', '.join(left)}"
        )
    return not left
