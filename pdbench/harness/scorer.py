"""Scoring one image with several methods: what every scoring process does."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor

from pdbench.allocator import keep_freed_memory
from pdbench.data.pairs import pixel_sha256
from pdbench.errors import InputError, MetricUndefined, NonFiniteImage
from pdbench.harness.bank import SampleBank
from pdbench.harness.method import Method
from pdbench.harness.plan import (
    Finished,
    Setup,
    Task,
    missing_verdicts,
    output_count,
)
from pdbench.harness.store import Verdict
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PROTOCOLS

__all__ = ["ImageScorer"]

RETRIES = 3
"""How often an image is tried again with half the memory after the memory ran out."""

FUSED = "one image made from samples is outside the challenge's rules: it has no diversity"

NON_FINITE = "the output holds NaN or infinite values"

_log = logging.getLogger(__name__)


class ImageScorer:
    """Runs methods on images and scores what they make; networks and metrics are opened once.

    Args:
        setup: The run.
    """

    def __init__(self, setup: Setup) -> None:
        keep_freed_memory()
        self.setup = setup
        self.protocol = PROTOCOLS.get(setup.protocol)
        self.methods = {name: setup.resolve(name) for name in setup.methods}
        self._network = cache(partial(_open, setup))
        self._panels: dict[tuple[str, ...], MetricCollection] = {}

    def score(self, task: Task) -> Iterator[Finished]:
        """Yield each method of the task as it is done.

        Where memory runs out, what is left is tried again with half the working memory. A method
        that fails so three more times is given up, and the others go on.

        Raises:
            InputError: The image changed since it was checked, or a method returned something of
                a wrong shape.
        """
        lr, hr = task.pair.load()
        if pixel_sha256((lr, hr)) != task.sha256:
            raise InputError(f"image '{task.pair.hr}' changed during the run; start the run again")
        left, memory = dict(task.work), task.max_memory
        retries = dict.fromkeys(left, RETRIES)
        while left:
            try:
                attempt = replace(task, work=dict(left), max_memory=memory)
                for finished in _Image(self, attempt, lr, hr).score():
                    del left[finished.method]
                    yield finished
            except Exception as error:
                if not _is_out_of_memory(error):
                    raise
                name = next(iter(left))
            else:
                return
            _free_memory()
            retries[name] -= 1
            if retries[name] < 0:
                yield self._given_up(task, name, left.pop(name))
                memory = task.max_memory
            else:
                _log.warning("out of memory: %s on '%s', cut smaller now", name, task.pair.name)
                memory //= 2

    def _given_up(self, task: Task, name: str, metrics: tuple[str, ...]) -> Finished:
        reasons = dict.fromkeys(metrics, "failed: out of memory")
        verdicts = missing_verdicts(
            self.setup, task.pair.name, self.methods[name], reasons, final=False
        )
        return Finished(task=task, method=name, verdicts=verdicts)

    def bank(self, task: Task, lr: Tensor) -> SampleBank:
        """Return the bank of an image; the seed of its samples depends on the LR pixels alone."""
        return SampleBank(
            lr,
            pixel_sha256((lr,)),
            self.setup.seed,
            [need for name in task.work for need in self.methods[name].needs],
            self._network,
            device=self.setup.device,
            max_memory=task.max_memory,
            image=task.pair.name,
        )

    def panel(self, metrics: tuple[str, ...]) -> MetricCollection:
        """Return the opened panel of these metrics."""
        if metrics not in self._panels:
            self._panels[metrics] = MetricCollection(
                self.protocol, metrics, device=self.setup.device
            )
        return self._panels[metrics]


class _Image:
    """One image of a task: its bank, and the panels prepared for it."""

    def __init__(self, scorer: ImageScorer, task: Task, lr: Tensor, hr: Tensor) -> None:
        self.scorer, self.task, self.lr, self.hr = scorer, task, lr, hr
        self.bank = scorer.bank(task, lr)
        self._prepared: set[tuple[str, ...]] = set()

    def score(self) -> Iterator[Finished]:
        """Yield each method of the task as it is done."""
        for name, metrics in self.task.work.items():
            verdicts = tuple(self._score_method(name, metrics))
            yield Finished(task=self.task, method=name, verdicts=verdicts)

    def _score_method(self, name: str, metrics: tuple[str, ...]) -> Iterator[Verdict]:
        setup, method = self.scorer.setup, self.scorer.methods[name]
        try:
            with torch.inference_mode():
                outputs = method.run(self.lr, self.bank)
        except (MetricUndefined, NonFiniteImage) as error:
            reasons = dict.fromkeys(metrics, f"failed: {error}")
            yield from missing_verdicts(setup, self.task.pair.name, method, reasons, final=True)
            return
        expected = (output_count(method), *self.hr.shape)
        if outputs.ndim == 3:
            outputs = outputs.unsqueeze(0)
        if tuple(outputs.shape) != expected:
            raise InputError(
                f"method '{name}' returned shape {tuple(outputs.shape)} for image "
                f"'{self.task.pair.name}', expected {expected}; mend the method"
            )
        panel = self._panel(metrics)
        for sample, output in enumerate(outputs):
            for metric, (value, reason) in self._values(output, panel).items():
                yield self._verdict(name, sample, metric, value, reason)
        for metric in panel.set_ids:
            yield self._verdict(name, 0, metric, *self._set_value(method, outputs, metric, panel))

    def _panel(self, metrics: tuple[str, ...]) -> MetricCollection:
        """Return the panel of these metrics, prepared for this image."""
        panel = self.scorer.panel(metrics)
        if metrics not in self._prepared:
            panel.prepare(self.hr, self.lr)
            self._prepared.add(metrics)
        return panel

    def _verdict(
        self, method: str, sample: int, metric: str, value: float | None, reason: str
    ) -> Verdict:
        score = self.scorer.setup.score(
            method, self.task.pair.name, sample, metric, value=value, reason=reason
        )
        return Verdict(score=score, final=not reason.startswith("unavailable"))

    def _values(
        self, output: Tensor, panel: MetricCollection
    ) -> dict[str, tuple[float | None, str]]:
        """Score one output; one at a time, so that no score depends on a batch."""
        single = [name for name in panel.ids if name not in panel.set_ids]
        try:
            restored = self.scorer.protocol.quantize(output)
        except NonFiniteImage:
            return dict.fromkeys(single, (None, f"failed: {NON_FINITE}"))
        values = panel.score(restored)
        return {name: (values[name][0], panel.reasons[name][0]) for name in single}

    def _set_value(
        self, method: Method, outputs: Tensor, metric: str, panel: MetricCollection
    ) -> tuple[float | None, str]:
        """Score all outputs together."""
        if method.kind == "fused":
            return None, FUSED
        try:
            return panel.score_set(metric, map(self.scorer.protocol.quantize, outputs))
        except NonFiniteImage:
            return None, f"failed: {NON_FINITE}"


def _open(setup: Setup, baseline: str) -> Any:  # noqa: ANN401  (a restorer or a sampler)
    return setup.open_baseline(baseline, setup.size, setup.device)


def _is_out_of_memory(error: Exception) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    # The CPU allocator raises a bare RuntimeError.
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "not enough memory" in text or "can't allocate memory" in text
    )


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
