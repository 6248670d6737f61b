"""Verification of a row: what is wrong with it, and how far the board can vouch for it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator, Mapping
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
from pdbench.leaderboard.provenance import Origin, Output
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.scoring import Scored, score_folder
from pdbench.leaderboard.sources import reproduce
from pdbench.leaderboard.submission import Entry, crop_name, read_entry
from pdbench.leaderboard.submit import install, write_draft
from pdbench.leaderboard.text_validation import clean_text
from pdbench.leaderboard.validation import entry_failures, scores_agree

__all__ = ["Evidence", "Verification", "verify_entry"]

_REPORTED, _RESCORED, _REPRODUCED = LEVELS


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a row is held against beside its own files; all of it optional.

    Attributes:
        datasets: Ids of the datasets to look at; all of the row's when empty.
        images: Its output images: a folder, one of folders per dataset, or a zip file.
        reproduce: Run the method of this repository, or the checkpoint.
        checkpoint: The file that was submitted.
        work: Folder for the runs; a temporary one when None.
        options: How to restore and score; protocol, metrics, seed and size are the row's.
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


@dataclass(kw_only=True)
class Verification:
    """What verifying one row found.

    Attributes:
        id: The row.
        level: How far the board can vouch for it; "" where it is refused.
        failures: Why it is refused, one sentence each.
        notes: What a reader should know, one sentence each.
    """

    id: str
    level: str = ""
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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
        return Verification(id=name, failures=[board.refused[name]])
    entry = board.entry(name)
    evidence = evidence or Evidence()
    if entry.own and (evidence.images or evidence.checkpoint):
        raise InputError(
            f"'{name}' is a row of this repository, which keeps no digests of images and no "
            "checkpoint to hold yours against; verify it with --reproduce"
        )
    found = Verification(id=name, failures=entry_failures(entry, board))
    if found.failures:
        return found
    names = evidence.datasets or tuple(entry.provenance.datasets)
    datasets = _open_datasets(entry, board, evidence, names, found)
    rescored = _Run(entry, datasets, evidence, found).level()
    if reason := implausible(entry, {name: part.outputs for name, part in rescored.items()}):
        found.notes.insert(0, reason)
    if found.failures:
        found.level, found.failures = "", list(dict.fromkeys(found.failures))
        return found
    if evidence.record and rescored.keys() == entry.provenance.datasets.keys():
        entry = _store_own_values(board, entry, rescored)
    verdict = _verdict(board, entry, names, found)
    found.level = verdict.level
    if evidence.record and (evidence.reproduce or not entry.own):
        write_verdict(board.root, verdict)
    return found


def _verdict(board: Board, entry: Entry, names: Collection[str], found: Verification) -> Verdict:
    """Join what was found with an earlier verdict, as far as that holds for the same files."""
    level = found.level
    digests = {name: entry.digests[name] for name in names}
    if earlier := board.verdict(entry):
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
        notes=tuple(clean_text(note) for note in found.notes),
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


def _open_datasets(
    entry: Entry, board: Board, evidence: Evidence, names: Collection[str], found: Verification
) -> dict[str, Dataset]:
    """Open the datasets that are here, and compare each with the one that was scored."""
    needed = evidence.images is not None or evidence.reproduce
    opened: dict[str, Dataset] = {}
    for name in names:
        if name not in DATASETS or name not in entry.provenance.datasets:
            known = ", ".join(name for name in entry.provenance.datasets if name in DATASETS)
            found.failures.append(f"dataset '{name}' is none of the board's that it has: {known}")
            continue
        part = entry.provenance.datasets[name]
        known_images = board_images(board, name)
        try:
            dataset = open_dataset(name, evidence.options.data_root)
            opened[name], images = named_as(dataset, part.images)
        except InputError as error:
            if needed:
                raise
            images = {}
            if not known_images:
                found.notes.append(f"dataset {name} was not compared: {error}")
        if any(here and here != part.images for here in (known_images, images)):
            found.failures.append(
                f"{name}: it was scored on other images than the board's {name}; score it on the "
                "published set"
            )
    return opened


@dataclass(frozen=True)
class _Run:
    """Scores computed again, from images or weights, and compared with those of a row.

    Attributes:
        entry: The row.
        datasets: Dataset id -> the images it was made from.
        evidence: Images and weights.
        found: Where failures and notes go.
    """

    entry: Entry
    datasets: Mapping[str, Dataset]
    evidence: Evidence
    found: Verification

    def level(self) -> dict[str, Scored]:
        """Find the level that the evidence proves.

        Returns:
            Dataset id -> the board's own scores of the images, where it computed them all.
        """
        entry, evidence, found = self.entry, self.evidence, self.found
        found.level = _RESCORED if entry.own else _REPORTED
        rescored: dict[str, Scored] = {}
        if evidence.images is not None and not found.failures:
            with open_images(evidence.images) as images, self._work() as work:
                alone = len(self.datasets) == 1
                folders = {
                    name: dataset_folder(images, name, alone=alone) for name in self.datasets
                }
                scored = self._score(folders, work / "images")
                found.failures = [
                    text.replace(str(images), str(evidence.images)) for text in found.failures
                ]
                for name, part in scored.items():
                    found.failures += _compare_images(entry, name, part)
                if self._compare(scored, elsewhere=False):
                    found.level, rescored = _RESCORED, scored
        if evidence.reproduce and not found.failures:
            with self._work() as work:
                made = {name: work / "made" / entry.id / name for name in self.datasets}
                if self._reproduce(made) and self._compare(
                    self._score(made, work / "again"), elsewhere=True
                ):
                    found.level = _REPRODUCED
        return rescored

    @contextlib.contextmanager
    def _work(self) -> Iterator[Path]:
        """Hold a folder for runs: the one given, or a temporary one."""
        if self.evidence.work is not None:
            yield self.evidence.work
            return
        with tempfile.TemporaryDirectory(prefix="pdbench-") as folder:
            yield Path(folder)

    def _options(self) -> EvalOptions:
        source = self.entry.provenance
        return replace(
            self.evidence.options,
            protocol=source.protocol,
            metrics=tuple(metric.id for metric in source.metrics),
            seed=self.entry.card.seeds[0],
            size=source.size or "compact",
        )

    def _reproduce(self, folders: Mapping[str, Path]) -> bool:
        """Run what was declared on every dataset; return whether it could be run."""
        options, evidence = self._options(), self.evidence
        try:
            for name, dataset in self.datasets.items():
                reproduce(
                    self.entry, dataset, folders[name], evidence.checkpoint, options,
                    progress=evidence.progress,
                )  # fmt: skip
        except PdbenchError as error:
            self.found.failures.append(str(error))
        return not self.found.failures

    def _score(self, folders: Mapping[str, Path], work: Path) -> dict[str, Scored]:
        """Score a folder of images for each dataset; what cannot be scored is a failure."""
        entry, scored = self.entry, {}
        for name, dataset in self.datasets.items():
            try:
                scored[name] = score_folder(
                    folders[name], dataset, entry.id, entry.card.name,
                    work=work / entry.id / name, options=self._options(),
                    progress=self.evidence.progress,
                )  # fmt: skip
            except PdbenchError as error:
                self.found.failures.append(f"{name}: {error}")
        return scored

    def _compare(self, scored: Mapping[str, Scored], *, elsewhere: bool) -> bool:
        """Compare scores on every dataset; return whether all of them were computed again."""
        other = _other_models(self.entry)
        self.found.notes += other.values()
        whole = not other
        for name, part in scored.items():
            self.found.failures += _compare_scores(
                self.entry, name, part, set(other), elsewhere=elsewhere
            )
            if left := _not_scored(self.entry, name, part):
                whole = False
                self.found.notes.append(
                    f"{name}: not computed again, their weights are missing: {', '.join(left)}"
                )
        return whole and not self.found.failures


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
    """Compare two outputs; last digits of detail and grain may differ between processors."""
    alike = first.model_copy(update={"detail": second.detail, "grain": second.grain})
    pairs = ((first.detail, second.detail), (first.grain, second.grain))
    near = (one is None or other is None or abs(one - other) < 0.0025 for one, other in pairs)
    return alike == second and all(near)


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
            cell = f"{metric} of '{row.image}' is"
            if value is None:
                if not entry.own:
                    filled[metric] = f"{cell} missing, but it is {again:.6f}"
            elif not scores_agree(value, again, metric, elsewhere=elsewhere):
                text = f"{cell} {again:.6f}, not {value:.6f}"
                changed[metric] = max(changed.get(metric, (0.0, "")), (abs(value - again), text))
    source = "what was run" if elsewhere else "these images"
    for _, text in changed.values():
        yield f"{dataset}: {text}; the scores are not those of {source}"
    for text in filled.values():
        yield f"{dataset}: {text}; submit all scores that the images give"


def _not_scored(entry: Entry, dataset: str, scored: Scored) -> list[str]:
    """Return the metrics that have scores in the row but none when computed again."""
    found = {s.metric for s in scored.record.scores if s.value is not None}
    values = {m for row in entry.rows[dataset] for m, v in row.values.items() if v is not None}
    return sorted(values - found)
