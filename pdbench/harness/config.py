"""Run configuration, and what a run and its scoring processes tell each other."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from pdbench.data.datasets import Dataset
from pdbench.data.pairs import Pair
from pdbench.errors import InputError
from pdbench.harness.fingerprint import fingerprint as fingerprint_of
from pdbench.harness.method import Given, Method, Sampled
from pdbench.harness.options import EvalOptions
from pdbench.harness.run_info import ImageFingerprint, MethodRecord
from pdbench.metrics import METRICS
from pdbench.metrics.metric import Metric
from pdbench.scores import Score

__all__ = [
    "Catalog",
    "Progress",
    "RunConfig",
    "Task",
    "default_jobs",
    "missing_scores",
    "output_count",
    "resolve_device",
    "score_count",
    "weights_of",
]


class Catalog(Protocol):
    """Methods and the networks they draw on; pickled, so that worker processes have it too."""

    def method(self, name: str) -> Method:
        """Return a method by its id; raises InputError for an unknown one."""
        ...

    def network(self, name: str, size: str, device: str) -> Any:  # noqa: ANN401
        """Load a network as the sample bank wants it; raises WeightsUnavailable."""
        ...

    def fingerprint(self, name: str, size: str) -> str:
        """Return a digest of a network's weights; raises WeightsUnavailable."""
        ...

    def implementation(self, name: str) -> tuple[Callable[..., Any], ...]:
        """Return the functions and classes whose source defines a network."""
        ...

    def weight_files(self, method: str, size: str) -> tuple[Path, ...]:
        """Return the files that a method's networks are read from, without those that ship."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A run: what to score, and how.

    Attributes:
        dataset: What to score on.
        methods: Method ids, in row order.
        catalog: Where methods and networks come from.
        options: How they are scored.
        local_metrics: Metrics of the caller's own, to be known beside all others.
        save_images: Folder for every output as a PNG file, None for none.
    """

    dataset: Dataset
    methods: tuple[str, ...]
    catalog: Catalog
    options: EvalOptions = field(default_factory=EvalOptions)
    local_metrics: tuple[Metric, ...] = ()
    save_images: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """The unit of work: one image and all methods that still lack scores of it.

    Attributes:
        pair: The image.
        image: What was seen of it when it was checked.
        work: Each method with the metrics to compute, in order; none where only its images are
            wanted.
    """

    pair: Pair
    image: ImageFingerprint
    work: tuple[tuple[MethodRecord, tuple[str, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One method of one image is done.

    Attributes:
        image: Image name.
        method: Method id.
        scores: All scores asked for, with or without values.
        final: Whether another run would end the same way.
        outside: Share of the output's values more than `run_info.BOUND` outside [0, 1]; the
            largest of its samples.
        reason: Why the method failed, "" if it did not.
        traceback: Where it did.
        seconds: How long restoring and scoring took.
    """

    image: str
    method: str
    scores: tuple[Score, ...]
    final: bool = True
    outside: float = 0.0
    reason: str = ""
    traceback: str = ""
    seconds: float = field(default=0.0, compare=False)


def output_count(method: Method) -> int:
    """Return how many images the method makes of one LR image."""
    if method.kind != "stochastic":
        return 1
    return max(need.count for need in method.needs if isinstance(need, Sampled | Given))


def score_count(method: Method, metric: str) -> int:
    """Return how many scores of a metric the method's outputs for one image get."""
    return 1 if METRICS.get(metric).per_set else output_count(method)


def missing_scores(
    config: RunConfig, record: MethodRecord, image: str, reasons: Mapping[str, str]
) -> tuple[Score, ...]:
    """Build the scores of outputs that could not be scored.

    Args:
        config: The run.
        record: The method.
        image: Image name.
        reasons: Metric id -> why there is no value.
    """
    method = config.catalog.method(record.id)
    return tuple(
        record.score(
            config.dataset.id, image, record.seed, sample, metric, value=None, reason=reason
        )
        for metric, reason in reasons.items()
        for sample in range(score_count(method, metric))
    )


def weights_of(method: Method, fingerprint: Callable[[str, str], str], size: str) -> str:
    """Return one fingerprint for all that a method's outputs depend on, "" for nothing.

    That is the weights of its networks, the package it comes from, and files made elsewhere.

    Raises:
        WeightsUnavailable: A network has no weights of this size here.
    """
    parts = [fingerprint(baseline, size) for baseline in method.baselines]
    others = [f"{image} {digest}" for image, digest in sorted(method.outputs.items())]
    if method.source:
        others += [method.source, fingerprint_of(method.run)]
    if len(parts) <= 1 and not others:
        return "".join(parts)
    return hashlib.sha256("+".join(parts + others).encode()).hexdigest()[:12]


def resolve_device(device: str) -> str:
    """Return the torch device a name stands for.

    Raises:
        InputError: The device is unknown or this machine has none.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return device
    kind, _, index = device.partition(":")
    if kind != "cuda" or (index and not index.isdecimal()):
        raise InputError(f"unknown device '{device}'; choose cpu, cuda, cuda:N or auto")
    if not torch.cuda.is_available():
        raise InputError(
            f"device '{device}' was asked for but torch finds no GPU; use cpu or auto"
        )
    if index and int(index) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise InputError(f"there is no device '{device}', only {count}; use a lower number")
    return device


def default_jobs(device: str) -> int:
    """Return how many processes suit a device: one per usable core, or one per GPU."""
    if device == "cuda":
        return torch.cuda.device_count()
    if device.startswith("cuda"):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
