"""Whether a submission takes the name or the work of another row.

Equal pixels and equal scores are found. Images that were changed in any way (shifted, brightened,
with noise) are others' work all the same, but are not found: the board holds no images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pdbench import methods
from pdbench.leaderboard.board import Board
from pdbench.leaderboard.submission import Entry
from pdbench.leaderboard.text_validation import confusable_key

__all__ = ["copy_failures", "is_taken"]

_SAME_SCORES = 0.5
"""Share of images with scores equal to the last digit from which on they were copied."""

_MEMBER = re.compile(r"(.+?)(?:\[.*|-?\d+)")
"""The id of a family's member: its stem, then a parameter in any spelling."""


def is_taken(name: str) -> bool:
    """Tell whether an id is, or looks like, a method of this repository or a member of a family.

    >>> [is_taken(name) for name in ("r-r-d-b", "average-05", "fusion-11", "srflow-da[tau=0.90]")]
    [True, True, True, True]
    >>> is_taken("mynet-5")
    False
    """
    members = [one for family in methods.FAMILIES for one in family.examples]
    taken = {confusable_key(one) for one in (*methods.list_ids(), *map(_stem, members))}
    return not taken.isdisjoint({confusable_key(name), confusable_key(_stem(name))})


def _stem(name: str) -> str:
    member = _MEMBER.fullmatch(name)
    return member[1] if member else name


def copy_failures(entry: Entry, board: Board) -> list[str]:
    """Compare a submission with the rows that were there before it.

    Args:
        entry: The submission; own rows copy nobody.
        board: All that can be read.

    Returns:
        What it copies, one sentence each.
    """
    failures: list[str] = []
    for other in board.entries:
        if entry.own or other.id == entry.id or board.age(entry) < board.age(other):
            continue
        if confusable_key(entry.id) == confusable_key(other.id):
            failures.append(f"its id looks like '{other.id}'; choose another id")
        if confusable_key(entry.card.name) == confusable_key(other.card.name):
            failures.append(f"its name looks like that of '{other.id}'; choose another name")
        failures += _same_work(entry, other)
    return failures


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


def _equal_scores(entry: Entry, other: Entry, dataset: str) -> float:
    """Return the share of output images whose scores under one protocol are all equal."""
    hashes = other.provenance.datasets[dataset].hashes
    part = entry.provenance.datasets[dataset]
    shared = [
        metric.id
        for metric in entry.provenance.metrics
        if metric.kind in ("distortion", "perception")
        and metric.id in hashes
        and hashes[metric.id] == part.hashes[metric.id]
    ]
    theirs = {(row.image, row.sample): row.values for row in other.rows[dataset]}
    told = []
    for row in entry.rows[dataset]:
        values = theirs.get((row.image, row.sample), {})
        pairs = [(row.values[metric], values.get(metric)) for metric in shared]
        given = [one == two for one, two in pairs if one is not None and two is not None]
        if given:
            told.append(all(given))
    return sum(told) / len(told) if told else 0.0
