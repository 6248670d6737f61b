"""What is to be scored, and the messages between the run and those who do the scoring."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from pdbench.data.datasets import Dataset
from pdbench.data.pairs import Pair
from pdbench.errors import InputError
from pdbench.harness.bank import DEFAULT_MEMORY
from pdbench.harness.method import Given, Method, Sampled
from pdbench.harness.store import Verdict
from pdbench.metrics import METRICS
from pdbench.scores import Score

__all__ = [
    "DEFAULT_MEMORY",
    "Completed",
    "Event",
    "Finished",
    "Lost",
    "Plan",
    "Setup",
    "Task",
    "default_jobs",
    "missing_verdicts",
    "output_count",
    "resolve_device",
    "score_count",
    "weights_of",
]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A run as its caller describes it.

    The three functions must be importable (defined at the top of a module): worker processes find
    them by name. They keep this layer free of any particular method or network.

    Attributes:
        dataset: What to score on.
        methods: Method ids, in row order.
        resolve: Method id -> method; raises InputError for an unknown one.
        open_baseline: (baseline id, size, device) -> loaded network, as the sample bank wants it.
        fingerprint: (baseline id, size) -> digest of its weights; raises WeightsUnavailable.
        size: Size of the networks.
        protocol: Protocol id.
        metrics: Metric ids; all of the protocol's when None.
        seed: Run seed.
        device: "cpu", "cuda", "cuda:1" or "auto" (a GPU if there is one).
        jobs: Processes; one per core, or one per GPU, when None.
        max_memory: Bytes of working memory of the networks, per process.
    """

    dataset: Dataset
    methods: tuple[str, ...]
    resolve: Callable[[str], Method]
    open_baseline: Callable[[str, str, str], Any]
    fingerprint: Callable[[str, str], str]
    size: str = "compact"
    protocol: str = "paper"
    metrics: tuple[str, ...] | None = None
    seed: int = 0
    device: str = "cpu"
    jobs: int | None = None
    max_memory: int = DEFAULT_MEMORY


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a scoring process must know before its first image.

    Attributes:
        dataset: Dataset id.
        methods: Ids of all methods of the run.
        weights: Method id -> fingerprint of its networks.
        resolve: As in `Plan`.
        open_baseline: As in `Plan`.
        size: Size of the networks.
        protocol: Protocol id.
        hashes: Metric id -> protocol hash.
        seed: Run seed.
        device: Torch device.
        outputs: Method id -> image name -> digest of the files that hold its outputs, for methods
            whose images were made elsewhere.
    """

    dataset: str
    methods: tuple[str, ...]
    weights: Mapping[str, str]
    resolve: Callable[[str], Method]
    open_baseline: Callable[[str, str, str], Any]
    size: str
    protocol: str
    hashes: Mapping[str, str]
    seed: int
    device: str
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def weights_of(self, method: str, image: str) -> str:
        """Return the fingerprint that is stored with a method's scores of one image."""
        return self.outputs.get(method, {}).get(image, self.weights[method])

    def score(
        self,
        method: str,
        image: str,
        sample: int,
        metric: str,
        *,
        value: float | None,
        reason: str,
    ) -> Score:
        """Return a score of this run: everything but the value is known here."""
        return Score(
            dataset=self.dataset,
            image=image,
            method=method,
            seed=self.seed,
            sample=sample,
            metric=metric,
            protocol=self.protocol,
            protocol_hash=self.hashes[metric],
            weights=self.weights_of(method, image),
            value=value,
            reason=reason,
        )


@dataclass(frozen=True, kw_only=True)
class Task:
    """The unit of work: one image, all methods that still lack scores of it.

    Attributes:
        pair: The image.
        sha256: Digest over its pixels.
        pixels: Pixels of its HR.
        work: Method id -> metrics to compute, in order.
        max_memory: Bytes of working memory of the networks.
    """

    pair: Pair
    sha256: str
    pixels: int
    work: Mapping[str, tuple[str, ...]]
    max_memory: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """One method of a task is done.

    Attributes:
        task: The task.
        method: Method id.
        verdicts: All scores asked for.
    """

    task: Task
    method: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, kw_only=True)
class Completed:
    """All methods of a task are done."""

    task: Task


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The processes that tried a task died; what they finished before was reported.

    Attributes:
        task: The task.
        reason: One clause for the scores that are missing.
    """

    task: Task
    reason: str


Event = Finished | Completed | Lost


def output_count(method: Method) -> int:
    """Return how many images the method makes of one LR image."""
    if method.kind != "stochastic":
        return 1
    return max(need.count for need in method.needs if isinstance(need, Sampled | Given))


def score_count(method: Method, metric: str) -> int:
    """Return how many scores of a metric the method's outputs for one image get."""
    return 1 if METRICS.get(metric).per_set else output_count(method)


def missing_verdicts(
    setup: Setup, image: str, method: Method, reasons: Mapping[str, str], *, final: bool
) -> tuple[Verdict, ...]:
    """Build the verdicts of outputs that could not be scored.

    Args:
        setup: The run.
        image: Image name.
        method: The method.
        reasons: Metric id -> why there is no value.
        final: Whether another run would end the same way.
    """
    return tuple(
        Verdict(
            score=setup.score(method.id, image, sample, metric, value=None, reason=reason),
            final=final,
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
        others.append(method.source)
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
