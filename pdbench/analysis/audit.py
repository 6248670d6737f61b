"""Whether a table of scores can be true: what contradicts itself, repeats, or cannot be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pdbench.analysis.paper_tables import PublishedRow, PublishedTable, split_id

__all__ = ["CHECKS", "Issue", "audit"]

Kind = Literal["pi identity", "value range", "duplicate", "ground truth", "path"]

RANGES: dict[str, tuple[float, float]] = {
    "psnr": (0.0, 140.0),  # one level in one value of 1.5e9, the next better is infinite
    "lr-psnr": (0.0, 200.0),
    "ssim": (-1.0, 1.0),
    "lpips-vgg": (0.0, math.inf),
    "dists": (0.0, 1.0),
    "niqe": (0.0, math.inf),
    "ma": (0.0, 10.0),
    "pi": (0.0, math.inf),
    "mse": (0.0, math.inf),
}
"""Values a metric can take at all."""

USUAL: dict[str, tuple[float, float]] = {
    "psnr": (8.0, 70.0),
    "lpips-vgg": (0.0, 1.5),
    "pieapp": (-math.inf, 15.0),
    "niqe": (0.5, 100.0),
    "pi": (0.5, 55.0),
}
"""Values seen of photographs and their restorations; what lies outside is worth a look."""

PERFECT = {"psnr": math.inf, "ssim": 1.0, "lpips-vgg": 0.0, "pieapp": 0.0, "dists": 0.0}
"""What an image scores that is its own reference."""
TRUTHS = ("hr", "gt", "ground truth", "ground-truth", "original", "reference")
NO_REFERENCE = {"niqe": -1, "ma": 1, "pi": -1}
"""Metrics that judge the ground truth too -> 1 if higher is better, else -1."""

SAME_DIGITS = 4
"""One number shared by two rows is worth a look if it has at least so many digits."""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One thing that is wrong, or odd enough to be looked at.

    Attributes:
        check: Which check found it.
        rows: Labels of the rows concerned.
        text: What was found, with the numbers.
        certain: True if the numbers cannot all be right, False if they merely deserve a look.
    """

    check: Kind
    rows: tuple[str, ...]
    text: str
    certain: bool


def audit(table: PublishedTable) -> tuple[Issue, ...]:
    """Check a table by itself, without any image.

    Args:
        table: Scores as published.

    Returns:
        Everything found, in the order of `CHECKS`, then of the rows; empty for a clean table.
    """
    return tuple(issue for check in CHECKS for issue in check(table.rows))


def _pi_identity(rows: Sequence[PublishedRow]) -> Iterator[Issue]:
    """PI = ((10 - Ma) + NIQE) / 2; with NIQE and Ma swapped it is 10 minus that."""
    for row in rows:
        if not {"pi", "niqe", "ma"} <= row.values.keys():
            continue
        value = (10 - row.values["ma"] + row.values["niqe"]) / 2
        slack = (row.steps["ma"] + row.steps["niqe"]) / 4 + row.steps["pi"] / 2 + 1e-9
        printed = row.values["pi"]
        if abs(printed - value) <= slack:
            continue
        text = f"PI {printed:.3f}, but NIQE and Ma give {value:.3f}"
        if abs(printed - (10 - value)) <= slack:
            text += f"; swapped they give {10 - value:.3f}: NIQE and Ma are swapped"
        yield Issue(check="pi identity", rows=(row.label,), text=text, certain=True)


def _ranges(rows: Sequence[PublishedRow]) -> Iterator[Issue]:
    for row in rows:
        for metric, value in row.values.items():
            if value == PERFECT.get(metric):
                continue
            for ranges, certain in ((RANGES, True), (USUAL, False)):
                low, high = ranges.get(metric, (-math.inf, math.inf))
                if not low <= value <= high:
                    text = f"{metric} {value:g} is outside [{low:g}, {high:g}]"
                    text += _slip(metric, value, high)
                    yield Issue(check="value range", rows=(row.label,), text=text, certain=certain)
                    break


def _slip(metric: str, value: float, high: float) -> str:
    """Guess how a number became too large."""
    if metric == "ssim" and 1 < value <= 100:
        return "; is it in percent?"
    return "; is a decimal point missing?" if 10 * high <= value < math.inf else ""


