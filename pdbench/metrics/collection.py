"""Collection of metrics: opened once, prepared once per image, then scoring batch after batch."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import torch
from torch import Tensor

from pdbench.errors import MetricUndefined, WeightsUnavailable
from pdbench.metrics import METRICS
from pdbench.metrics.color import shared_planes
from pdbench.metrics.metric import Choices, Metric, Scorer, SetScorer
from pdbench.metrics.protocol import Protocol, protocol_hash
from pdbench.metrics.vgg import shared_first_stages
from pdbench.scores import is_score

__all__ = ["MetricCollection"]

_log = logging.getLogger(__name__)

_Column = list[tuple[float | None, str]]
"""One (value, reason) per image of a batch; the reason is empty where there is a value."""


@contextmanager
def _exact() -> Iterator[None]:
    """Compute without gradients and, on a GPU, in full float32 with repeatable sums."""
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False),
    ):
        yield


class MetricCollection:
    """Several metrics under one protocol on one device.

    Opening loads the weights. A metric whose weights cannot be had stays in it, listed in
    `unavailable`: its scores are None and say why. Parts of a combined metric (Ma and NIQE for PI)
    are computed once, whether they were asked for or not; a part for which the protocol has other
    choices than for the metric of that name goes by "pi.niqe".

    Args:
        protocol: The conventions to follow.
        ids: Metrics wanted, in the order of the results; all of the protocol's when None.
        device: Torch device the metrics compute on ("cpu", "cuda:0").

    Attributes:
        protocol: As given.
        ids: The metrics wanted, in order.
        hashes: Metric id -> protocol hash.
        unavailable: Metric id (or "pi.niqe") -> why it cannot be computed on this machine.
        reasons: Metric id -> per image of the last batch why it has no value, "" if it has one.

    Raises:
        InputError: A metric is unknown or the protocol does not cover it.
    """

    def __init__(
        self, protocol: Protocol, ids: Iterable[str] | None = None, *, device: str = "cpu"
    ) -> None:
        wanted = protocol.metric_ids if ids is None else list(dict.fromkeys(ids))
        metrics = [METRICS.get(name) for name in wanted]
        self.protocol = protocol
        self.ids = wanted
        self.device = device
        self.hashes = {metric.id: protocol_hash(protocol, metric) for metric in metrics}
        self.unavailable: dict[str, str] = {}
        self.reasons: dict[str, list[str]] = {}
        self._scorers: dict[str, Scorer] = {}
        self._set_scorers: dict[str, SetScorer] = {}
        self._outside: set[str] = set()
        self._prepared: dict[str, Any] = {}
        self._declined: dict[str, str] = {}
        self._sharing = False
        for metric in metrics:
            self._open(metric)

    def _open(self, metric: Metric) -> None:
        if not metric.parts:
            self._open_scorer(metric.id, metric, self.protocol.rule(metric.id).choices)
        for part in metric.parts:
            name = self._part_name(metric, part)
            choices = self.protocol.part_choices(metric.id, part)
            self._open_scorer(name, METRICS.get(part), choices)
            if name in self.unavailable:
                self.unavailable[metric.id] = self.unavailable[name]

    def _part_name(self, metric: Metric, part: str) -> str:
        """Return the name a part's scorer goes by: the metric's own where they are the same."""
        own = self.protocol.rules.get(part)
        same = own is not None and own.choices == self.protocol.part_choices(metric.id, part)
        return part if same else f"{metric.id}.{part}"

    def _open_scorer(self, name: str, metric: Metric, choices: Choices) -> None:
        if metric.open is None or name in {*self._scorers, *self._set_scorers, *self.unavailable}:
            return
        try:
            scorer = metric.open(choices, self.device)
        except WeightsUnavailable as error:
            _log.info("%s is unavailable: %s", name, error)
            self.unavailable[name] = str(error)
            return
        if metric.source:
            self._outside.add(name)
        if metric.per_set:
            self._set_scorers[name] = cast(SetScorer, scorer)
        else:
            self._scorers[name] = cast(Scorer, scorer)

    @property
    def set_ids(self) -> list[str]:
        """Those of `ids` that score all samples of an image together, in order."""
        return [name for name in self.ids if METRICS.get(name).per_set]

    def prepare(self, hr: Tensor | None, lr: Tensor | None) -> None:
        """Do, once per image, the work that depends on the reference or the LR image alone.

        Args:
            hr: (3, H, W) or (1, 3, H, W) float32 RGB in [0, 1] on the 8-bit grid, or None.
            lr: (3, H/4, W/4) or (1, 3, H/4, W/4), same convention, or None.
        """
        hr, lr = self._one(hr), self._one(lr)
        self._prepared, self._declined = {}, {}
        with _exact(), shared_first_stages() as stages:
            for name, scorer in (self._scorers | self._set_scorers).items():
                try:
                    self._prepared[name] = scorer.prepare(
                        self._shown(name, hr), self._shown(name, lr)
                    )
                except MetricUndefined as error:
                    self._declined[name] = str(error)
        # Outputs are looked at as the reference was: nothing is kept that nobody asks for again.
        self._sharing = stages.asked_again

    def _one(self, image: Tensor | None) -> Tensor | None:
        if image is None:
            return None
        return (image if image.ndim == 4 else image.unsqueeze(0)).to(self.device)

    def _shown(self, name: str, image: Tensor | None) -> Tensor | None:
        """Return an image as a metric gets it: a copy where code of others may change it."""
        return image.clone() if image is not None and name in self._outside else image

    def score(self, restored: Tensor) -> dict[str, list[float | None]]:
        """Score outputs for the image last prepared.

        Args:
            restored: (B, 3, H, W) or (3, H, W) float32 RGB in [0, 1] on the 8-bit grid. An image
                with NaN or infinite values gets no scores; the others do.

        Returns:
            Metric id -> B values, None where there is none; `reasons` then says why. Metrics of
            whole sets of samples are not among them; see `score_set`.

        Raises:
            ValueError: The size differs from the reference's.
            RuntimeError: `prepare` was not called.
        """
        verdicts = self.judge(restored)
        self.reasons = {name: [why for _, why in column] for name, column in verdicts.items()}
        return {name: [value for value, _ in column] for name, column in verdicts.items()}

    def judge(self, restored: Tensor) -> dict[str, list[tuple[float | None, str]]]:
        """Score as `score` does; each value comes with why it is missing, "" where it is not."""
        self._check_prepared()
        restored = (restored if restored.ndim == 4 else restored.unsqueeze(0)).to(self.device)
        columns: dict[str, _Column] = {}
        sharing = shared_first_stages() if self._sharing else nullcontext()
        with _exact(), shared_planes(), sharing:
            finite = _finite(restored)
            for name in self._scorers:
                columns[name] = self._score_finite(name, restored, finite)
        metrics = [METRICS.get(name) for name in self.ids]
        return {m.id: self._column(m, columns, finite) for m in metrics if not m.per_set}

    def score_set(self, name: str, samples: Iterable[Tensor]) -> tuple[float | None, str]:
        """Score all samples of the image last prepared together.

        Args:
            name: Id of a metric of the collection that judges whole sets (`Metric.per_set`).
            samples: Each (3, H, W) float32 RGB in [0, 1] on the 8-bit grid; taken one at a time.

        Returns:
            The value or None, and why there is none.

        Raises:
            ValueError: The size differs from the reference's.
            RuntimeError: `prepare` was not called.
        """
        self._check_prepared()
        if name in self.unavailable:
            return None, f"unavailable: {self.unavailable[name]}"
        if name in self._declined:
            return None, self._declined[name]
        batches = (sample[None].to(self.device) for sample in samples)
        try:
            with _exact():
                return _checked(self._set_scorers[name].score_set(batches, self._prepared[name]))
        except MetricUndefined as error:
            return None, str(error)

    def _check_prepared(self) -> None:
        opened = self._scorers or self._set_scorers
        if opened and not (self._prepared or self._declined):
            raise RuntimeError("expected prepare() before score()")

    def _score_finite(self, name: str, restored: Tensor, finite: list[bool]) -> _Column:
        """Score the finite images; the others get the reason."""
        good = [index for index, ok in enumerate(finite) if ok]
        column: _Column = [(None, "the image holds NaN or infinite values")] * len(finite)
        if good:
            batch = restored if len(good) == len(finite) else restored[good]
            for index, verdict in zip(good, self._score(name, batch), strict=True):
                column[index] = verdict
        return column

    def _score(self, name: str, restored: Tensor) -> _Column:
        if name in self._declined:
            return [(None, self._declined[name])] * len(restored)
        try:
            shown = cast(Tensor, self._shown(name, restored))
            scores = self._scorers[name].score(shown, self._prepared[name]).tolist()
        except MetricUndefined as error:
            if len(restored) == 1:
                return [(None, str(error))]
            # One image may have spoilt the batch for the others.
            return [verdict for one in restored for verdict in self._score(name, one[None])]
        return [_checked(score) for score in scores]

    def _column(self, metric: Metric, columns: dict[str, _Column], finite: list[bool]) -> _Column:
        if metric.id in self.unavailable:
            return [(None, f"unavailable: {self.unavailable[metric.id]}")] * len(finite)
        if metric.combine is None:
            return columns[metric.id]
        combined: _Column = []
        names = [self._part_name(metric, part) for part in metric.parts]
        for cells in zip(*(columns[name] for name in names), strict=True):
            missing = [
                f"{part}: {why}"
                for part, (value, why) in zip(metric.parts, cells, strict=True)
                if value is None
            ]
            values = {part: value for part, (value, _) in zip(metric.parts, cells, strict=True)}
            combined.append(
                (None, "; ".join(missing)) if missing else _checked(metric.combine(values))
            )
        return combined


def _finite(images: Tensor) -> list[bool]:
    """Say of each image whether it is free of NaN and infinite values: its extremes are, then."""
    values = images.flatten(1)
    return torch.stack([values.amin(dim=1), values.amax(dim=1)]).isfinite().all(dim=0).tolist()


def _checked(score: float) -> tuple[float | None, str]:
    if math.isnan(score):
        return None, "the metric gave no number"
    if not is_score(score):
        return None, f"the metric gave {score:g}, which is not a score"
    return score, ""
