"""One score, and the facts of its metric. Needs neither torch nor pandas."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pdbench.errors import InputError

__all__ = [
    "LARGEST",
    "MOST_DECIMALS",
    "MetricFacts",
    "Score",
    "check_printable",
    "empty_cells",
    "is_score",
    "one_line",
    "published_reason",
]

LARGEST = 1e12
"""A finite score beyond this is no score of any metric; sums of such numbers overflow."""

MOST_DECIMALS = 12
"""Most decimals that a table shows of a metric."""


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """What a table or a plot must know of a metric; needs neither its code nor its weights.

    `dataclasses.asdict(facts)` is what provenance.json stores; pydantic reads it back.

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

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not 0 <= self.decimals <= MOST_DECIMALS:
            raise InputError(f"decimals must be 0 to {MOST_DECIMALS}, not {self.decimals}")
        check_printable(self.id, self.title, self.unit, self.source)

    @property
    def per_set(self) -> bool:
        """Whether an image's samples get one score together, stored at sample 0."""
        return self.kind == "diversity"

    @property
    def sign(self) -> int:
        """1 if higher is better, else -1; the larger `sign * value` is the better score."""
        return 1 if self.better == "higher" else -1

    @property
    def arrow(self) -> str:
        """An arrow in the better direction."""
        return "↑" if self.better == "higher" else "↓"


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


def published_reason(reason: str) -> str:
    """Return why a score is missing without what the machine that ran lacks, allows or advises.

    >>> published_reason("unavailable: net.pth (sha256 0123abcd...) is not on this machine")
    'not computed: weights not available (net.pth)'
    """
    if not reason.startswith("unavailable: "):
        return reason
    file = re.match(r"unavailable: (\S+) \(sha256", reason)
    return "not computed: weights not available" + (f" ({file[1]})" if file else "")


def empty_cells(
    scores: Iterable[Score],
    images: Collection[str],
    publish: Callable[[str], str] = published_reason,
) -> Iterator[tuple[str, str, list[str] | Literal["all"]]]:
    """Group the cells without a value by metric, then by reason.

    Args:
        scores: Scores of one method on one dataset.
        images: Names of the dataset's images.
        publish: Makes a reason one that may be published.

    Yields:
        Metric id, reason, and the names of the images, or "all".
    """
    found: dict[tuple[str, str], set[str]] = {}
    for score in scores:
        if score.value is None:
            found.setdefault((score.metric, publish(score.reason)), set()).add(score.image)
    for (metric, reason), names in sorted(found.items()):
        yield metric, reason, "all" if names == set(images) else sorted(names)


def is_score(value: object) -> bool:
    """Tell whether a stored value can be a score: None, a number up to LARGEST, or infinity."""
    return value is None or (
        isinstance(value, float) and (abs(value) <= LARGEST or value == math.inf)
    )


def one_line(text: str) -> str:
    """Squeeze white space to single blanks; characters that cannot be printed become escapes."""
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def check_printable(*texts: str) -> None:
    """Refuse text that could steer a terminal, a page or a LaTeX run.

    Raises:
        InputError: A text has control characters, line breaks included.
    """
    for text in texts:
        if not text.isprintable():
            raise InputError(f"{text!r:.60} has characters that cannot be printed")
