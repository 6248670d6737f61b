"""Executors that run scoring tasks: in this process, or in worker processes on this machine.

A worker is a fresh interpreter that knows its parent by its standard input alone. When the parent
goes, however it goes, the input ends and the worker with it, in the middle of whatever it does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, NoReturn, Protocol

import torch
from tqdm import tqdm

from pdbench.errors import PdbenchError
from pdbench.harness.config import Progress, RunConfig, Task, missing_scores
from pdbench.harness.scorer import ImageScorer

__all__ = [
    "ATTEMPTS", "KILLED", "ONE_THREAD", "Executor", "Inbox", "LocalExecutor", "SerialExecutor",
    "WorkerDied", "WorkerProcess", "give_up", "received", "serve_parent",
]  # fmt: skip

ATTEMPTS = 3
"""How many processes may die of one image, or while starting, before it is given up."""

KILLED = "failed: its process was killed, most likely for lack of memory"

# One thread per process: the same numbers whatever the number of processes, and the most images
# per hour. Waiting threads must not spin on the cores that others need.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}

# The parent's path, not its main module: a script needs no `if __name__ == "__main__"` guard.
_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; "
    "from pdbench.harness.{module} import work_for_parent; work_for_parent()"
)


class Executor(Protocol):
    """Works through tasks; all executors give the same scores.

    Attributes:
        in_use: What works just now, for the progress bar ("3 nodes, 6 workers"); "" for nothing
            worth saying.
    """

    in_use: str

    def run(self, config: RunConfig, tasks: Sequence[Task]) -> Generator[Progress]:
        """Yield each method of each image as it is finished; closing the iterator stops the work.

        Args:
            config: The run, its device resolved.
            tasks: Largest first.

        Raises:
            PdbenchError: A task cannot be done and the run ends.
        """
        ...


class SerialExecutor:
    """Works in this process, with one thread: for methods no other process can import."""

    in_use = ""

    def run(self, config: RunConfig, tasks: Sequence[Task]) -> Generator[Progress]:
        """Work through the tasks one after the other; see `Executor`."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            scorer = ImageScorer(config)
            for task in tasks:
                yield from scorer.score(task)
        finally:
            torch.set_num_threads(threads)


class LocalExecutor:
    """Works in several processes of one thread each, images side by side.

    A worker that dies (killed by the system for its memory, say) is replaced, and the methods of
    its image that were not finished are tried again, just as before: the scores are those of a
    run in which nothing died.

    Args:
        jobs: Number of processes, at least 1.
    """

    in_use = ""

    def __init__(self, jobs: int) -> None:
        if jobs < 1:
            raise ValueError(f"expected jobs >= 1, got {jobs}")
        self.jobs = jobs

    def run(self, config: RunConfig, tasks: Sequence[Task]) -> Generator[Progress]:
        """Work through the tasks in worker processes; see `Executor`."""
        waiting = deque(tasks)
        messages: _Messages = queue.SimpleQueue()
        devices = _devices(config.options.device)
        drivers = [
            _Driver(_on_device(config, devices[index % len(devices)]), waiting, messages)
            for index in range(min(self.jobs, len(tasks)))
        ]
        try:
            for driver in drivers:
                driver.start()
            running = len(drivers)
            while running:
                message = messages.get()
                if isinstance(message, BaseException):
                    raise message
                if message is None:
                    running -= 1
                else:
                    yield message
        finally:
            waiting.clear()
            for driver in drivers:
                driver.stop()


_Messages = queue.SimpleQueue[Progress | BaseException | None]
"""What drivers say: something is done, something went wrong, or (None) nothing is left to do."""


def _devices(device: str) -> list[str]:
    """Spread workers over all GPUs unless one was named."""
    if device != "cuda":
        return [device]
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())]


def _on_device(config: RunConfig, device: str) -> RunConfig:
    return replace(config, options=replace(config.options, device=device))


def give_up(config: RunConfig, task: Task) -> Iterator[Progress]:
    """Yield each method of a task whose process died every time."""
    for record, metrics in task.work:
        scores = missing_scores(config, record, task.pair.name, dict.fromkeys(metrics, KILLED))
        yield Progress(
            image=task.pair.name,
            method=record.id,
            scores=scores,
            final=False,
            reason=KILLED.removeprefix("failed: "),
        )


class WorkerDied(Exception):
    """The process is gone."""


