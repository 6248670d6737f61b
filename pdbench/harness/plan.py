"""Plan of a run: what its folder does not have yet, and how long computing it may take."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from pdbench.harness.config import RunConfig, score_count
from pdbench.harness.database import open_read_only
from pdbench.harness.method_records import method_records
from pdbench.harness.run_info import ImageFingerprint, MethodRecord
from pdbench.harness.store import ScoreKey, done_scores, is_run_folder, read_fingerprints
from pdbench.images import image_size
from pdbench.metrics.rules import metric_files
from pdbench.weights import find

__all__ = ["Plan", "Work", "missing_work", "plan_run"]

Work: TypeAlias = list[tuple[str, MethodRecord, tuple[str, ...]]]
"""Image name, method, and the metrics that are missing, in order."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run would compute.

    Attributes:
        images: How many images have something to compute.
        missing: Method id -> metric id -> how many images lack its score.
        scores: How many scores that is.
        seconds: Computing time of one process, from what the folder's earlier runs took for the
            same methods and metrics, by pixels; NaN where that is not known.
        untimed: Methods that no earlier run of the folder has timed.
        weights: Weight file of a metric that is not here -> how it is got.
    """

    images: int
    missing: Mapping[str, Mapping[str, int]]
    scores: int
    seconds: float
    untimed: tuple[str, ...]
    weights: Mapping[str, str]


def plan_run(config: RunConfig, folder: Path, force: Collection[str] = ()) -> Plan:
    """Say what a run would compute; nothing is computed, downloaded or written.

    Args:
        config: The run.
        folder: Run folder; it need not exist.
        force: Ids of methods whose stored scores would be computed again.

    Raises:
        InputError: Something asked for is unknown or does not fit.
        WeightsUnavailable: A network has no weights of the size asked for.
    """
    dataset = config.dataset
    records = method_records(config)
    known = read_fingerprints(folder, dataset.id)
    images = {}
    for pair in dataset.pairs:
        found, content = known.get(pair.name), pair.content()
        if found is None or found.content != content:
            pixels = math.prod(image_size(pair.hr) or (0,))
            found = ImageFingerprint(content=content, sha256="", pixels=pixels)
        images[pair.name] = found
    done, speeds = _read(folder, dataset.id, config.options.seed)
    work = missing_work(replace(config, save_images=None), records, images, done, force)
    missing: dict[str, dict[str, int]] = {}
    for _, record, metrics in work:
        counts = missing.setdefault(record.id, {})
        counts |= {name: counts.get(name, 0) + 1 for name in metrics}
    times = [
        (record.id, _speed(speeds, record.id, metrics) * images[name].pixels)
        for name, record, metrics in work
    ]
    return Plan(
        images=len({name for name, _, _ in work}),
        missing=missing,
        scores=sum(
            count * score_count(config.catalog.method(name), metric)
            for name, counts in missing.items()
            for metric, count in counts.items()
        ),
        seconds=sum(seconds for _, seconds in times),
        untimed=tuple(dict.fromkeys(name for name, seconds in times if math.isnan(seconds))),
        weights=_missing_files({name for _, _, metrics in work for name in metrics}),
    )


def missing_work(
    config: RunConfig,
    records: Mapping[str, MethodRecord],
    images: Mapping[str, ImageFingerprint],
    done: Mapping[ScoreKey, int],
    force: Collection[str] = (),
) -> Work:
    """Return what the store does not have yet, or is to be computed again.

    Args:
        config: The run.
        records: Method id -> how its scores come about.
        images: Image name -> what was seen of it.
        done: What the store has -> how many samples of it.
        force: Ids of methods whose stored scores are computed again.
    """

    def is_done(image: str, record: MethodRecord, metric: str) -> bool:
        key = ScoreKey(
            image=image,
            image_sha256=images[image].sha256,
            method=record.id,
            weights=record.weights_of(image),
            seed=record.seed,
            metric=metric,
            protocol_hash=record.hashes[metric],
            code=record.code[metric],
        )
        return done.get(key) == score_count(config.catalog.method(record.id), metric)

    work: Work = []
    for image in images:
        for record in records.values():
            metrics = tuple(
                name
                for name in record.hashes
                if record.id in force or not is_done(image, record, name)
            )
            if metrics or config.save_images:
                work.append((image, record, metrics))
    return work


_Speeds: TypeAlias = Mapping[tuple[str, frozenset[str]], float]
"""Method id and the metrics that were scored together -> seconds for a pixel."""


def _read(folder: Path, dataset: str, seed: int) -> tuple[Mapping[ScoreKey, int], _Speeds]:
    """Return what a folder has, and how fast it was computed; nothing of a folder that is new."""
    if not is_run_folder(folder):
        return {}, {}
    with open_read_only(folder) as db:
        done = done_scores(db, dataset, seed)
        query = "SELECT method, metrics, SUM(seconds) / SUM(pixels) FROM time GROUP BY 1, 2"
        speeds = {
            (one, frozenset(names.split(","))): speed for one, names, speed in db.execute(query)
        }
    return done, speeds


def _speed(speeds: _Speeds, method: str, metrics: Collection[str]) -> float:
    """Return seconds for a pixel, of the fewest metrics timed that include these; NaN for none."""
    fitting = [key for key in speeds if key[0] == method and key[1] >= set(metrics)]
    return speeds[min(fitting, key=lambda key: len(key[1]))] if fitting else math.nan


def _missing_files(metrics: Iterable[str]) -> dict[str, str]:
    files = dict.fromkeys(file for name in sorted(metrics) for file in metric_files(name))
    return {file.name: file.how for file in files if find(file) is None}
