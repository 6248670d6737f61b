"""Ray driver: the process that hands tasks to the workers of a Ray cluster."""

from __future__ import annotations

import contextlib
import os
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from pdbench.atomic_write import replace_file
from pdbench.errors import InputError
from pdbench.harness.config import Progress, RunConfig, Task
from pdbench.harness.executors import (
    ATTEMPTS,
    ONE_THREAD,
    Inbox,
    give_up,
    received,
    serve_parent,
)
from pdbench.harness.method_records import method_records, weight_paths
from pdbench.harness.ray_cluster import alive_nodes, connect, last_line, room
from pdbench.harness.ray_worker import Arrival, RayWorker, pack
from pdbench.harness.run_info import installed_versions
from pdbench.weights import sha256_of

__all__ = ["InUse", "Pool", "score_tasks", "work_for_parent"]

AHEAD = 2
"""Tasks a worker has at most, the one in work included: the next one's files travel meanwhile."""

PATIENCE = 300.0
"""Seconds without any worker after which a cluster is given up."""

TICK = 2.0
"""Seconds between looks at what the cluster has."""

_SETTINGS = ("PDBENCH_WEIGHTS", "PDBENCH_OFFLINE")


def work_for_parent() -> None:
    """Run the driver: connect, call what was asked for, tell what it yields."""
    serve_parent(_serve, _leave)


def _leave() -> None:
    import ray

    with contextlib.suppress(Exception):
        ray.shutdown()


def _serve(inbox: Inbox, tell: Callable[[object], None]) -> None:
    address, request = received(inbox)
    connect(address)
    tell(None)
    for answer in request():
        tell(answer)
    tell(None)


def score_tasks(config: RunConfig, tasks: tuple[Task, ...]) -> Iterator[Progress | InUse | str]:
    """Work through tasks on the cluster of this process; see `Pool.run`."""
    yield from Pool(config, tasks).run()


@dataclass(frozen=True)
class InUse:
    """What of the cluster works for the run."""

    nodes: int
    workers: int


@dataclass(eq=False)
class _Job:
    """A task with what is left of it."""

    task: Task
    attempts: int = 0
    left: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.left = {record.id: (record, metrics) for record, metrics in self.task.work}

    def rest(self) -> Task:
        """Return the task without the methods that are done."""
        return replace(self.task, work=tuple(self.left.values()))


@dataclass(eq=False)
class _Hired:
    """A worker of the cluster, and what it has been given."""

    actor: Any
    node: str = ""
    joined: bool = False
    jobs: list[_Job] = field(default_factory=list)