class _Driver(threading.Thread):
    """Feeds one worker and passes on what it says; replaces it when it dies."""

    def __init__(self, config: RunConfig, waiting: deque[Task], messages: _Messages) -> None:
        super().__init__(daemon=True)
        self._config, self._waiting, self._messages = config, waiting, messages
        self._worker: WorkerProcess | None = None
        self._stopping = False
        self._guard = threading.Lock()

    def run(self) -> None:
        """Work until nothing waits, then say so."""
        try:
            while not self._stopping:
                try:
                    task = self._waiting.popleft()
                except IndexError:
                    break
                self._attempt(task)
        except BaseException as error:
            self._messages.put(error)
        finally:
            self._discard()
            self._messages.put(None)

    def stop(self) -> None:
        """End the worker at once, whatever it is doing."""
        with self._guard:
            self._stopping = True
            if self._worker is not None:
                self._worker.kill()
        if self.is_alive():
            self.join()

    def _attempt(self, task: Task) -> None:
        left = {record.id: (record, metrics) for record, metrics in task.work}
        for _ in range(ATTEMPTS):
            worker = self._ready()
            try:
                worker.send(replace(task, work=tuple(left.values())))
                while left:
                    progress = worker.receive()
                    del left[progress.method]
                    self._messages.put(progress)
            except WorkerDied:
                self._discard()
                if self._stopping:
                    return
            else:
                return
        for progress in give_up(self._config, replace(task, work=tuple(left.values()))):
            self._messages.put(progress)

    def _ready(self) -> WorkerProcess:
        """Return the worker, started if there is none; one that dies in starting is replaced."""
        for _ in range(ATTEMPTS):
            with self._guard:
                if self._stopping:
                    raise WorkerDied
                if self._worker is not None:
                    return self._worker
                self._worker = worker = WorkerProcess()
            try:
                worker.send(self._config)
                worker.receive()
            except WorkerDied:
                self._discard()
            else:
                return worker
        raise RuntimeError("worker processes die while they start; what they say is above")

    def _discard(self) -> None:
        with self._guard:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()


class WorkerProcess:
    """The parent's end of a process that works for it, by default one that scores tasks.

    That one answers a `RunConfig` with None once it is ready, and a `Task` with one `Progress`
    for each of its methods, or with the exception that ends the run.

    Args:
        module: Module of this package whose `work_for_parent` the process runs.
        quiet: Drop what libraries print, instead of passing it on to stderr.
    """

    def __init__(self, module: str = "executors", *, quiet: bool = False) -> None:
        path = [entry for entry in sys.path if isinstance(entry, str)]  # as Python reads it
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(path=path, module=module)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
        )
        self._echo = threading.Thread(
            target=_pass_on, args=(self._process.stderr, quiet), daemon=True
        )
        self._echo.start()

    def send(self, message: object) -> None:
        """Hand something over; raises WorkerDied."""
        try:
            pickle.dump(message, self._process.stdin)  # type: ignore[arg-type]
            self._process.stdin.flush()  # type: ignore[union-attr]
        except OSError as error:
            raise WorkerDied from error

    def receive(self) -> Any:  # noqa: ANN401  (whatever the process tells)
        """Wait for the next message; raises WorkerDied, or what was raised in the process."""
        try:
            message = pickle.load(self._process.stdout)  # type: ignore[arg-type]
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise WorkerDied from error
        if isinstance(message, Exception):
            raise message
        return message

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def close(self, patience: float = 0.0) -> None:
        """End the process and release its pipes; it gets some seconds to leave by itself."""
        if patience:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._process.stdin.close()  # type: ignore[union-attr]
                self._process.wait(patience)
        self._process.kill()
        self._process.wait()
        self._echo.join(timeout=5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _pass_on(stream: BinaryIO, quiet: bool) -> None:
    """Print what a process says, above progress bars and without control characters."""
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            text = line.decode(errors="replace").rstrip()
            if not quiet:
                tqdm.write("".join(c if c.isprintable() else " " for c in text), file=sys.stderr)


Inbox = queue.SimpleQueue[Any]
"""What the parent sent, in order."""


def work_for_parent() -> None:
    """Run a worker process: read the configuration, then tasks, until the input ends."""
    serve_parent(_score_tasks)


def serve_parent(
    work: Callable[[Inbox, Callable[[object], None]], None],
    leave: Callable[[], None] = lambda: None,
) -> NoReturn:
    """Work for the parent of this process until it is gone, and tell it what goes wrong.

    Args:
        work: Called with what the parent sends, and a function that tells it something.
        leave: Called when the parent is gone, before the process ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    logging.basicConfig(level=logging.WARNING, format="pdbench: %(message)s", stream=sys.stderr)
    # What a library prints must not end up among the messages.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    inbox: Inbox = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, inbox, leave), daemon=True).start()

    def tell(message: object) -> None:
        pickle.dump(message, output)
        output.flush()

    with contextlib.suppress(BrokenPipeError):
        try:
            work(inbox, tell)
        except BrokenPipeError:
            raise
        except PdbenchError as error:
            tell(error)
        except Exception:
            tell(RuntimeError(f"a worker process failed\n{traceback.format_exc()}"))
    leave()
    os._exit(1)


def _read(pipe: BinaryIO, inbox: Inbox, leave: Callable[[], None]) -> NoReturn:
    """Pass on what the parent sends; end the process when the parent is gone."""
    while True:
        try:
            inbox.put(pickle.load(pipe))
        except EOFError:
            leave()
            os._exit(0)
        except Exception as error:  # an unimportable function: say so, do not hang
            inbox.put(error)


def _score_tasks(inbox: Inbox, tell: Callable[[object], None]) -> None:
    torch.set_num_threads(1)
    scorer = ImageScorer(received(inbox))
    tell(None)
    while True:
        for progress in scorer.score(received(inbox)):
            tell(progress)


def received(inbox: Inbox) -> Any:  # noqa: ANN401  (whatever the parent sent)
    """Wait for the parent's next message; raises the error of one that could not be read."""
    message = inbox.get()
    if isinstance(message, Exception):
        raise message
    return message
