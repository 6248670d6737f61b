"""Verifying submissions: what is wrong with one, and how far the board can vouch for it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pdbench.data.datasets import DATASETS, Dataset, open_dataset
from pdbench.errors import InputError, PdbenchError
from pdbench.harness.run_info import installed_versions
from pdbench.leaderboard.archives import dataset_folder, open_images
from pdbench.leaderboard.board import LEVELS, Board, Verdict
from pdbench.leaderboard.crops import read_crop
from pdbench.leaderboard.dataset_matching import board_images, named_as
from pdbench.leaderboard.duplicates import copy_failures
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.scoring import Scored, Scoring, score_folder
from pdbench.leaderboard.sources import reproduce
from pdbench.leaderboard.submission import Entry, crop_name
from pdbench.leaderboard.text_validation import clean_text
from pdbench.leaderboard.validation import scores_agree, static_failures

__all__ = ["Evidence", "Verification", "verify_entry"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a submission is held against beside its own files; all of it optional.

    Attributes:
        images: Its output images: a folder, one of folders per dataset, or a zip file.
        reproduce: Run the method of this repository, or the checkpoint.
        checkpoint: The file that was submitted.
        data_root: Folder that holds the named datasets.
        work: Folder for the runs; a temporary one when None.
        device: Torch device.
        jobs: Processes; one per core when None.
        progress: Whether to show progress bars.
    """

    images: Path | None = None
    reproduce: bool = False
    checkpoint: Path | None = None
    data_root: Path | None = None
    work: Path | None = None
    device: str = "cpu"
    jobs: int | None = None
    progress: bool = False


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
    """Verify one submission.

    Args:
        board: The board it is on.
        name: Its id.
        evidence: Images and weights to hold it against.

    Returns:
        Failures, or the level: that which the evidence proves, or an earlier verdict on the same
        files if it is higher.

    Raises:
        InputError: There is no such submission, or the evidence cannot be used at all.
    """
    if name in board.refused:
        return _refused(name, [board.refused[name]])
    entry = board.entry(name)
    evidence = evidence or Evidence()
    failures = [*static_failures(entry, board.root.parent / "results")]
    failures += copy_failures(entry, board)
    if failures:
        return _refused(name, failures)
    notes: list[str] = []
    failures, level = _hold_against(entry, board, evidence, notes)
    if failures:
        return _refused(name, failures)
    level = max(level, board.level(entry), key=LEVELS.index)
    verdict = Verdict(
        id=entry.id,
        digest=entry.digest,
        level=level,
        notes=tuple(clean_text(note) for note in notes),
        versions=installed_versions(),
    )
    return Verification(
        id=entry.id, level=level, failures=(), notes=verdict.notes, verdict=verdict
    )


def _refused(name: str, failures: list[str]) -> Verification:
    return Verification(
        id=name, level="", failures=tuple(dict.fromkeys(failures)), notes=(), verdict=None
    )


def _hold_against(
    entry: Entry, board: Board, evidence: Evidence, notes: list[str]
) -> tuple[list[str], str]:
    """Return what is wrong by datasets, images and weights, and the level these prove."""
    wanted = evidence.images is not None or evidence.reproduce
    datasets, failures = _datasets(entry, board, evidence, notes, needed=wanted)
    if failures or not wanted:
        return failures, LEVELS[0]
    level = LEVELS[0]
    if evidence.images is not None:
        failures, whole = _rescore(entry, datasets, evidence, notes)
        level = LEVELS[1] if whole else level
    if not failures and evidence.reproduce:
        failures, whole = _reproduce(entry, datasets, evidence, notes)
        level = LEVELS[2] if whole else level
    return failures, level


def _datasets(
    entry: Entry, board: Board, evidence: Evidence, notes: list[str], *, needed: bool
) -> tuple[dict[str, Dataset], list[str]]:
    """Open the datasets that are here, and compare each with the one that was scored."""
    opened: dict[str, Dataset] = {}
    failures: list[str] = []
    for name, part in entry.provenance.datasets.items():
        if name not in DATASETS:
            failures.append(f"dataset '{name}' is none of a board's: {', '.join(DATASETS)}")
            continue
        known = board_images(board, name, besides=entry.id)
        try:
            dataset = open_dataset(name, evidence.data_root)
            opened[name], found = named_as(dataset, part.images)
        except InputError as error:
            if needed:
                raise
            found = {}
            if not known:
                notes.append(f"dataset {name} was not compared: {error}")
        if any(images and images != part.images for images in (known, found)):
            failures.append(
                f"{name}: it was scored on other images than the board's {name}; score it on the "
                "published set"
            )
    return opened, failures


