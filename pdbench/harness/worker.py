"""Worker processes: the two ends of the pipe between a run and a process that scores for it.

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
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import torch

from pdbench.errors import PdbenchError
from pdbench.harness.plan import Completed, Event, Setup, Task
from pdbench.harness.scorer import ImageScorer

__all__ = ["Failure", "Worker", "WorkerDied", "main"]

# One thread per process: the same numbers whatever the number of processes, and the most images
# per hour. Waiting threads must not spin on the cores that others need.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}

# The parent's path, not its main module: a script needs no `if __name__ == "__main__"` guard.
_PROGRAM = "import sys; sys.path[:] = {path!r}; from pdbench.harness.worker import main; main()"


class WorkerDied(Exception):
    """The process is gone."""


@dataclass(frozen=True)
class Failure:
    """What a task raised in the worker."""

    error: Exception


@dataclass(frozen=True)
class _Ready:
    """The worker has read its setup."""


class Worker:
    """The parent's end: a process that scores one task after the other.

    Args:
        setup: The run.

    Raises:
        WorkerDied: The process ended before it was ready.
        PdbenchError: What the setup raised in it.
    """

    def __init__(self, setup: Setup) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_ENVIRONMENT},
        )
        self._setup = setup

    def prepare(self) -> None:
        """Send the setup and wait until the process is ready."""
        self._send(self._setup)
        self.receive()

    def submit(self, task: Task) -> None:
        """Hand over a task; raises WorkerDied."""
        self._send(task)

    def _send(self, message: object) -> None:
        pipe = self._process.stdin
        try:
            if pipe is not None:
                pickle.dump(message, pipe)
                pipe.flush()
        except OSError as error:
            raise WorkerDied from error

    def receive(self) -> Event | _Ready:
        """Wait for the next message.

        Raises:
            WorkerDied: The process is gone.
            PdbenchError: What the task raised; anything else it raised comes as RuntimeError.
        """
        try:
            message: Event | _Ready | Failure = _load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise WorkerDied from error
        if isinstance(message, Failure):
            raise message.error
        return message

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def close(self) -> None:
        """End the process and release its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _load(pipe: Any) -> Any:  # noqa: ANN401  (whatever was sent)
    return pickle.load(pipe)


def main() -> None:
    """Run the worker's end: setup first, then tasks, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    logging.basicConfig(level=logging.WARNING, format="pdbench: %(message)s", stream=sys.stderr)
    # What a library prints must not end up among the messages.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, inbox), daemon=True).start()
    try:
        _serve(inbox, output)
    except BrokenPipeError:
        os._exit(1)


def _read(pipe: BinaryIO, inbox: queue.SimpleQueue[Any]) -> NoReturn:
    """Pass on what the parent sends; end the process when the parent is gone."""
    while True:
        try:
            inbox.put(_load(pipe))
        except EOFError:
            os._exit(0)
        except Exception as error:  # an unimportable function: say so, do not hang
            inbox.put(error)


def _serve(inbox: queue.SimpleQueue[Any], output: BinaryIO) -> NoReturn:
    def tell(message: object) -> None:
        pickle.dump(message, output)
        output.flush()

    try:
        scorer = _opened(inbox.get())
        tell(_Ready())
        while True:
            task = inbox.get()
            for finished in scorer.score(task):
                tell(finished)
            tell(Completed(task=task))
    except BrokenPipeError:
        raise
    except PdbenchError as error:
        tell(Failure(error))
    except Exception:
        tell(Failure(RuntimeError(f"a worker process failed\n{traceback.format_exc()}")))
    os._exit(1)


def _opened(setup: Setup | Exception) -> ImageScorer:
    if isinstance(setup, Exception):
        raise setup
    torch.set_num_threads(1)
    return ImageScorer(setup)
