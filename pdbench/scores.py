"""Per-image scores: the one record every table, plot and rank is made from. No torch here."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pdbench.errors import InputError

__all__ = ["DECIMALS", "MetricFacts", "Row", "Score", "format_csv", "parse_csv"]

DECIMALS = 6
"""Decimals of every score in a results file."""

_KEY = ("image", "seed", "sample")


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """What a table or a plot must know of a metric; needs neither its code nor its weights.

    `dataclasses.asdict(facts)` is what provenance.json stores, and `MetricFacts(**entry)` reads it
    back, so an unknown or missing key fails at once.

    Attributes:
        id: Metric id ("lpips-vgg").
        title: Column and axis title ("LPIPS-VGG").
        better: Which direction is better.
        kind: What the metric measures; "diversity" is measured on all samples together.
        unit: "dB", "%" or "".
        decimals: Decimals shown.
        source: Package and version of a metric outside the protocols' presets, else "".
    """

    id: str
    title: str
    better: Literal["higher", "lower"]
    kind: Literal["distortion", "perception", "consistency", "diversity"]
    unit: str = ""
    decimals: int = 3
    source: str = ""

    @property
    def per_set(self) -> bool:
        """Whether an image's samples get one score together, stored at sample 0."""
        return self.kind == "diversity"

    @property
    def sign(self) -> int:
        """1 if higher is better, else -1; the larger `sign * value` is the better score."""
        return 1 if self.better == "higher" else -1


@dataclass(frozen=True, kw_only=True, order=True)
class Score:
    """One metric of one output image.

    Attributes:
        dataset: Dataset id ("set5").
        image: Image name within the dataset (file stem).
        method: Method id.
        seed: Run seed.
        sample: Index of the output among a stochastic method's outputs; 0 for all others, and for
            metrics of all samples together.
        metric: Metric id.
        protocol: Protocol id ("paper").
        protocol_hash: Hash of everything that defines the number under that protocol.
        weights: Fingerprint of the networks used (hash over their weight files), "" for none.
        value: The score, or None where there is none.
        reason: Why there is no value; "" where there is one.
    """

    dataset: str
    image: str
    method: str
    seed: int
    sample: int
    metric: str
    protocol: str
    protocol_hash: str
    weights: str
    value: float | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a results file: all scores of one output image.

    Attributes:
        image: Image name.
        seed: Run seed.
        sample: Index of the output.
        values: Metric id -> score; None where the cell is empty.
    """

    image: str
    seed: int
    sample: int
    values: dict[str, float | None]


def format_csv(scores: Iterable[Score], metrics: Sequence[str]) -> str:
    """Write the scores of one method on one dataset as a wide table.

    Args:
        scores: Scores of one method, in any order.
        metrics: Metric ids in column order; scores of other metrics are left out.

    Returns:
        CSV text with columns image, seed, sample and one per metric, sorted by the first three,
        six decimals, an empty cell where there is no value. Equal scores give equal bytes.
    """
    cells: dict[tuple[str, int, int], dict[str, str]] = {}
    for score in scores:
        row = cells.setdefault((score.image, score.seed, score.sample), {})
        row[score.metric] = "" if score.value is None else f"{score.value:.{DECIMALS}f}"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEY, *metrics])
    for key in sorted(cells):
        writer.writerow([*key, *(cells[key].get(metric, "") for metric in metrics)])
    return text.getvalue()


def parse_csv(text: str, source: str) -> list[Row]:
    """Read what `format_csv` wrote, refusing anything else.

    Args:
        text: Content of the file.
        source: Name of the file, for errors.

    Returns:
        One row per output image, in file order.

    Raises:
        InputError: A column is missing or named twice, a cell is no number, a row is too short or
            too long, or an output image appears twice; the line is named.
    """
    lines = list(csv.reader(io.StringIO(text)))
    header = tuple(lines[0]) if lines else ()
    if header[:3] != _KEY or len(set(header)) != len(header):
        raise InputError(
            f"'{source}' is no results file: its first line must be image,seed,sample and metric "
            "ids, each once"
        )
    rows = [_parse_row(cells, header, f"{source}:{n}") for n, cells in enumerate(lines[1:], 2)]
    seen: set[tuple[str, int, int]] = set()
    for number, row in enumerate(rows, 2):
        if (key := (row.image, row.seed, row.sample)) in seen:
            raise InputError(f"'{source}:{number}' repeats an image, seed and sample; remove it")
        seen.add(key)
    return rows


def _parse_row(cells: Sequence[str], header: Sequence[str], where: str) -> Row:
    if len(cells) != len(header):
        raise InputError(f"'{where}' has {len(cells)} cells, not {len(header)}; mend the line")
    try:
        seed, sample = int(cells[1]), int(cells[2])
        values = [float(cell) if cell else None for cell in cells[3:]]
    except ValueError:
        raise InputError(f"'{where}' holds a cell that is no number; mend the line") from None
    if any(value is not None and math.isnan(value) for value in values):
        raise InputError(f"'{where}' holds NaN; leave the cell empty where there is no value")
    return Row(
        image=cells[0],
        seed=seed,
        sample=sample,
        values=dict(zip(header[3:], values, strict=True)),
    )
