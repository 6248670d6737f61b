"""Scoring one image with several methods: what every scoring process does."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial

import torch
from torch import Tensor

from pdbench.allocator import keep_freed_memory
from pdbench.errors import InputError, MetricUndefined, NonFiniteImage, PdbenchError
from pdbench.harness.config import Progress, RunConfig, Task, missing_scores
from pdbench.harness.method import Method
from pdbench.harness.restore import make_bank, open_networks, restore, save_outputs
from pdbench.harness.run_info import BOUND, MethodRecord
from pdbench.images import quantize
from pdbench.metrics import METRICS
from pdbench.metrics.collection import MetricCollection
from pdbench.metrics.protocol import PROTOCOLS
from pdbench.scores import Score

__all__ = ["ImageScorer"]

FUSED = "one image made from samples is outside the challenge's rules: it has no diversity"

NON_FINITE = "failed: the output holds NaN or infinite values"


class ImageScorer:
    """Runs methods on images and scores what they make; networks and metrics are opened once.

    Args:
        config: The run.
    """

    def __init__(self, config: RunConfig) -> None:
        keep_freed_memory()
        for metric in config.local_metrics:
            if metric.id not in METRICS:  # a worker process does not know it yet
                METRICS.add(metric)
        self._config = config
        self._protocol = PROTOCOLS.get(config.options.protocol)
        self._quantization = self._protocol.quantization
        self._networks = open_networks(config.catalog, config.options)
        self._method = cache(config.catalog.method)
        self._collection = cache(
            partial(MetricCollection, self._protocol, device=config.options.device)
        )

    def score(self, task: Task) -> Iterator[Progress]:
        """Yield each method of the task as it is done; one that fails does not stop the others.

        Raises:
            InputError: The image changed since it was checked, or a weight file is damaged.
        """
        lr, hr = task.pair.load()
        if task.pair.content() != task.image.content:
            raise InputError(f"image '{task.pair.hr}' changed during the run; start the run again")
        methods = [self._method(record.id) for record, _ in task.work]
        for method in methods:
            for baseline in method.baselines:
                self._networks(baseline)
        bank = make_bank(task.pair.name, lr, methods, self._networks, self._config.options)
        image = _Image(task, lr, hr)
        for (record, metrics), method in zip(task.work, methods, strict=True):
            started = time.perf_counter()
            try:
                outputs = restore(method, bank)
                if self._config.save_images:
                    folder = self._config.save_images / method.id
                    save_outputs(method, image.name, outputs, self._protocol, folder)
            except Exception as error:  # whatever a method's code does
                yield self._failure(image, record, metrics, error)
            else:
                done = self._score_outputs(image, record, method, metrics, outputs)
                yield replace(done, seconds=time.perf_counter() - started)

    def _score_outputs(
        self,
        image: _Image,
        record: MethodRecord,
        method: Method,
        metrics: tuple[str, ...],
        outputs: Tensor,
    ) -> Progress:
        """Score outputs by these metrics; where one of them fails, each by itself."""
        if not metrics:
            return Progress(image=image.name, method=record.id, scores=())
        try:
            collection = self._collection(metrics)
            image.prepare(collection)
            scores = tuple(self._scores(image.name, record, method, outputs, collection))
        except Exception as error:  # whatever a metric's code does
            if len(metrics) == 1:
                return self._failure(image, record, metrics, error)
            parts = [
                self._score_outputs(image, record, method, (name,), outputs) for name in metrics
            ]
            return Progress(
                image=image.name,
                method=record.id,
                scores=tuple(score for part in parts for score in part.scores),
                final=all(part.final for part in parts),
                outside=_outside(outputs),
                traceback="".join(part.traceback for part in parts),
            )
        return Progress(
            image=image.name, method=record.id, scores=scores, outside=_outside(outputs)
        )

    def _failure(
        self, image: _Image, record: MethodRecord, metrics: tuple[str, ...], error: Exception
    ) -> Progress:
        if _is_out_of_memory(error):
            _free_memory()
            less = f"{self._config.options.max_memory // 2**20 // 2}MiB"
            reason = f"out of memory; run again with --max-memory {less}"
        elif isinstance(error, PdbenchError):
            reason = str(error)
        else:
            line = (str(error).splitlines() or [""])[0]
            reason = f"{type(error).__name__}: {line}"
        reasons = dict.fromkeys(metrics, f"failed: {reason}")
        return Progress(
            image=image.name,
            method=record.id,
            scores=missing_scores(self._config, record, image.name, reasons),
            final=isinstance(error, MetricUndefined | NonFiniteImage),
            reason=reason,
            traceback="".join(traceback.format_exception(error)),
        )

    def _scores(
        self,
        image: str,
        record: MethodRecord,
        method: Method,
        outputs: Tensor,
        collection: MetricCollection,
    ) -> Iterator[Score]:
        """Score outputs one at a time, so that no score depends on a batch; sets at the end."""
        dataset = self._config.dataset.id
        single = [name for name in collection.ids if name not in collection.set_ids]
        for sample, output in enumerate(outputs):
            try:
                verdicts = collection.judge(quantize(output, self._quantization))
            except NonFiniteImage:
                verdicts = {name: [(None, NON_FINITE)] for name in single}
            for name, [(value, reason)] in verdicts.items():
                yield record.score(
                    dataset, image, record.seed, sample, name, value=value, reason=reason
                )
        for name in collection.set_ids:
            value, reason = self._set_value(name, method, outputs, collection)
            yield record.score(dataset, image, record.seed, 0, name, value=value, reason=reason)

    def _set_value(
        self, metric: str, method: Method, outputs: Tensor, collection: MetricCollection
    ) -> tuple[float | None, str]:
        if method.kind == "fused":
            return None, FUSED
        try:
            levels = (quantize(output, self._quantization) for output in outputs)
            return collection.score_set(metric, levels)
        except NonFiniteImage:
            return None, NON_FINITE


class _Image:
    """The image being scored, and which metrics are prepared for it."""

    def __init__(self, task: Task, lr: Tensor, hr: Tensor) -> None:
        self.name, self._lr, self._hr = task.pair.name, lr, hr
        self._prepared: set[int] = set()

    def prepare(self, collection: MetricCollection) -> None:
        """Have metrics do, once, what depends on the image alone."""
        if id(collection) not in self._prepared:
            collection.prepare(self._hr, self._lr)
            self._prepared.add(id(collection))


def _outside(outputs: Tensor) -> float:
    """Return the largest share, over the samples, of values more than `BOUND` outside [0, 1]."""
    if outputs.amin() >= -BOUND and outputs.amax() <= 1 + BOUND:
        return 0.0
    far = (outputs < -BOUND) | (outputs > 1 + BOUND)
    return far.flatten(1).double().mean(1).max().item()


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
