"""A run: score methods on a dataset, skipping what the run folder already holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from pdbench.data.datasets import check_pairs, combine_sha256
from pdbench.errors import InputError, WeightsUnavailable
from pdbench.harness.engines import Engine, LocalEngine
from pdbench.harness.method import Method
from pdbench.harness.plan import (
    Completed,
    Event,
    Finished,
    Plan,
    Setup,
    Task,
    default_jobs,
    missing_verdicts,
    resolve_device,
    score_count,
    weights_of,
)
from pdbench.harness.reader import read_files, read_run
from pdbench.harness.run_info import DatasetRecord, MethodRecord, RunRecord, installed_versions
from pdbench.harness.store import Done, RunStore, SeenFile, Verdict
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS, protocol_choices, protocol_hash
from pdbench.weights import fetch

__all__ = ["RunReport", "run"]

_DELAY = 2.0
"""Seconds before a progress bar appears."""


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run did.

    Attributes:
        record: All current scores of the dataset in the run folder.
        methods: Ids of this run's methods, in the plan's order.
        scored: Outputs of (image, method) computed by this run.
        reused: Outputs of (image, method) that were stored already.
        failed: (image, method, reason) of every output of this run's methods without scores.
        unavailable: Metric id -> why it cannot be computed on this machine.
    """

    record: RunRecord
    methods: tuple[str, ...]
    scored: int
    reused: int
    failed: tuple[tuple[str, str, str], ...]
    unavailable: Mapping[str, str]


def run(
    plan: Plan, folder: Path, *, engine: Engine | None = None, progress: bool = False
) -> RunReport:
    """Score the plan's methods on its dataset into a run folder.

    Everything that can be refused is refused before anything is written. Scores are written as
    each method of each image is finished; a run that was stopped, at any moment and by anything,
    is continued by the same call, which computes only what is missing.

    Args:
        plan: What to score.
        folder: Run folder, made if need be.
        engine: Who does the work; worker processes when None.
        progress: Show progress bars on stderr for what takes over two seconds.

    Returns:
        The scores, and what was done.

    Raises:
        InputError: Something in the plan is unknown or does not fit, the dataset is unusable, or
            the run folder is in use or cannot be written.
        WeightsUnavailable: A network has no weights of the size asked for.
    """
    methods = _resolved(plan)
    setup = _setup(plan, methods)
    jobs = default_jobs(setup.device) if plan.jobs is None else plan.jobs
    if jobs < 1:
        raise InputError(f"{jobs} processes cannot work; give -j a number from 1 on")
    files = _check_files(plan, folder, progress)
    dataset = _dataset_record(plan, files)
    with RunStore(folder) as store:
        store.begin(
            dataset,
            files,
            _method_records(setup, methods, dataset),
            [METRICS.get(name).facts for name in setup.hashes],
        )
        work = _missing(store, setup, methods, files)
        unavailable = _unavailable({name for tasks in work.values() for name in _metrics(tasks)})
        tasks = _tasks(plan, files, work, unavailable)
        _note_unavailable(store, setup, methods, files, work, unavailable)
        scored = _work(store, setup, tasks, engine or LocalEngine(jobs), progress)
    record = read_run(folder, dataset.id, setup.protocol)
    total = len(files) * len(methods)
    return RunReport(
        record=record,
        methods=tuple(methods),
        scored=scored,
        reused=total - sum(len(task.work) for task in tasks),
        failed=_failures(record, setup),
        unavailable=unavailable,
    )


def _resolved(plan: Plan) -> dict[str, Method]:
    methods = [plan.resolve(name) for name in plan.methods]
    if not methods:
        raise InputError("no method to run; name one with --method or a suite with --suite")
    return {method.id: method for method in methods}


