"""Options that every command and call that scores takes. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

__all__ = ["DEFAULT_MEMORY", "EvalOptions", "OptionFields"]

DEFAULT_MEMORY = 4 * 2**30


class OptionFields(TypedDict, total=False):
    """Fields of `EvalOptions` as a call takes them: any of them, by keyword."""

    protocol: str
    metrics: str | Sequence[Any] | Mapping[str, Any]
    device: str
    jobs: int | None
    seed: int
    size: str
    max_memory: int | None
    data_root: str | Path | None
    weights_dir: str | Path | None
    offline: bool
    engine: str
    address: str
    gpus_per_worker: float
    shared_files: bool


@dataclass(frozen=True, kw_only=True)
class EvalOptions:
    """How images are restored and scored, and where weights and data are looked for.

    Attributes:
        protocol: Protocol id.
        metrics: Metric ids; all of the protocol's when empty.
        device: "cpu", "cuda", "cuda:1" or "auto" (a GPU if there is one).
        jobs: Processes; one per core, or one per GPU, when None.
        seed: Seed of all samples.
        size: Size of the networks, "compact" or "paper".
        max_memory: Bytes of working memory of the networks, per process; larger images are tiled.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.
        offline: Download nothing.
        engine: "local" (processes on this machine) or "ray" (the nodes of a Ray cluster).
        address: Ray cluster: "auto" (the one this machine is part of), "local" (started for this
            call), "ray://host:port" or "host:port".
        gpus_per_worker: GPUs, or the share of one, that each Ray worker on a GPU gets.
        shared_files: Whether Ray nodes see images and weights under the paths they have here.
    """

    protocol: str = "paper"
    metrics: tuple[str, ...] = ()
    device: str = "cpu"
    jobs: int | None = None
    seed: int = 0
    size: str = "compact"
    max_memory: int = DEFAULT_MEMORY
    data_root: Path | None = None
    weights_dir: Path | None = None
    offline: bool = False
    engine: str = "local"
    address: str = "auto"
    gpus_per_worker: float = 1.0
    shared_files: bool = False

    @classmethod
    def of(cls, **fields: Unpack[OptionFields]) -> Self:
        """Return options from what a call was given; what is None or left out has its default."""
        given = {name: value for name, value in fields.items() if value is not None}
        for name in ("data_root", "weights_dir"):
            if name in given:
                given[name] = Path(str(given[name]))
        metrics = fields.get("metrics") or ()
        given["metrics"] = (metrics,) if isinstance(metrics, str) else tuple(metrics)
        return cls(**given)  # type: ignore[arg-type]
