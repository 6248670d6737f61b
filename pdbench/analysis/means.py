"""Means of scores: over an image's outputs first, then over the images."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pdbench.errors import InputError
from pdbench.scores import MetricFacts, Score

__all__ = ["Mean", "Summary", "keep_worst", "summarize"]


@dataclass(frozen=True, kw_only=True)
class Mean:
    """One metric of one method over a dataset.

    An image counts only if every output the method made of it has a score: leaving out failed
    samples would flatter the method.

    Attributes:
        method: Method id.
        metric: Metric id.
        outputs: Image name -> its scores in (seed, sample) order, for the images that count.
        total: Number of images in the dataset, N of "n/N".
        missing: Image name -> why it does not count ("" where no reason is known).
    """

    method: str
    metric: str
    outputs: Mapping[str, tuple[float, ...]]
    total: int
    missing: Mapping[str, str]

    @property
    def n(self) -> int:
        """Number of images that count."""
        return len(self.outputs)

    @cached_property
    def images(self) -> dict[str, float]:
        """Mean over the outputs of each image that counts, by image name."""
        return {name: math.fsum(values) / len(values) for name, values in self.outputs.items()}

    @cached_property
    def value(self) -> float | None:
        """Mean over images of the mean over outputs; None if no image counts."""
        values = list(self.images.values())
        return math.fsum(values) / len(values) if values else None

    @property
    def image_std(self) -> float | None:
        """Standard deviation between images (n - 1), or None below two images."""
        return _std(list(self.images.values()))

    @property
    def sample_std(self) -> float | None:
        """Standard deviation between the outputs of one image, pooled over images, or None.

        The square root of the mean over images of the variance (count - 1) within an image.
        """
        spreads = [_std(values) for values in self.outputs.values() if len(values) > 1]
        known = [spread for spread in spreads if spread is not None]
        return math.sqrt(math.fsum(s * s for s in known) / len(known)) if known else None

    @property
    def reasons(self) -> tuple[str, ...]:
        """The distinct known reasons why images do not count, sorted."""
        return tuple(sorted({reason for reason in self.missing.values() if reason}))


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All means of one dataset under one protocol.

    Attributes:
        dataset: Dataset id.
        protocol: Protocol id.
        hashes: Metric id -> protocol hash of that metric.
        seeds: Run seeds, sorted.
        methods: Method ids in order of first appearance.
        images: Number of images, N of "n/N".
        means: (method id, metric id) -> its mean.
    """

    dataset: str
    protocol: str
    hashes: Mapping[str, str]
    seeds: tuple[int, ...]
    methods: tuple[str, ...]
    images: int
    means: Mapping[tuple[str, str], Mean]

    def mean(self, method: str, metric: str) -> Mean:
        """Return the mean of one metric of one method; one without images if never scored."""
        empty = Mean(method=method, metric=metric, outputs={}, total=self.images, missing={})
        return self.means.get((method, metric), empty)


def summarize(scores: Iterable[Score], *, images: int | None = None) -> Summary:
    """Gather per-output scores into means.

    Args:
        scores: Scores of one dataset, in any order.
        images: Number of images in the dataset; by default the number of distinct images seen.

    Returns:
        The means, with n/N, spread between images and spread between samples kept apart.

    Raises:
        InputError: There are no scores; they come from several datasets or protocols, or a metric
            from several protocol hashes, or a method from several sets of weights; or an output
            has two scores of one metric.
    """
    scores = list(scores)
    if not scores:
        raise InputError("there are no scores to summarize; score a method first")
    hashes = _check_comparable(scores)
    total = max(images or 0, len({score.image for score in scores}))
    groups: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault((score.method, score.metric), []).append(score)
    return Summary(
        dataset=scores[0].dataset,
        protocol=scores[0].protocol,
        hashes=hashes,
        seeds=tuple(sorted({score.seed for score in scores})),
        methods=tuple(dict.fromkeys(score.method for score in scores)),
        images=total,
        means={key: _mean(group, total) for key, group in groups.items()},
    )


