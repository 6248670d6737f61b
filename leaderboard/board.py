"""The board: all submissions, and the verdicts of those who verified them. Needs no torch.

    leaderboard/
        submissions/<id>/       one folder per submission, see `entry`
        verdicts/<id>.json      what the board found when it verified the submission
        references/<dataset>_x4/<image>.png   crops of the HR images, for comparison

A verdict is the board's word, not the submitter's: it lies outside the submission, and holds for
exactly the files it was given for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pdbench.errors import InputError
from pdbench.leaderboard.provenance import load_json
from pdbench.leaderboard.safe_io import read_file
from pdbench.leaderboard.submission import Entry, read_entry
from pdbench.leaderboard.text_validation import check_id, check_text, quoted
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

LEVELS = ("self-reported", "re-scored", "reproduced")
"""How far the board's word goes, lowest first: numbers only; it recomputed every score from the
images; it ran the declared weights and got the same."""

SUBMISSIONS = "submissions"
VERDICTS = "verdicts"
MOST_ENTRIES = 10_000


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What verifying a submission found.

    Attributes:
        id: The submission.
        digest: Digest of the files the verdict holds for.
        level: One of `LEVELS`.
        notes: What a reader should know, one sentence each.
        versions: Package -> version the board computed with.
    """

    id: str
    digest: str
    level: str
    notes: tuple[str, ...]
    versions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Board:
    """All submissions that can be read.

    Attributes:
        root: The board's folder.
        entries: Submissions, sorted by id.
        refused: Id of a folder -> why it is not among the entries.
        verdicts: Id -> verdict, as far as there is one for the files as they are.
    """

    root: Path
    entries: tuple[Entry, ...]
    refused: Mapping[str, str]
    verdicts: Mapping[str, Verdict]

    def level(self, entry: Entry) -> str:
        """Return the trust level of an entry; without a verdict it is self-reported."""
        verdict = self.verdicts.get(entry.id)
        return verdict.level if verdict else LEVELS[0]

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
            f"'{folder}' is no board: it has no folder '{SUBMISSIONS}'; run this in a checkout of "
            "pdbench or name one with --board"
        )
    return folder


def submission_ids(root: Path) -> list[str]:
    """List the names of everything in the folder of submissions, sorted; hidden ones left out."""
    names = sorted(path.name for path in (root / SUBMISSIONS).iterdir())
    if len(names) > MOST_ENTRIES:
        raise InputError(f"'{root}' holds over {MOST_ENTRIES} submissions; remove some")
    return [name for name in names if not name.startswith(".")]


def read_board(root: Path) -> Board:
    """Read all submissions; one that cannot be read does not keep others from the board."""
    entries: list[Entry] = []
    refused: dict[str, str] = {}
    for name in submission_ids(root):
        try:
            entries.append(read_entry(root / SUBMISSIONS / name))
        except InputError as error:
            refused[name] = str(error)
    verdicts = {}
    for entry in entries:
        verdict = _read_verdict(root, entry.id)
        if verdict is not None and verdict.digest == entry.digest:
            verdicts[entry.id] = verdict
    return Board(root=root, entries=tuple(entries), refused=refused, verdicts=verdicts)


def write_verdict(root: Path, verdict: Verdict) -> Path:
    """Keep a verdict on the board; replaces an earlier one of the same submission."""
    path = root / VERDICTS / f"{check_id(verdict.id)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    text = json.dumps(asdict(verdict), indent=1, ensure_ascii=False)
    draft.write_text(text + "\n", encoding="utf-8", newline="\n")
    draft.replace(path)
    return path


def _read_verdict(root: Path, name: str) -> Verdict | None:
    """Read the board's verdict; a damaged one counts as none, so that no level is made up."""
    if not (root / VERDICTS / f"{name}.json").is_file():
        return None
    try:
        content = read_file(root / VERDICTS, f"{name}.json")
        found = load_json(content, name)
        if not isinstance(found, dict) or found.keys() != {f.name for f in fields(Verdict)}:
            return None
        notes = tuple(check_text(note, "a note", longest=600) for note in found["notes"])
        if found["level"] not in LEVELS or found["id"] != name:
            return None
        return Verdict(**{**found, "notes": notes})
    except (InputError, TypeError):
        return None