def _setup(plan: Plan, methods: Mapping[str, Method]) -> Setup:
    protocol = PROTOCOLS.get(plan.protocol)
    names = protocol.metric_ids if plan.metrics is None else list(dict.fromkeys(plan.metrics))
    wanted = {METRICS.get(name).id for name in names}
    if not wanted:
        raise InputError("no metric to compute; name one with --metrics or leave the option out")
    for name in names:
        protocol.rule(name)  # refuses what the protocol does not cover
    covered = protocol.covered_ids
    ordered = [name for name in covered if name in wanted]
    ordered += [name for name in names if name not in covered]
    return Setup(
        dataset=plan.dataset.id,
        methods=tuple(methods),
        weights={
            method.id: weights_of(method, plan.fingerprint, plan.size)
            for method in methods.values()
        },
        resolve=plan.resolve,
        open_baseline=plan.open_baseline,
        size=plan.size,
        protocol=protocol.id,
        hashes={name: protocol_hash(protocol, METRICS.get(name)) for name in ordered},
        seed=plan.seed,
        device=resolve_device(plan.device),
        outputs={method.id: method.outputs for method in methods.values() if method.outputs},
    )


def _check_files(plan: Plan, folder: Path, progress: bool) -> dict[str, SeenFile]:
    """Check all pairs, except those whose files are as an earlier run of the folder saw them."""
    known = read_files(folder, plan.dataset.id)
    stamps = {pair.name: pair.stamp() for pair in plan.dataset.pairs}
    files = {
        name: known[name]
        for name, stamp in stamps.items()
        if name in known and known[name].stamp == stamp
    }
    new = [pair for pair in plan.dataset.pairs if pair.name not in files]
    with tqdm(
        total=len(new),
        desc="checking images",
        delay=_DELAY,
        disable=None if progress else True,
        leave=False,
    ) as bar:
        facts = check_pairs(new, lambda _pair: bar.update())
    for name, fact in facts.items():
        files[name] = SeenFile(stamp=stamps[name], sha256=fact.sha256, pixels=fact.pixels)
    return {pair.name: files[pair.name] for pair in plan.dataset.pairs}


def _dataset_record(plan: Plan, files: Mapping[str, SeenFile]) -> DatasetRecord:
    digests = {name: file.sha256 for name, file in files.items()}
    return DatasetRecord(
        id=plan.dataset.id,
        title=plan.dataset.title,
        scale=plan.dataset.scale,
        images=digests,
        sha256=combine_sha256(digests),
    )


def _method_records(
    setup: Setup, methods: Mapping[str, Method], dataset: DatasetRecord
) -> list[MethodRecord]:
    versions = installed_versions()
    protocol = PROTOCOLS.get(setup.protocol)
    choices = {name: protocol_choices(protocol, METRICS.get(name)) for name in setup.hashes}
    return [
        MethodRecord(
            id=method.id,
            title=method.title,
            kind=method.kind,
            size=method.size or (setup.size if method.baselines else ""),
            weights=setup.weights[method.id],
            seed=setup.seed,
            protocol=setup.protocol,
            hashes=setup.hashes,
            dataset_sha256=dataset.sha256,
            versions=versions,
            choices=choices,
            outputs=method.outputs,
        )
        for method in methods.values()
    ]


_Work = dict[str, dict[str, tuple[str, ...]]]
"""Image name -> method id -> metrics, in order."""


def _missing(
    store: RunStore,
    setup: Setup,
    methods: Mapping[str, Method],
    files: Mapping[str, SeenFile],
) -> _Work:
    """Return what the store does not hold yet."""
    done = store.done(setup.dataset, setup.seed)

    def lacks(image: str, method: Method, metric: str) -> bool:
        key = Done(
            image=image,
            image_sha256=files[image].sha256,
            method=method.id,
            weights=setup.weights_of(method.id, image),
            seed=setup.seed,
            metric=metric,
            protocol_hash=setup.hashes[metric],
        )
        return done.get(key) != score_count(method, metric)

    work: _Work = {}
    for image in files:
        for method in methods.values():
            if metrics := tuple(name for name in setup.hashes if lacks(image, method, name)):
                work.setdefault(image, {})[method.id] = metrics
    return work