def _rescore(
    entry: Entry, datasets: Mapping[str, Dataset], evidence: Evidence, notes: list[str]
) -> tuple[list[str], bool]:
    """Score the images again; return what is wrong, and whether every score was computed."""
    failures: list[str] = []
    whole = True
    with _work(evidence) as work, open_images(Path(str(evidence.images))) as images:
        for name, dataset in datasets.items():
            try:
                folder = dataset_folder(images, name, alone=len(datasets) == 1)
                scored = _score(entry, name, folder, dataset, work / "images", evidence)
            except PdbenchError as error:
                failures.append(f"{name}: {error}")
                continue
            failures += _compare_images(entry, name, scored)
            failures += _compare_scores(entry, name, scored, elsewhere=False)
            whole = _all_scored(entry, name, scored, notes) and whole
    return failures, whole


def _reproduce(
    entry: Entry, datasets: Mapping[str, Dataset], evidence: Evidence, notes: list[str]
) -> tuple[list[str], bool]:
    """Run the declared weights and score what they make."""
    failures: list[str] = []
    whole = True
    with _work(evidence) as work:
        for name, dataset in datasets.items():
            folder = work / "made" / entry.id / name
            try:
                reproduce(
                    entry, dataset, folder, evidence.checkpoint,
                    device=evidence.device, progress=evidence.progress,
                )  # fmt: skip
                scored = _score(entry, name, folder, dataset, work / "again", evidence)
            except PdbenchError as error:
                failures.append(f"{name}: {error}")
                continue
            failures += _compare_scores(entry, name, scored, elsewhere=True)
            whole = _all_scored(entry, name, scored, notes) and whole
    return failures, whole


@contextlib.contextmanager
def _work(evidence: Evidence) -> Iterator[Path]:
    """Hold a folder for runs: the one given, or a temporary one."""
    if evidence.work is not None:
        yield evidence.work
        return
    with tempfile.TemporaryDirectory(prefix="pdbench-") as folder:
        yield Path(folder)


def _score(
    entry: Entry, name: str, folder: Path, dataset: Dataset, work: Path, evidence: Evidence
) -> Scored:
    scoring = Scoring(
        protocol=entry.provenance.protocol,
        metrics=[facts.id for facts in entry.provenance.metrics],
        seed=entry.card.seeds[0],
        device=evidence.device,
        jobs=evidence.jobs,
        progress=evidence.progress,
    )
    work = work / entry.id / name
    return score_folder(folder, dataset, entry.id, entry.card.name, work=work, scoring=scoring)


def _compare_images(entry: Entry, dataset: str, scored: Scored) -> Iterator[str]:
    part = entry.provenance.datasets[dataset]
    wrong = [o for o, found in zip(part.outputs, scored.outputs, strict=False) if o != found]
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


def _compare_scores(
    entry: Entry, dataset: str, scored: Scored, *, elsewhere: bool
) -> Iterator[str]:
    """Report the worst change of each metric."""
    found = {(s.image, s.sample, s.metric): s.value for s in scored.record.scores}
    changed: dict[str, tuple[float, str]] = {}
    for row in entry.rows[dataset]:
        for metric, value in row.values.items():
            again = found.get((row.image, row.sample, metric))
            if value is None or again is None:
                continue
            if scores_agree(value, again, metric, elsewhere=elsewhere):
                continue
            text = f"{metric} of '{row.image}' is {again:.6f}, not {value:.6f}"
            changed[metric] = max(changed.get(metric, (0.0, "")), (abs(value - again), text))
    source = "what was run" if elsewhere else "these images"
    for _, text in changed.values():
        yield f"{dataset}: {text}; the scores are not those of {source}"


def _all_scored(entry: Entry, dataset: str, scored: Scored, notes: list[str]) -> bool:
    """Tell whether every submitted score was computed again; note those that were not."""
    found = {s.metric for s in scored.record.scores if s.value is not None}
    values = {m for row in entry.rows[dataset] for m, v in row.values.items() if v is not None}
    if left := sorted(values - found):
        notes.append(
            f"{dataset}: not computed again, their weights are missing: {', '.join(left)}"
        )
    return not left
