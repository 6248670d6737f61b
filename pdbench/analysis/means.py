"""Means of scores: over an image's outputs first, then over the images."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

import pandas as pd

from pdbench.errors import InputError
from pdbench.registry import unknown_id
from pdbench.score_table import KEY, scores_frame
from pdbench.scores import MetricFacts, Score, one_line

__all__ = ["Mean", "Scores", "Summary", "keep_worst", "summarize"]

_SCORE = ["method", "metric", "image", "seed", "sample"]
Scores: TypeAlias = Iterable[Score] | pd.DataFrame
"""Scores in any order, or the DataFrame of them that `scores_frame` makes."""


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
        seed_means: Mean over the images that count for each run seed, by seed.
    """

    method: str
    metric: str
    outputs: Mapping[str, tuple[float, ...]]
    total: int
    missing: Mapping[str, str]
    seed_means: tuple[float, ...] = ()

    @property
    def n(self) -> int:
        """Number of images that count."""
        return len(self.outputs)

    @cached_property
    def images(self) -> dict[str, float]:
        """Mean over the outputs of each image that counts, by image name."""
        return {name: statistics.fmean(values) for name, values in self.outputs.items()}

    @cached_property
    def value(self) -> float | None:
        """Mean over images of the mean over outputs; None if no image counts."""
        return statistics.fmean(self.images.values()) if self.images else None

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
    def seed_std(self) -> float | None:
        """Standard deviation of the mean between run seeds (n - 1), or None for one seed."""
        return _std(self.seed_means)

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
        facts: The metrics, in column order.
        titles: Method id -> title, for those that have one.
        size: Size of the networks ("compact"), "" for none.
        remarks: (method id, mark, text) of what else a reader must know; "" for every method.
        caption: Images, protocol, networks and seeds of the means in one line.
    """

    dataset: str
    protocol: str
    hashes: Mapping[str, str]
    seeds: tuple[int, ...]
    methods: tuple[str, ...]
    images: int
    means: Mapping[tuple[str, str], Mean]
    facts: tuple[MetricFacts, ...]
    titles: Mapping[str, str]
    size: str
    remarks: tuple[tuple[str, str, str], ...]
    caption: str

    def title(self, method: str) -> str:
        """Return what a method is called, on one line."""
        return one_line(self.titles.get(method, method))

    def choose(self, methods: Sequence[str]) -> list[str]:
        """Return the methods asked for, each once; all when none is.

        Raises:
            InputError: One of them has no scores.
        """
        for method in methods:
            if method not in self.methods:
                raise unknown_id("method in these scores", method, self.methods)
        return list(dict.fromkeys(methods or self.methods))

    def mean(self, method: str, metric: str) -> Mean:
        """Return the mean of one metric of one method; one without images if never scored."""
        empty = Mean(method=method, metric=metric, outputs={}, total=self.images, missing={})
        return self.means.get((method, metric), empty)

    def has_values(self, metric: str) -> bool:
        """Tell whether any method has a mean of a metric."""
        return any(mean.n for mean in self.means.values() if mean.metric == metric)

    def reasons(self, *metrics: str) -> list[str]:
        """Return the distinct known reasons why scores of metrics are missing, sorted."""
        means = [mean for mean in self.means.values() if mean.metric in metrics]
        return sorted({one_line(reason) for mean in means for reason in mean.reasons})


def summarize(
    scores: Scores,
    facts: Iterable[MetricFacts] = (),
    *,
    titles: Mapping[str, str] | None = None,
    images: int | None = None,
    size: str = "",
    remarks: Sequence[tuple[str, str, str]] = (),
    worst: bool = False,
) -> Summary:
    """Gather per-output scores into means.

    Args:
        scores: Scores of one dataset under one protocol.
        facts: The metrics, in column order.
        titles: Method id -> title; ids stand for themselves where there is none.
        images: Number of images in the dataset; by default the number of distinct images seen.
        size: Size of the networks ("compact").
        remarks: (method id, mark, text) of what else a reader must know; "" for every method.
        worst: Let each image count by its worst output instead of the mean of its outputs.

    Returns:
        The means, with n/N, spread between images and spread between samples kept apart.

    Raises:
        InputError: There are no scores; they come from several datasets or protocols, or a metric
            from several protocol hashes, or a method from several sets of weights; or an output
            has two scores of one metric.
    """
    facts = tuple(facts)
    frame = keep_worst(scores, facts) if worst else scores_frame(scores)
    if frame.empty:
        raise InputError("there are no scores to summarize; score a method first")
    _check_comparable(frame)
    total = max(images or 0, frame["image"].nunique())
    seeds = tuple(sorted(frame["seed"].unique().tolist()))
    hashed = frame[frame["protocol_hash"] != ""].drop_duplicates("metric")
    dataset, protocol = frame["dataset"].iat[0], frame["protocol"].iat[0]
    parts = [
        f"{dataset} ×4, {total} image{'s' if total != 1 else ''}",
        f"protocol {protocol}",
        *([f"{size} networks"] if size else []),
        f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}",
        *(["worst output of each image"] if worst else []),
    ]
    return Summary(
        dataset=dataset,
        protocol=protocol,
        hashes=dict(zip(hashed["metric"], hashed["protocol_hash"], strict=True)),
        seeds=seeds,
        methods=tuple(frame["method"].unique()),
        images=total,
        means=_means(frame, total),
        facts=facts,
        titles=titles or {},
        size=size,
        remarks=tuple(remarks),
        caption="; ".join(map(one_line, parts)),
    )


def keep_worst(scores: Scores, facts: Iterable[MetricFacts]) -> pd.DataFrame:
    """Keep, of the outputs a method made of an image, the worst by each metric.

    Args:
        scores: Per-output scores.
        facts: The metrics to keep; they say which direction is worse.

    Returns:
        One score per method, image, seed and metric, as sample 0. An output without a score is
        worse than any with one.

    References:
        Lugmayr, Danelljan, Timofte et al., "NTIRE 2021 Learning the Super-Resolution Space
        Challenge", CVPR Workshops 2021, whose LR-PSNR is given as mean and worst.
    """
    frame = scores_frame(scores)
    sign = frame["metric"].map({fact.id: fact.sign for fact in facts})
    quality = (sign * frame["value"]).fillna(-math.inf)[sign.notna()]
    ordered = frame.loc[quality.sort_values(kind="stable").index]
    worst = ordered.drop_duplicates(["method", "image", "seed", "metric"])
    return worst.sort_index().assign(sample=0)


def _means(frame: pd.DataFrame, total: int) -> dict[tuple[str, str], Mean]:
    """Return (method, metric) -> its mean."""
    for score in frame[frame.duplicated(_SCORE)].itertuples():
        raise InputError(
            f"{score.method} has two {score.metric} scores for image '{score.image}', seed "
            f"{score.seed}, sample {score.sample}; keep one of the two sources"
        )
    ordered = frame.sort_values(["image", "seed", "sample"])
    groups = ordered.groupby(["method", "metric"], sort=False)[[*KEY, "value", "reason"]]
    return {
        (method, metric): _mean(method, metric, list(group.itertuples(index=False)), total)
        for (method, metric), group in groups
    }


def _mean(method: str, metric: str, lines: Sequence[Any], total: int) -> Mean:
    """Gather the scores of one metric of one method, sorted by image, seed and sample."""
    expected = len({(line.seed, line.sample) for line in lines})
    outputs = {name: list(found) for name, found in groupby(lines, key=attrgetter("image"))}
    complete = {
        name: found
        for name, found in outputs.items()
        if len(found) == expected and not any(math.isnan(line.value) for line in found)
    }
    seeds: dict[int, list[float]] = {}
    for found in complete.values():
        for line in found:
            seeds.setdefault(line.seed, []).append(line.value)
    return Mean(
        method=method,
        metric=metric,
        outputs={name: tuple(line.value for line in found) for name, found in complete.items()},
        total=total,
        missing={n: _reason(o, expected) for n, o in outputs.items() if n not in complete},
        seed_means=tuple(statistics.fmean(seeds[seed]) for seed in sorted(seeds)),
    )


def _reason(outputs: Sequence[Any], expected: int) -> str:
    if reasons := {line.reason for line in outputs if line.reason}:
        return str(min(reasons))
    if any(math.isnan(line.value) for line in outputs):
        return "the score is not a number"
    return f"only {len(outputs)} of {expected} outputs were scored"


def _std(values: Sequence[float]) -> float | None:
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    return statistics.stdev(values)


def _check_comparable(frame: pd.DataFrame) -> None:
    datasets = sorted(frame["dataset"].unique())
    if len(datasets) > 1:
        raise InputError(
            f"scores of several datasets ({', '.join(datasets)}) cannot share a mean; choose one"
        )
    known = frame[(frame["protocol_hash"] != "") | frame["value"].notna()]
    pairs = known.drop_duplicates(["metric", "protocol", "protocol_hash"])
    for metric, group in pairs.groupby("metric", sort=False):
        if len(group) > 1:
            named = ", ".join(sorted(group["protocol"] + " " + group["protocol_hash"]))
            raise InputError(
                f"{metric} was scored under different protocols ({named}) and these numbers "
                "cannot be compared; score every method again under one"
            )
    protocols = sorted(frame["protocol"].unique())
    if len(protocols) > 1:
        raise InputError(
            f"scores of several protocols ({', '.join(protocols)}) cannot share a mean; choose one"
        )
    for method, weights in frame.groupby("method", sort=False)["weights"].unique().items():
        if len(weights) > 1:
            raise InputError(
                f"{method} was scored with different weights "
                f"({', '.join(sorted(weights))}); keep the scores of one"
            )
