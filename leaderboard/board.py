"""The board: this repository's rows, submissions, and the verdicts of those who verified them.

    results/                beside the board: scores of this repository's own rows
    leaderboard/
        submissions/<id>/   one folder per entry of others, see `submission`
        verdicts/<id>.json  what the board found when it verified a row
        models.json         sha256 of the model files it accepts where none is published
        references/<dataset>_x4/<image>.png   crops of the HR images, for comparison

A verdict is the board's word, not the submitter's: it lies outside the submission, and holds for
exactly the files it was given for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator

from pdbench.atomic_write import replace_file
from pdbench.errors import InputError
from pdbench.harness.run_info import RunRecord
from pdbench.leaderboard.provenance import File, Sha256, load_json
from pdbench.leaderboard.repository_entries import repository_entries
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.submission import PROVENANCE, Entry, read_entry
from pdbench.leaderboard.text_validation import (
    Strict,
    as_tuple,
    check_id,
    check_text,
    held_to,
    quoted,
)
from pdbench.pydantic_errors import parse
from pdbench.registry import unknown_id

__all__ = [
    "LEVELS",
    "Board",
    "Verdict",
    "find_board",
    "read_board",
    "submission_ids",
    "write_verdict",
]

LEVELS: tuple[str, str, str] = ("self-reported", "re-scored", "reproduced")
"""Trust levels, lowest first: numbers only; the board computed every score from the images; it ran
the declared weights and got the same."""

SUBMISSIONS = "submissions"
VERDICTS = "verdicts"
MODELS = "models.json"
MOST_ENTRIES = 10_000


_Note = Annotated[str, held_to(check_text, what="a note", longest=600)]


class Verdict(Strict):
    """What verifying a row found.

    Attributes:
        id: The row.
        order: Place among all rows that the board recorded; of two alike, the first one stays.
        digests: Dataset id -> digest of what the verdict holds for.
        level: One of `LEVELS`.
        notes: What a reader should know, one sentence each.
        versions: Package -> version the board computed with.
    """

    id: str
    order: int
    digests: dict[str, str]
    level: Literal["self-reported", "re-scored", "reproduced"]
    notes: Annotated[tuple[_Note, ...], BeforeValidator(as_tuple)]
    versions: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Board:
    """All rows that can be read.

    Attributes:
        root: The board's folder.
        entries: Rows, sorted by id.
        refused: Id -> why it is not among the entries.
        verdicts: Id -> the verdict that was recorded, whatever it holds for.
        models: Name of a model file without a published sha256 -> the one this board accepts.
    """

    root: Path
    entries: tuple[Entry, ...]
    refused: Mapping[str, str]
    verdicts: Mapping[str, Verdict]
    models: Mapping[str, str]

    @property
    def ids(self) -> list[str]:
        """Ids of all rows, refused ones too, sorted."""
        return sorted({entry.id for entry in self.entries} | self.refused.keys())

    def level(self, entry: Entry, dataset: str = "") -> str:
        """Return the trust level of an entry on a dataset; the lowest of all its datasets for "".

        Scores in results/ were computed by this repository from images it made.
        """
        verdict = self.verdicts.get(entry.id)
        names = (dataset,) if dataset else entry.digests
        if verdict and all(verdict.digests.get(name) == entry.digests[name] for name in names):
            return verdict.level
        return LEVELS[1] if entry.own else LEVELS[0]

    def record(self, entry: Entry, dataset: str) -> RunRecord:
        """Return the scores that count: a metric with gaps counts once the board has the images.

        Some images may be left out because a metric declines them, or because its score there is
        bad; only who computes them can tell.
        """
        trusted = self.level(entry, dataset) != LEVELS[0]
        gaps = () if trusted else entry.partly_missing(dataset)
        return entry.record(dataset, without=gaps)

    def verdict(self, entry: Entry) -> Verdict | None:
        """Return the verdict on an entry if it holds for any of its scores as they are."""
        verdict = self.verdicts.get(entry.id)
        return verdict if verdict and verdict.digests.items() & entry.digests.items() else None

    def age(self, entry: Entry) -> tuple[int, int]:
        """Return what is smaller for the row that was there first.

        Own rows come before recorded ones, and these before others, which go by the time at which
        their folder was written.
        """
        if entry.own:
            return 0, 0
        if verdict := self.verdict(entry):
            return 1, verdict.order
        return 2, (entry.folder / PROVENANCE).stat().st_mtime_ns

    def entry(self, name: str) -> Entry:
        """Return one entry; raises InputError for an unknown or a refused one."""
        for entry in self.entries:
            if entry.id == name:
                return entry
        if name in self.refused:
            raise InputError(self.refused[name])
        raise unknown_id("submission", quoted(name)[1:-1], [entry.id for entry in self.entries])

    def reference(self, dataset: str, scale: int, image: str) -> Path | None:
        """Return the crop of an HR image that belongs to the crops of all entries, if kept."""
        path = self.root / "references" / f"{dataset}_x{scale}" / f"{image}.png"
        return path if path.is_file() and not path.is_symlink() else None


def find_board(root: str | Path) -> Path:
    """Return a board's folder; raises InputError if there is none."""
    folder = Path(root)
    if not (folder / SUBMISSIONS).is_dir():
        raise InputError(
            f"'{folder}' is not a board: it has no folder '{SUBMISSIONS}'; run this in a checkout "
            "of pdbench or name one with --board"
        )
    return folder


def submission_ids(root: Path) -> list[str]:
    """List the names of everything in the folder of submissions, sorted; hidden ones left out."""
    names = sorted(path.name for path in (root / SUBMISSIONS).iterdir())
    if len(names) > MOST_ENTRIES:
        raise InputError(f"'{root}' contains over {MOST_ENTRIES} submissions; remove some")
    return [name for name in names if not name.startswith(".")]


def read_board(root: Path) -> Board:
    """Read all rows; one that cannot be read does not keep others from the board."""
    entries, refused = repository_entries(root)
    own = {entry.id for entry in entries}
    for name in submission_ids(root):
        try:
            if name in own:
                raise InputError(f"'{name}' is the name of a method of pdbench; choose another id")
            entries.append(read_entry(root / SUBMISSIONS / name))
        except InputError as error:
            refused[name] = str(error)
    found = (_read_verdict(root, entry.id) for entry in entries)
    return Board(
        root=root,
        entries=tuple(sorted(entries, key=lambda entry: entry.id)),
        refused=refused,
        verdicts={verdict.id: verdict for verdict in found if verdict},
        models=_read_models(root),
    )


def _read_models(root: Path) -> dict[str, str]:
    if not (root / MODELS).is_file():
        return {}
    return parse(dict[File, Sha256], load_json(read_file(root, MODELS), MODELS), MODELS)


def write_verdict(root: Path, verdict: Verdict) -> Path:
    """Keep a verdict on the board; replaces an earlier one of the same submission."""
    path = root / VERDICTS / f"{check_id(verdict.id)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(verdict.model_dump(), indent=1, ensure_ascii=False)
    replace_file(path, f"{text}\n".encode())
    return path


def _read_verdict(root: Path, name: str) -> Verdict | None:
    """Read the board's verdict; a damaged one counts as none, so that no level is made up."""
    path = root / VERDICTS / f"{name}.json"
    if not path.is_file():
        return None
    try:
        content = load_json(read_file(path.parent, path.name), name)
        verdict = parse(Verdict, content, name)
    except InputError:
        return None
    return verdict if verdict.id == name else None
