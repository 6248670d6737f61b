"""Runs: methods are scored on a dataset, and what the run folder already has is kept."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pdbench.data.datasets import check_pairs, combine_sha256
from pdbench.errors import InputError
from pdbench.harness.config import (
    Progress,
    RunConfig,
    Task,
    default_jobs,
    missing_scores,
    resolve_device,
)
from pdbench.harness.executors import Executor, LocalExecutor
from pdbench.harness.method_records import method_records, metric_ids, missing_weights
from pdbench.harness.options import EvalOptions
from pdbench.harness.plan import Work, missing_work
from pdbench.harness.progress import progress_bar
from pdbench.harness.ray_executor import RayExecutor
from pdbench.harness.run_info import (
    DatasetRecord,
    ImageFingerprint,
    MethodRecord,
    RunRecord,
    RunResult,
)
from pdbench.harness.store import RunStore, read_fingerprints, read_run
from pdbench.metrics import METRICS
from pdbench.registry import unknown_id

__all__ = ["prepare", "restore_images", "run"]

_log = logging.getLogger(__name__)


def run(
    config: RunConfig,
    folder: Path,
    *,
    force: Collection[str] = (),
    executor: Executor | None = None,
    progress: bool = False,
) -> RunResult:
    """Score methods on a dataset into a run folder.

    Everything that can be refused is refused before anything is written. Scores are written as
    each method of each image is finished; a run that was stopped, at any moment and by anything,
    is continued by the same call, which computes only what is missing.

    Args:
        config: What to score, and how.
        folder: Run folder, made if need be.
        force: Ids of methods whose stored scores are computed again.
        executor: Who does the work; worker processes when None.
        progress: Show progress bars on stderr for what takes over two seconds.

    Returns:
        The scores, and what was done.

    Raises:
        InputError: Something asked for is unknown or does not fit, the dataset is unusable, or
            the run folder is in use or cannot be written.
        WeightsUnavailable: A network has no weights of the size asked for.
    """
    config = prepare(config, force)
    options = config.options
    executor = executor or _open_executor(options)
    records = method_records(config)
    images = _check_images(config, folder, progress)
    dataset = _dataset_record(config, images)
    records = {
        name: replace(record, dataset_sha256=dataset.sha256) for name, record in records.items()
    }
    with RunStore(folder) as store:
        facts = [METRICS.get(name).facts for name in metric_ids(config)]
        done_before = store.done(config.dataset.id, options.seed)
        work = missing_work(config, records, images, done_before, force)
        wanted = {name for _, _, missing in work for name in missing}
        unavailable = missing_weights(wanted, next(iter(records.values())).models)
        tasks = _tasks(config, images, work, unavailable)
        unchanged = records.keys() - {
            method.id for task in tasks for method, metrics in task.work if metrics
        }
        store.begin(dataset, images, list(records.values()), facts, unchanged)
        for image, method, missing in missing_work(config, records, images, done_before):
            reasons = {
                name: f"unavailable: {unavailable[name]}"
                for name in missing
                if name in unavailable
            }
            scores = missing_scores(config, method, image, reasons)
            store.write(images[image].sha256, method, scores, final=False)
        _log.info(
            "%s: %d methods, %d metrics, %d images; %d images to be scored",
            folder, len(records), len(facts), len(images), len(tasks),
        )  # fmt: skip
        done = _execute(store, config, tasks, executor, progress)
    record = read_run(folder, dataset.id, methods=config.methods, seeds=(options.seed,))
    computed = sum(score.value is not None for one in done for score in one.scores)
    return RunResult(
        folder=folder,
        record=record,
        computed=computed,
        kept=sum(score.value is not None for score in record.scores) - computed,
        failed=_failures(record),
        unavailable=unavailable,
        tracebacks={(one.image, one.method): one.traceback for one in done if one.traceback},
    )


def restore_images(
    config: RunConfig, *, executor: Executor | None = None, progress: bool = False
) -> None:
    """Write the outputs of methods for a dataset, without scores and without a run folder.

    Args:
        config: What to run; its `save_images` is where outputs go.
        executor: Who does the work; as for `run` when None.
        progress: Show a progress bar.

    Raises:
        InputError: A method fails on an image, or something asked for does not fit.
        WeightsUnavailable: A network has no weights of the size asked for.
    """
    config = replace(config, options=_here(config.options))
    work = tuple((record, ()) for record in method_records(config).values())
    tasks = [
        Task(
            pair=pair,
            image=ImageFingerprint(content=pair.content(), sha256="", pixels=0),
            work=work,
        )
        for pair in sorted(config.dataset.pairs, key=lambda pair: -pair.hr.stat().st_size)
    ]
    executor = executor or _open_executor(config.options)
    bar = progress_bar(len(tasks) * len(work), f"restoring {len(tasks)} images", show=progress)
    with bar, contextlib.closing(executor.run(config, tasks)) as finished:
        for one in finished:
            if one.reason:
                raise InputError(
                    f"method '{one.method}' cannot restore '{one.image}' ({one.reason})"
                )
            bar.update()


def prepare(config: RunConfig, force: Collection[str] = ()) -> RunConfig:
    """Return the configuration with each method once, for this machine; see `run`."""
    if not config.methods:
        raise InputError("no method to run; name one with --method or a suite with --suite")
    methods = {method.id: method for method in map(config.catalog.method, config.methods)}
    if others := set(force) - set(methods):
        raise InputError(f"--force names '{min(others)}', which this run does not score")
    return replace(config, methods=tuple(methods), options=_here(config.options))


def _here(options: EvalOptions) -> EvalOptions:
    """Resolve what depends on the machine that scores; nodes of a cluster do so themselves."""
    if options.jobs is not None and options.jobs < 1:
        raise InputError(f"{options.jobs} processes cannot work; give -j a number from 1 on")
    if options.engine == "ray":
        return options
    return replace(options, device=resolve_device(options.device))


def _open_executor(options: EvalOptions) -> Executor:
    if options.engine == "ray":
        return RayExecutor(options)
    if options.engine != "local":
        raise unknown_id("engine", options.engine, ("local", "ray"))
    return LocalExecutor(options.jobs or default_jobs(options.device))


def _check_images(config: RunConfig, folder: Path, progress: bool) -> dict[str, ImageFingerprint]:
    """Check all pairs, except those whose files are what an earlier run of the folder saw."""
    known = read_fingerprints(folder, config.dataset.id)
    contents = {pair.name: pair.content() for pair in config.dataset.pairs}
    new = [
        pair
        for pair in config.dataset.pairs
        if pair.name not in known or known[pair.name].content != contents[pair.name]
    ]
    with progress_bar(len(new), "checking images", show=progress) as bar:
        facts = check_pairs(new, lambda _pair: bar.update())
    fresh = {
        name: ImageFingerprint(
            content=contents[name], sha256=fact.sha256, pixels=fact.pixels, lr_psnr=fact.lr_psnr
        )
        for name, fact in facts.items()
    }
    return {name: fresh.get(name) or known[name] for name in contents}


def _dataset_record(config: RunConfig, images: Mapping[str, ImageFingerprint]) -> DatasetRecord:
    digests = {name: image.sha256 for name, image in images.items()}
    return DatasetRecord(
        id=config.dataset.id,
        title=config.dataset.title,
        scale=config.dataset.scale,
        images=digests,
        sha256=combine_sha256(digests),
        lr=config.dataset.lr_source or "made",
        lr_psnr={
            name: round(image.lr_psnr, 2)
            for name, image in images.items()
            if math.isfinite(image.lr_psnr)
        },
    )


def _tasks(
    config: RunConfig,
    images: Mapping[str, ImageFingerprint],
    work: Work,
    unavailable: Mapping[str, str],
) -> list[Task]:
    """Return one task per image with anything to compute, largest first."""
    left: dict[str, list[tuple[MethodRecord, tuple[str, ...]]]] = {}
    for image, record, missing in work:
        metrics = tuple(name for name in missing if name not in unavailable)
        if metrics or config.save_images:
            left.setdefault(image, []).append((record, metrics))
    tasks = [
        Task(pair=pair, image=images[pair.name], work=tuple(left[pair.name]))
        for pair in config.dataset.pairs
        if pair.name in left
    ]
    return sorted(tasks, key=lambda task: (-task.image.pixels, task.pair.name))


def _execute(
    store: RunStore,
    config: RunConfig,
    tasks: Sequence[Task],
    executor: Executor,
    progress: bool,
) -> list[Progress]:
    """Have the tasks done and store what is finished, as it is finished."""
    if not tasks:
        return []
    images = {task.pair.name: task.image for task in tasks}
    records = {record.id: record for task in tasks for record, _ in task.work}
    # Counted in pixels, as time is; images of one set differ in size by a factor of four.
    bar = progress_bar(
        sum(task.image.pixels * len(task.work) for task in tasks),
        f"scoring {len(tasks)} images",
        show=progress,
        bar_format="{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]{postfix}",
    )
    done = []
    # Closed at once when writing fails, so that no worker goes on in vain.
    with bar, contextlib.closing(executor.run(config, tasks)) as finished:
        for one in finished:
            image = images[one.image]
            store.write(
                image.sha256,
                records[one.method],
                one.scores,
                final=one.final,
                outside=one.outside,
                pixels=image.pixels,
                seconds=one.seconds,
            )
            bar.set_postfix_str(executor.in_use, refresh=False)
            bar.update(image.pixels)
            _log.info("scored %s of %s", one.method, one.image)
            done.append(one)
    return done


def _failures(record: RunRecord) -> tuple[tuple[str, str, str], ...]:
    failures = {
        (score.image, score.method, score.reason.removeprefix("failed: "))
        for score in record.scores
        if score.reason.startswith("failed: ")
    }
    return tuple(sorted(failures))
