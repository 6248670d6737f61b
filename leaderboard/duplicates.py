"""Whether a submission is another one's work under a new name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pdbench.leaderboard.board import Board
from pdbench.leaderboard.likeness import difference
from pdbench.leaderboard.submission import Entry
from pdbench.leaderboard.text_validation import confusable_key
from pdbench.leaderboard.validation import is_method

__all__ = ["LEAST_DIFFERENCE", "copy_failures"]

LEAST_DIFFERENCE = 1.0
"""Gray levels between the outputs of two methods, root mean square over a dataset, below which
one counts as a copy of the other. Different networks are two to four levels apart."""

_SAME_SCORES = 0.5
"""Share of images with scores equal to the last digit from which on they were copied."""


def copy_failures(entry: Entry, board: Board) -> list[str]:
    """Compare a submission with all others.

    The repository's own rows may be close to each other, as may rows of the same authors (an
    average and a median of the same samples are), but no two may be the same. Where two are, the
    one the board has vouched for stays.

    Args:
        entry: The submission.
        board: All that can be read.

    Returns:
        What it copies, one sentence each.
    """
    failures: list[str] = []
    others = [other for other in board.entries if other.id != entry.id]
    for other in others:
        if _rank(entry, board) > _rank(other, board):
            continue
        if confusable_key(entry.id) == confusable_key(other.id):
            failures.append(f"its id looks like '{other.id}'; choose another id")
        if confusable_key(entry.card.name) == confusable_key(other.card.name):
            failures.append(f"its name looks like that of '{other.id}'; choose another name")
        failures += _same_work(entry, other)
    return failures


def _rank(entry: Entry, board: Board) -> int:
    """Return whose word counts more: the repository's, a verified one's, any other's."""
    if entry.provenance.way == "own" and is_method(entry.id):
        return 2
    return 1 if entry.id in board.verdicts else 0


def _same_work(entry: Entry, other: Entry) -> Iterator[str]:
    for dataset, part in entry.provenance.datasets.items():
        theirs = other.provenance.datasets.get(dataset)
        if theirs is None or theirs.sha256 != part.sha256:
            continue
        known = {(output.image, output.sha256) for output in theirs.outputs}
        same = {o.image for o in part.outputs if (o.image, o.sha256) in known}
        if same:
            yield (
                f"{dataset}: {len(same)} of {len(part.images)} images are pixel for pixel those "
                f"of '{other.id}'; submit your own"
            )
        elif _equal_scores(entry, other, dataset) >= _SAME_SCORES:
            yield f"{dataset}: its scores are those of '{other.id}'; submit your own"
        elif not _related(entry, other):
            levels = difference(part.outputs, theirs.outputs)
            if levels < LEAST_DIFFERENCE:
                yield (
                    f"{dataset}: its images are {levels:.2f} gray levels from those of "
                    f"'{other.id}', a near copy; submit your own"
                )


def _related(entry: Entry, other: Entry) -> bool:
    own = entry.provenance.way == other.provenance.way == "own"
    return own or _names(entry.card.authors) == _names(other.card.authors)


def _names(authors: Iterable[str]) -> set[str]:
    return {confusable_key(author) for author in authors}


def _equal_scores(entry: Entry, other: Entry, dataset: str) -> float:
    """Return the share of output images whose scores under one protocol are all equal."""
    hashes = entry.provenance.datasets[dataset].hashes.items()
    shared = [metric for metric, digest in hashes if (metric, digest) in
              other.provenance.datasets[dataset].hashes.items()]  # fmt: skip
    theirs = {(row.image, row.sample): row.values for row in other.rows[dataset]}
    pairs = [
        [(row.values[m], values[m]) for m in shared if None not in (row.values[m], values[m])]
        for row in entry.rows[dataset]
        if (values := theirs.get((row.image, row.sample))) is not None
    ]
    told = [pair for pair in pairs if len(pair) > 1]
    if not told:
        return 0.0
    return sum(all(one == two for one, two in pair) for pair in told) / len(told)