def _metrics(work: Mapping[str, Iterable[str]]) -> list[str]:
    return [name for metrics in work.values() for name in metrics]


def _unavailable(metrics: Iterable[str]) -> dict[str, str]:
    """Fetch the weights of these metrics, once for all processes; say which cannot be had."""
    reasons: dict[str, str] = {}
    for name in sorted(metrics):
        metric = METRICS.get(name)
        sources = [METRICS.get(part) for part in metric.parts] or [metric]
        try:
            for file in (file for source in sources for file in source.weights):
                fetch(file)
            for source in sources:
                if source.fetch is not None:
                    source.fetch()
        except WeightsUnavailable as error:
            reasons[name] = str(error)
    return reasons


def _tasks(
    plan: Plan,
    files: Mapping[str, SeenFile],
    work: _Work,
    unavailable: Mapping[str, str],
) -> list[Task]:
    """Return one task per image with anything to compute, largest first."""
    tasks = []
    for pair in plan.dataset.pairs:
        left = {
            method: tuple(name for name in metrics if name not in unavailable)
            for method, metrics in work.get(pair.name, {}).items()
        }
        left = {method: metrics for method, metrics in left.items() if metrics}
        if left:
            file = files[pair.name]
            tasks.append(
                Task(
                    pair=pair,
                    sha256=file.sha256,
                    pixels=file.pixels,
                    work=left,
                    max_memory=plan.max_memory,
                )
            )
    return sorted(tasks, key=lambda task: (-task.pixels, task.pair.name))


def _note_unavailable(
    store: RunStore,
    setup: Setup,
    methods: Mapping[str, Method],
    files: Mapping[str, SeenFile],
    work: _Work,
    unavailable: Mapping[str, str],
) -> None:
    """Store, for every image and method, why a metric has no value."""
    if not unavailable:
        return
    for image, wanted in work.items():
        verdicts: list[Verdict] = []
        for method, metrics in wanted.items():
            reasons = {
                name: f"unavailable: {unavailable[name]}"
                for name in metrics
                if name in unavailable
            }
            verdicts += missing_verdicts(setup, image, methods[method], reasons, final=False)
        store.write(files[image].sha256, verdicts)


def _work(
    store: RunStore, setup: Setup, tasks: Sequence[Task], engine: Engine, progress: bool
) -> int:
    """Have the tasks done, storing what is finished; returns how many methods of images were."""
    if not tasks:
        return 0
    scored = 0
    # Counted in pixels, as time is; images of one set differ in size by a factor of four.
    total = sum(task.pixels * len(task.work) for task in tasks)
    bar = tqdm(
        total=total,
        desc=f"scoring {len(tasks)} images",
        unit="px",
        bar_format="{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]",
        delay=_DELAY,
        disable=None if progress else True,
        leave=False,
    )
    # Closed at once when writing fails, so that no worker goes on in vain.
    with bar, contextlib.closing(engine.run(setup, tasks)) as events:
        for event in events:
            _store(store, setup, event)
            if isinstance(event, Finished):
                scored += 1
                bar.update(event.task.pixels)
    return scored


def _store(store: RunStore, setup: Setup, event: Event) -> None:
    if isinstance(event, Completed):
        return
    if isinstance(event, Finished):
        store.write(event.task.sha256, event.verdicts)
        return
    for name, metrics in event.task.work.items():
        reasons = dict.fromkeys(metrics, event.reason)
        method = setup.resolve(name)
        store.write(
            event.task.sha256,
            missing_verdicts(setup, event.task.pair.name, method, reasons, final=False),
        )


def _failures(record: RunRecord, setup: Setup) -> tuple[tuple[str, str, str], ...]:
    failures = {
        (score.image, score.method, score.reason)
        for score in record.scores
        if score.method in setup.weights and score.reason.startswith("failed")
    }
    return tuple(sorted(failures))
