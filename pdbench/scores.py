"""Per-image scores: the one record every table, plot and rank is made from. No torch here."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Score"]


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
