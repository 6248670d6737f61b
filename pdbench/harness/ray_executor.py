"""Executor on a Ray cluster: the machine that asked keeps the store, the nodes score.

Ray ends a process that has lost its cluster. So its driver is a child of the process that keeps
the store, which outlives it, knows what is finished, and says in one line what happened.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Any

from pdbench.errors import InputError
from pdbench.harness.config import Progress, RunConfig, Task
from pdbench.harness.executors import WorkerDied, WorkerProcess
from pdbench.harness.options import EvalOptions
from pdbench.harness.ray_cluster import call_every_node, unreachable
from pdbench.harness.ray_driver import InUse, score_tasks

__all__ = ["RayExecutor", "ask_every_node"]

_log = logging.getLogger(__name__)

_GOODBYE = 5.0
"""Seconds the driver gets to leave the cluster before it is killed."""


class RayExecutor:
    """Works on the nodes of a Ray cluster, one thread for each worker; see `Executor`.

    A worker or node that dies is replaced, and what it had not finished is done again: the scores
    are those of a run in which nothing died.

    Args:
        options: Address, number of workers, and what each of them gets.

    Raises:
        InputError: Ray is not installed, or an option does not fit.
    """

    in_use = ""

    def __init__(self, options: EvalOptions) -> None:
        require_ray()
        if options.device.startswith("cuda:"):
            raise InputError(
                f"--engine ray chooses the GPU itself; say --device cuda, not {options.device}"
            )
        if options.gpus_per_worker <= 0:
            raise InputError("--gpus-per-worker must be positive, like 1 or 0.5")

    def run(self, config: RunConfig, tasks: Sequence[Task]) -> Generator[Progress]:
        """Work through the tasks on the cluster; see `Executor`."""
        request = partial(score_tasks, config, tuple(tasks))
        for message in _ask(config.options.address, request):
            if isinstance(message, InUse):
                self.in_use = f"{message.nodes} nodes, {message.workers} workers"
            elif isinstance(message, str):
                _log.warning("%s", message)
            else:
                yield message


def ask_every_node(
    address: str, function: Callable[..., Any], *arguments: object
) -> dict[str, Any]:
    """Call a function on every node of a cluster.

    Args:
        address: As `EvalOptions.address`.
        function: What to call; importable there.
        arguments: Its arguments.

    Returns:
        Node name -> what it returned, or a text that says why it could not.

    Raises:
        InputError: Ray is not installed, or the cluster cannot be reached.
    """
    require_ray()
    return dict(_ask(address, partial(call_every_node, function, *arguments)))


def require_ray() -> None:
    """Refuse without Ray; raises InputError."""
    if importlib.util.find_spec("ray") is None:
        raise InputError("--engine ray needs Ray; run: pip install 'pdbench[ray]'")


def _ask(address: str, request: Callable[[], Iterable[Any]]) -> Generator[Any]:
    """Have the driver call something on the cluster, and yield what it yields there."""
    driver = WorkerProcess("ray_driver", quiet=True)
    connected = False
    try:
        driver.send((address, request))
        while True:
            message = driver.receive()
            if message is None and connected:
                return
            if message is None:
                connected = True
            else:
                yield message
    except WorkerDied:
        if not connected:
            raise unreachable(address, "no answer") from None
        raise InputError(
            f"the Ray cluster at '{address}' was lost; what is finished is kept, start the "
            "cluster again, then run the same command"
        ) from None
    finally:
        driver.close(_GOODBYE)