def keep_worst(scores: Iterable[Score], facts: Iterable[MetricFacts]) -> list[Score]:
    """Keep, of the outputs a method made of an image, the worst by each metric.

    Args:
        scores: Per-output scores, in any order.
        facts: The metrics to keep; they say which direction is worse.

    Returns:
        One score per method, image, seed and metric, as sample 0. An output without a score is
        worse than any with one.

    References:
        Lugmayr, Danelljan, Timofte et al., "NTIRE 2021 Learning the Super-Resolution Space
        Challenge", CVPR Workshops 2021, whose LR-PSNR is given as mean and worst.
    """
    signs = {fact.id: fact.sign for fact in facts}
    worst: dict[tuple[str, str, int, str], tuple[float, Score]] = {}
    for score in scores:
        if score.metric not in signs:
            continue
        value = _value(score)
        quality = -math.inf if value is None else signs[score.metric] * value
        key = score.method, score.image, score.seed, score.metric
        if key not in worst or quality < worst[key][0] or value is None:
            worst[key] = quality, replace(score, sample=0)
    return [score for _, score in worst.values()]


def _mean(group: Sequence[Score], total: int) -> Mean:
    images: dict[str, dict[tuple[int, int], Score]] = {}
    for score in group:
        outputs = images.setdefault(score.image, {})
        if (score.seed, score.sample) in outputs:
            raise InputError(
                f"{score.method} has two {score.metric} scores for image '{score.image}', seed "
                f"{score.seed}, sample {score.sample}; keep one of the two sources"
            )
        outputs[score.seed, score.sample] = score
    expected = {key for outputs in images.values() for key in outputs}
    complete: dict[str, tuple[float, ...]] = {}
    missing: dict[str, str] = {}
    for name, outputs in sorted(images.items()):
        values = [_value(outputs[key]) for key in sorted(outputs)]
        known = tuple(value for value in values if value is not None)
        if len(known) == len(expected):
            complete[name] = known
        else:
            missing[name] = _reason(outputs, len(expected))
    first = group[0]
    return Mean(
        method=first.method, metric=first.metric, outputs=complete, total=total, missing=missing
    )


def _reason(outputs: Mapping[tuple[int, int], Score], expected: int) -> str:
    reasons = {score.reason for score in outputs.values() if score.reason}
    if reasons:
        return min(reasons)
    if any(_value(score) is None for score in outputs.values()):
        return "the score is not a number"
    return f"only {len(outputs)} of {expected} outputs were scored"


def _value(score: Score) -> float | None:
    return None if score.value is None or math.isnan(score.value) else score.value


def _std(values: Sequence[float]) -> float | None:
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    return statistics.stdev(values)


def _check_comparable(scores: Sequence[Score]) -> dict[str, str]:
    datasets = sorted({score.dataset for score in scores})
    if len(datasets) > 1:
        raise InputError(
            f"scores of several datasets ({', '.join(datasets)}) cannot share a mean; choose one"
        )
    _check_protocols(scores)
    by_method: dict[str, set[str]] = {}
    for score in scores:
        by_method.setdefault(score.method, set()).add(score.weights)
    for method, weights in by_method.items():
        if len(weights) > 1:
            raise InputError(
                f"{method} was scored with different weights "
                f"({', '.join(sorted(weights))}); keep the scores of one"
            )
    return {score.metric: score.protocol_hash for score in scores if score.protocol_hash}


def _check_protocols(scores: Sequence[Score]) -> None:
    found: dict[str, dict[tuple[str, str], None]] = {}
    for score in scores:
        if score.protocol_hash or score.value is not None:
            found.setdefault(score.metric, {})[score.protocol, score.protocol_hash] = None
    for metric, pairs in found.items():
        if len(pairs) > 1:
            named = ", ".join(f"{protocol} {digest}" for protocol, digest in sorted(pairs))
            raise InputError(
                f"{metric} was scored under different protocols ({named}) and these numbers "
                "cannot be compared; score every method again under one"
            )
    protocols = sorted({score.protocol for score in scores})
    if len(protocols) > 1:
        raise InputError(
            f"scores of several protocols ({', '.join(protocols)}) cannot share a mean; choose one"
        )
