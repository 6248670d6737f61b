"""Methods as the harness sees them: a frozen declaration and a rule from LR image to image(s).

Declaring one loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pdbench.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from pdbench.harness.bank import SampleBank

__all__ = ["Fused", "Given", "Method", "Need", "Restored", "Sampled"]


@dataclass(frozen=True)
class Restored:
    """A need: the one output of a deterministic network."""

    baseline: str


@dataclass(frozen=True)
class Sampled:
    """A need: the first `count` samples a generative network draws at temperature `tau`."""

    baseline: str
    tau: float
    count: int


@dataclass(frozen=True)
class Fused:
    """A need: a network that makes one image of samples; these are a need of their own."""

    baseline: str


@dataclass(frozen=True)
class Given:
    """A need: `count` images made elsewhere, which the method reads from files."""

    count: int


Need = Restored | Sampled | Fused | Given


@dataclass(frozen=True, kw_only=True)
class Method:
    """One row of the benchmark.

    Attributes:
        id: Canonical id ("average-5", "srflow-da[tau=0.9]"); one id, one method.
        title: Row title ("Average (5)").
        kind: "single" (one image), "stochastic" (several independent outputs, scored each) or
            "fused" (one image made from samples).
        needs: What the bank must provide; known before the run so that the bank plans once.
        reference: Authors, title, venue, year, URL.
        run: (lr, bank) -> float image(s). lr is (3, h, w) float32 in [0, 1]. Returns (3, 4h, 4w)
            for "single" and "fused"; (S, 3, 4h, 4w) for "stochastic".
        source: Package and version of a third-party method ("my-package 1.0"), set when it is
            loaded; part of its fingerprint.
        size: Size of its networks where that is not the run's ("external"), else None.
        outputs: Image name -> digest of the files that hold its outputs, for images made
            elsewhere; empty for a method that computes them.
        files: Image name -> these files, in sample order.

    Raises:
        InputError: A stochastic method does not say how many images it makes.
    """

    id: str
    title: str
    kind: Literal["single", "stochastic", "fused"]
    needs: tuple[Need, ...]
    reference: str
    run: Callable[[Tensor, SampleBank], Tensor] = field(compare=False)
    source: str = ""
    size: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        counted = any(isinstance(need, Sampled | Given) for need in self.needs)
        if self.kind == "stochastic" and not counted:
            raise InputError(
                f"method '{self.id}' is stochastic and does not say how many images it makes; add "
                "Sampled or Given(COUNT) to its needs"
            )

    @property
    def baselines(self) -> Sequence[str]:
        """Ids of the networks this method draws on, sorted."""
        return sorted({need.baseline for need in self.needs if not isinstance(need, Given)})
