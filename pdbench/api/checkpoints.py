"""`pdbench weights` as Python calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pdbench.baselines.baseline import describe_weights
from pdbench.baselines.checkpoint_import import Imported, import_checkpoint, write_checkpoint
from pdbench.weights import weights_folders

__all__ = ["WeightsReport", "import_weights", "show_weights"]

Rows = list[tuple[str, str]]

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class WeightsReport:
    """What a weight file is, and what became of each of its tensors.

    Attributes:
        facts: (name, text) on the file as a whole.
        filled: (pdbench's name, the file's name) of every tensor that was taken.
        ignored: (the file's name, why).
        missing: (pdbench's name, why it may be).
        output: The file that was written, if one was.
    """

    facts: Rows
    filled: tuple[tuple[str, str], ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    output: Path | None = None

    def rows(self, *, every: bool = False) -> Rows:
        """Return the report as (what, tensors).

        Args:
            every: One row for each tensor; else tensors that differ in numbers share a row.
        """
        show = _each if every else _folded
        rows = [*self.facts]
        rows += [("filled", row) for row in show(self.filled, " <- ")]
        rows += [("ignored", row) for row in show(self.ignored, ": ")]
        return rows + [("missing", row) for row in show(self.missing, ": ")]


def import_weights(
    file: str | Path, *, name: str | None = None, output: str | Path | None = None
) -> WeightsReport:
    """Make an authors' published checkpoint usable; nothing in it is executed.

    Args:
        file: RRDB (three namings), ESRGAN+ or SRFlow-DA x4, as the authors publish them.
        name: "rrdb", "esrgan-plus" or "srflow-da"; found out when None.
        output: File (.safetensors) or folder to write to; by default the first folder that
            PDBENCH_WEIGHTS names, or else the current one. A folder's file is named so that
            `weights_dir` finds it.

    Returns:
        What became of every tensor, and where the weights lie now.

    Raises:
        InputError: The file is of anything else, damaged, or holds code; nothing is written.

    >>> import pdbench
    >>> pdbench.import_weights("RRDB_PSNR_x4.pth")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    pdbench.errors.InputError: there is no such file
    """
    imported = import_checkpoint(Path(file), name)
    target = Path(output) if output else next(iter(weights_folders()), Path())
    return _report(imported, write_checkpoint(imported, target))


def show_weights(file: str | Path, *, name: str | None = None) -> WeightsReport:
    """Say what a weight file is, and what importing it would do; writes nothing.

    Args:
        file: A file of pdbench's own, or a published checkpoint.
        name: Baseline id a published checkpoint must belong to; found out when None.

    Raises:
        InputError: The file is neither, damaged, or holds code.

    >>> import pdbench
    >>> from pdbench.baselines import BASELINES
    >>> report = pdbench.show_weights(BASELINES.get("rrdb").weights_path("compact"))
    >>> [name for name, _ in report.facts][-2:]
    ['tensors', 'fingerprint']
    """
    own = describe_weights(Path(file))
    return WeightsReport(facts=own) if own else _report(import_checkpoint(Path(file), name), None)


def _report(imported: Imported, output: Path | None) -> WeightsReport:
    baseline = imported.baseline
    counts = {"filled": imported.filled, "ignored": imported.ignored, "missing": imported.missing}
    summary = ", ".join(f"{len(pairs)} {kind}" for kind, pairs in counts.items())
    return WeightsReport(
        facts=[
            ("network", f"{baseline.title} ({baseline.id}), size paper"),
            ("tensors", f"{summary}; {imported.values:,} values taken"),
        ],
        filled=imported.filled,
        ignored=imported.ignored,
        missing=imported.missing,
        output=output,
    )


def _each(pairs: Iterable[tuple[str, str]], sign: str) -> list[str]:
    return [sign.join(pair) for pair in pairs]


def _folded(pairs: Iterable[tuple[str, str]], sign: str) -> list[str]:
    """Join pairs that differ only in numbers: "body.{0-22}.conv{1-5}.weight <- ... (115)"."""
    groups: dict[str, list[str]] = {}
    for text in _each(pairs, sign):
        groups.setdefault(_NUMBER.sub("#", text), []).append(text)
    return [_fold(pattern, texts) for pattern, texts in groups.items()]


def _fold(pattern: str, texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    columns = zip(*(map(int, _NUMBER.findall(text)) for text in texts), strict=True)
    for numbers in columns:
        low, high = min(numbers), max(numbers)
        pattern = pattern.replace("#", str(low) if low == high else f"{{{low}-{high}}}", 1)
    return f"{pattern} ({len(texts)})"