def _duplicates(rows: Sequence[PublishedRow]) -> Iterator[Issue]:
    """Find names and numbers that stand twice; each against the first row that has it."""
    for label, count in Counter(row.label for row in rows).items():
        if count > 1:
            number = "two" if count == 2 else str(count)
            text = f"{number} rows have this name"
            yield Issue(check="duplicate", rows=(label,), text=text, certain=True)
    metrics = list(dict.fromkeys(name for row in rows for name in row.values))
    numbers = np.array([[_comparable(row, name) for row in rows] for name in metrics])
    long = np.array([[_digits(row, name) >= SAME_DIGITS for row in rows] for name in metrics])
    pairs = [pair for later in range(1, len(rows)) for pair in _copied(numbers, long, later)]
    for earlier, later, shared in sorted(pairs, key=lambda pair: pair[:2]):
        first, second = rows[earlier], rows[later]
        listed = ", ".join(
            f"{name} {_printed(first, name)}"
            for name, same in zip(metrics, shared, strict=True)
            if same
        )
        whole = shared.sum() == len(first.values) == len(second.values)
        text = f"the {'rows' if whole else 'numbers'} are the same: {listed}"
        if shared.sum() < 3:
            text = f"the same to the last digit: {listed}"
        names = (first.label, second.label)
        yield Issue(check="duplicate", rows=names, text=text, certain=False)


def _comparable(row: PublishedRow, name: str) -> float:
    """Return a number; NaN, which equals nothing, where there is none or it is perfect."""
    value = row.values.get(name, math.nan)
    return math.nan if value == PERFECT.get(name) else value


def _copied(
    numbers: NDArray[np.float64], long: NDArray[np.bool_], later: int
) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
    """Yield earlier rows that share three numbers, or a long one, and what they share.

    A number that such a row shared already is not told again.

    Args:
        numbers: One line per metric, one column per row.
        long: Whether the number has many digits.
        later: The row that is compared with those before it.
    """
    same = numbers[:, :later] == numbers[:, later, None]
    worth = (same.sum(axis=0) > 2) | same[long[:, later]].any(axis=0)
    same = same[:, worth]
    places = np.flatnonzero(worth)
    fresh = np.ones(len(numbers), dtype=bool)
    while (found := np.flatnonzero(same[fresh].any(axis=0))).size:
        yield int(places[found[0]]), later, same[:, found[0]]
        fresh &= ~same[:, found[0]]


def _printed(row: PublishedRow, name: str) -> str:
    decimals = max(0, round(-math.log10(row.steps[name])))
    return f"{row.values[name]:.{decimals}f}"


def _digits(row: PublishedRow, name: str) -> int:
    """Count significant digits: 29.269 has five, 0.034 two, an empty cell none."""
    if name not in row.values:
        return 0
    return len(_printed(row, name).replace(".", "").strip("-").lstrip("0"))


def _ground_truth(rows: Sequence[PublishedRow]) -> Iterator[Issue]:
    truth = next((row for row in rows if row.label.lower() in TRUTHS), None)
    for row in rows:
        if row is not truth:
            for text in (*_too_good(row), *(_beaten(row, truth) if truth else ())):
                yield Issue(check="ground truth", rows=(row.label,), text=text, certain=False)


def _too_good(row: PublishedRow) -> Iterator[str]:
    perfect = [name for name, value in PERFECT.items() if row.values.get(name) == value]
    if perfect:
        yield f"{', '.join(perfect)}: no restoration equals its ground truth"
    if row.values.get("pieapp", 0.0) < 0:
        yield f"pieapp {row.values['pieapp']:g} prefers it to the ground truth"


def _beaten(row: PublishedRow, truth: PublishedRow) -> Iterator[str]:
    for name, sign in NO_REFERENCE.items():
        if sign * row.values.get(name, math.nan) > sign * truth.values.get(name, math.nan):
            own, best = _printed(row, name), _printed(truth, name)
            yield f"{name} {own} beats the ground truth's {best}"


def _paths(rows: Sequence[PublishedRow]) -> Iterator[Issue]:
    families: dict[str, list[tuple[tuple[float, ...], PublishedRow]]] = {}
    for row in rows:
        family, parameter = split_id(row.label)
        if len(parameter) == 1:
            families.setdefault(family, []).append((parameter, row))
    for family, members in families.items():
        members.sort(key=lambda member: member[0])
        ordered = [row for _, row in members]
        metrics = dict.fromkeys(name for row in ordered for name in row.values)
        for name in metrics:
            path = [row for row in ordered if name in row.values]
            steps = [(b.values[name] - a.values[name]) for a, b in pairwise(path)]
            least = max((row.steps[name] for row in path), default=0.0) / 2
            if any(step > least for step in steps) and any(step < -least for step in steps):
                text = f"{name} turns along {family}: " + " → ".join(
                    f"{_printed(row, name)}" for row in path
                )
                labels = tuple(row.label for row in path)
                yield Issue(check="path", rows=labels, text=text, certain=False)


CHECKS: tuple[Callable[[Sequence[PublishedRow]], Iterator[Issue]], ...] = (
    _pi_identity,
    _ranges,
    _duplicates,
    _ground_truth,
    _paths,
)
"""What `audit` looks for, in order."""
