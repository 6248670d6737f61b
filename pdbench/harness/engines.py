"""Engines: who works through the tasks of a run. All give the same numbers."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from pdbench.harness.plan import Completed, Event, Finished, Lost, Setup, Task
from pdbench.harness.scorer import ImageScorer
from pdbench.harness.worker import Worker, WorkerDied

__all__ = ["Engine", "LocalEngine", "SerialEngine"]

ATTEMPTS = 3
"""How many processes may die of one image before it is given up."""


class Engine(Protocol):
    """Works through tasks."""

    def run(self, setup: Setup, tasks: Sequence[Task]) -> Generator[Event]:
        """Yield what is finished, as it is finished; closing the iterator stops the work.

        Args:
            setup: The run.
            tasks: Largest first.

        Raises:
            PdbenchError: What a task raised; the run ends.
        """
        ...


class SerialEngine:
    """Works in this process, with one thread: for methods no other process can import."""

    def run(self, setup: Setup, tasks: Sequence[Task]) -> Generator[Event]:
        """Work through the tasks one after the other; see `Engine`."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            scorer = ImageScorer(setup)
            for task in tasks:
                yield from scorer.score(task)
                yield Completed(task=task)
        finally:
            torch.set_num_threads(threads)


class LocalEngine:
    """Works in several processes of one thread each, images side by side.

    A worker that dies (killed by the system for its memory, say) is replaced, and the methods of
    its image that were not finished are tried again with half the memory.

    Args:
        jobs: Number of processes, at least 1.
    """

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError(f"expected jobs >= 1, got {jobs}")
        self.jobs = jobs

    def run(self, setup: Setup, tasks: Sequence[Task]) -> Generator[Event]:
        """Work through the tasks in worker processes; see `Engine`."""
        waiting = deque(tasks)
        events: _Events = queue.SimpleQueue()
        devices = _devices(setup.device)
        drivers = [
            _Driver(replace(setup, device=devices[index % len(devices)]), waiting, events)
            for index in range(min(self.jobs, len(tasks)))
        ]
        try:
            for driver in drivers:
                driver.start()
            running = len(drivers)
            while running:
                event = events.get()
                if isinstance(event, _Raised):
                    raise event.error
                if isinstance(event, _Stopped):
                    running -= 1
                else:
                    yield event
        finally:
            waiting.clear()
            for driver in drivers:
                driver.stop()


def _devices(device: str) -> list[str]:
    """Spread workers over all GPUs unless one was named."""
    if device != "cuda":
        return [device]
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())]


@dataclass(frozen=True)
class _Raised:
    """A driver's work raised."""

    error: BaseException


class _Stopped:
    """A driver has no more to do."""


_Events = queue.SimpleQueue[Event | _Raised | _Stopped]


class _Driver(threading.Thread):
    """Feeds one worker and passes on what it says; replaces it when it dies."""

    def __init__(self, setup: Setup, waiting: deque[Task], events: _Events) -> None:
        super().__init__(daemon=True)
        self._setup, self._waiting, self._events = setup, waiting, events
        self._worker: Worker | None = None
        self._stopping = False
        self._guard = threading.Lock()

    def run(self) -> None:
        """Work until nothing waits, then say so."""
        try:
            while not self._stopping and self._waiting:
                try:
                    task = self._waiting.popleft()
                except IndexError:  # another driver was faster
                    break
                self._attempt(task)
        except BaseException as error:
            self._events.put(_Raised(error))
        finally:
            self._discard()
            self._events.put(_Stopped())

    def stop(self) -> None:
        """End the worker at once, whatever it is doing."""
        with self._guard:
            self._stopping = True
            if self._worker is not None:
                self._worker.kill()
        if self.is_alive():
            self.join()

    def _attempt(self, task: Task) -> None:
        for _ in range(ATTEMPTS):
            left = dict(task.work)
            try:
                self._work(task, left)
            except WorkerDied:
                self._discard()
                if self._stopping:
                    return
                task = replace(task, work=left, max_memory=task.max_memory // 2)
            else:
                return
        reason = "failed: its process was killed, most likely for lack of memory"
        self._events.put(Lost(task=task, reason=reason))

    def _work(self, task: Task, left: dict[str, tuple[str, ...]]) -> None:
        """Have the worker do a task, taking what is finished out of `left`."""
        worker = self._ready()
        worker.submit(task)
        while True:
            message = worker.receive()
            if isinstance(message, Finished):
                left.pop(message.method, None)
            if isinstance(message, (Finished, Completed)):
                self._events.put(message)
            if isinstance(message, Completed):
                return

    def _ready(self) -> Worker:
        """Return the worker, started if there is none."""
        if self._worker is not None:
            return self._worker
        with self._guard:
            if self._stopping:
                raise WorkerDied
            self._worker = worker = Worker(self._setup)
        try:
            worker.prepare()
        except WorkerDied:
            if self._stopping:
                raise
            raise RuntimeError("a worker process could not start; its error is above") from None
        return worker

    def _discard(self) -> None:
        with self._guard:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()
