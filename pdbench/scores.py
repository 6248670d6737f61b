"""Per-image scores: the one record every table, plot and rank is made from. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["MetricFacts", "Score"]


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """What a table or a plot must know of a metric; needs neither its code nor its weights.

    `dataclasses.asdict(facts)` is what provenance.json stores, and `MetricFacts(**entry)` reads it
    back, so an unknown or missing key fails at once.

    Attributes:
        id: Metric id ("lpips-vgg").
        title: Column and axis title ("LPIPS-VGG").
        better: Which direction is better.
        kind: What the metric measures.
        unit: "dB" or "".
        decimals: Decimals shown.
    """

    id: str
    title: str
    better: Literal["higher", "lower"]
    kind: Literal["distortion", "perception", "consistency"]
    unit: str = ""
    decimals: int = 3

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
        sample: Index of the output among a stochastic method's outputs; 0 for all others.
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
