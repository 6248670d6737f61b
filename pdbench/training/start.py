"""What a training run begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

__all__ = ["Start"]


@dataclass(frozen=True)
class Start:
    """Weights a run begins with instead of the objective's own.

    Attributes:
        state: State dict of the whole network; any floating type.
        sha256: Digest of the file it came from; recorded in what the run exports.
    """

    state: Mapping[str, Tensor]
    sha256: str