class Pool:
    """The workers of one run.

    Args:
        config: The run; this process is connected to its cluster.
        tasks: Largest first.
        worker: Class of the workers.
    """

    def __init__(
        self, config: RunConfig, tasks: tuple[Task, ...], worker: type[Any] = RayWorker
    ) -> None:
        import ray

        self._config = _placed(config)
        self._options = self._config.options
        self._worker = ray.remote(worker)
        self._waiting = deque(_Job(task) for task in tasks)
        self._open = len(tasks)
        self._metrics = sorted(
            {name for task in tasks for _, names in task.work for name in names}
        )
        self._hired: set[_Hired] = set()
        self._refused: dict[str, str] = {}
        self._events: queue.SimpleQueue[tuple[_Hired, Callable[..., Any], Any]]
        self._events = queue.SimpleQueue()
        self._stillborn = 0
        self._worked = False
        self._looked = self._useful = time.monotonic()
        self._capacity = 0
        self._records = method_records(self._config)
        self._packed = pack(self._config)
        files = {} if self._options.shared_files else weight_paths(self._config)
        self._weights = {name: sha256_of(path) for name, path in files.items()}
        sources = {self._weights[name]: path for name, path in files.items()}
        self._put = cache(lambda digest: ray.put(sources[digest].read_bytes()))

    def run(self) -> Iterator[Progress | InUse | str]:
        """Yield what is done, what works for it, and lines for the user, until all tasks are done.

        Raises:
            PdbenchError: A task cannot be done, or the cluster has no place for workers.
        """
        self._look()
        while self._open:
            self._hire()
            try:
                hired, then, future = self._events.get(timeout=TICK)
            except queue.Empty:
                self._look()
                continue
            if time.monotonic() - self._looked > TICK:
                self._look()
            if hired in self._hired:
                yield from self._handle(hired, then, future)

    def _look(self) -> None:
        """Learn how many workers the cluster has room for; give it up where it has had none."""
        self._looked = time.monotonic()
        if any(one.joined for one in self._hired):
            self._useful = self._looked
        usable = sum(
            room(node, self._options)
            for node in alive_nodes()
            if node["NodeID"] not in self._refused
        )
        if not usable and not self._worked:
            self._refuse_cluster()
        if self._looked - self._useful > PATIENCE:
            raise InputError(
                f"the Ray cluster has had no place for a worker for {PATIENCE:.0f} s; what is "
                "finished is kept, run the same command when it has"
            )
        self._capacity = self._options.jobs or usable or self._capacity

    def _refuse_cluster(self) -> None:
        """Raise InputError unless nodes may still be added for the workers asked for."""
        if self._refused:
            raise InputError(next(iter(self._refused.values())))
        if self._options.jobs is None:
            what = "GPU" if self._options.device == "cuda" else "CPU"
            memory = self._options.max_memory / 2**30
            raise InputError(
                f"no node of the Ray cluster has a {what} and {memory:.3g} GiB of memory for a "
                "worker; add nodes, lower --max-memory, or let an autoscaler add nodes for -j N "
                "workers"
            )

    def _hire(self) -> None:
        """Ask for as many workers as there is room and work for."""
        while len(self._hired) < min(self._capacity, self._open):
            options: dict[str, Any] = {
                "num_cpus": 1,
                "memory": self._options.max_memory,
                "runtime_env": {"env_vars": _environment()},
            }
            if self._options.device == "cuda":
                options["num_gpus"] = self._options.gpus_per_worker
            if self._refused:
                options["label_selector"] = {"ray.io/node-id": f"!in({','.join(self._refused)})"}
            hired = _Hired(self._worker.options(**options).remote())
            self._hired.add(hired)
            digests = sorted(set(self._weights.values()))
            self._when(hired, hired.actor.arrive.remote(digests), self._meet)

    def _when(self, hired: _Hired, ref: Any, then: Callable[..., Any]) -> None:  # noqa: ANN401
        """Have a result handled once it is there."""
        future = ref.future()
        future.add_done_callback(lambda done: self._events.put((hired, then, done)))

    def _handle(
        self,
        hired: _Hired,
        then: Callable[..., Any],
        future: Any,  # noqa: ANN401
    ) -> Iterator[Progress | InUse | str]:
        try:
            result = future.result()
        except Exception as error:  # Ray has many ways to say that a worker is gone
            yield from self._lose(hired, error)
        else:
            yield from then(hired, result)

    def _meet(self, hired: _Hired, arrival: Arrival) -> Iterator[str]:
        """Compare a worker's versions with those here; send it what it needs."""
        hired.node = arrival.node
        here = installed_versions()
        for name, version in here.items():
            there = arrival.versions.get(name, "none")
            if there != version:
                reason = f"it has {name} {there}, this machine {version}; install the same"
                yield from self._refuse(hired, arrival.name, reason)
                return
        joined = hired.actor.join.remote(
            self._packed,
            self._records,
            self._metrics,
            self._weights,
            self._options.shared_files,
            arrival.lacking,
            *(self._put(digest) for digest in arrival.lacking),
        )

        def settle(hired: _Hired, fault: str) -> Iterator[InUse | str]:
            if fault:
                yield from self._refuse(hired, arrival.name, fault)
                return
            hired.joined = self._worked = True
            self._stillborn = 0
            self._feed(hired)
            yield self._in_use()

        self._when(hired, joined, settle)

    def _refuse(self, hired: _Hired, name: str, reason: str) -> Iterator[str]:
        """Do without a node; say so once."""
        line = f"node {name} cannot be used: {reason}"
        self._dismiss(hired)
        new = hired.node not in self._refused
        self._refused[hired.node] = line
        self._look()
        if new:
            yield line

    def _feed(self, hired: _Hired) -> None:
        """Give a worker its next task, and one ahead unless the others will need it sooner."""
        while self._waiting and len(hired.jobs) < (
            AHEAD if len(self._waiting) > len(self._hired) else 1
        ):
            job = self._waiting.popleft()
            hired.jobs.append(job)
            files = {} if self._options.shared_files else self._files(job.task)
            hired.actor.begin.remote(pack(job.rest()), list(files), *files.values())
            for _ in job.left:
                self._when(hired, hired.actor.step.remote(), partial(self._advance, job))

    def _files(self, task: Task) -> dict[str, bytes]:
        """Read what a task's worker will read."""
        paths = {task.pair.hr, task.pair.lr}
        for record, _ in task.work:
            method = self._config.catalog.method(record.id)
            paths |= {*method.files.get(task.pair.name, ())}
        try:
            return {str(path.absolute()): path.read_bytes() for path in paths if path}
        except OSError as error:
            raise InputError(f"cannot read '{error.filename}' ({error.strerror})") from None

    def _advance(
        self, job: _Job, hired: _Hired, done: tuple[Progress | Exception, Mapping[str, bytes]]
    ) -> Iterator[Progress]:
        """Pass on that a method is done, and save its images; results may overtake one another."""
        result, images = done
        if isinstance(result, Exception):
            raise result
        for name, content in images.items():
            _save(Path(str(self._config.save_images), name), content)
        del job.left[result.method]
        if not job.left:
            hired.jobs.remove(job)
            self._open -= 1
            self._feed(hired)
        yield result

    def _lose(self, hired: _Hired, error: Exception) -> Iterator[Progress | InUse]:
        """Put back what a worker had; give up an image that killed too many."""
        from ray.exceptions import RayTaskError

        if hired.joined and isinstance(error, RayTaskError):
            raise RuntimeError(f"a Ray worker failed\n{error}")
        self._dismiss(hired)
        blamed = not _node_died(error)
        if not hired.joined and blamed:
            self._stillborn += 1
            if self._stillborn >= ATTEMPTS * max(1, self._capacity):
                raise RuntimeError(f"Ray workers die while they start: {last_line(error)}")
        jobs = list(hired.jobs)
        if jobs and blamed:
            jobs[0].attempts += 1
            if jobs[0].attempts >= ATTEMPTS:
                job = jobs.pop(0)
                self._open -= 1
                yield from give_up(self._config, job.rest())
        self._waiting.extendleft(reversed(jobs))
        yield self._in_use()
        for other in self._hired:
            if other.joined:
                self._feed(other)

    def _in_use(self) -> InUse:
        nodes = [one.node for one in self._hired if one.joined]
        return InUse(len(set(nodes)), len(nodes))

    def _dismiss(self, hired: _Hired) -> None:
        import ray

        self._hired.remove(hired)
        with contextlib.suppress(Exception):
            ray.kill(hired.actor)


def _placed(config: RunConfig) -> RunConfig:
    """Resolve "auto" to what the cluster has."""
    if config.options.device != "auto":
        return config
    has_gpu = any(node["Resources"].get("GPU", 0) for node in alive_nodes())
    device = "cuda" if has_gpu else "cpu"
    return replace(config, options=replace(config.options, device=device))


def _environment() -> dict[str, str]:
    settings = {name: os.environ[name] for name in _SETTINGS if os.environ.get(name)}
    return {**ONE_THREAD, **settings}


def _save(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise InputError(f"cannot write '{path}' ({error.strerror})") from None


def _node_died(error: Exception) -> bool:
    """Tell whether a worker went because its machine did, which is not its image's fault."""
    return "node has died" in str(error) or bool(getattr(error, "preempted", False))
