"""Connection to a Ray cluster and what its nodes offer."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pdbench.errors import InputError
from pdbench.harness.options import EvalOptions

__all__ = ["alive_nodes", "call_every_node", "connect", "last_line", "room", "unreachable"]

ANSWER = 120.0
"""Seconds that a node has to answer a question about itself."""

CONNECTIONS = 3
"""Times that a cluster is asked for a connection; its server of one client may fail to start."""

_RAY = {
    # After so many seconds without its head Ray ends this process; its own default is a minute.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "20",
    "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "10",
    "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "5",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


def connect(address: str) -> None:
    """Connect this process to a cluster; see `EvalOptions.address`.

    Raises:
        InputError: The cluster cannot be used.
    """
    os.environ.update(_RAY)
    import ray

    host, _, port = address.rpartition(":")
    local = {"include_dashboard": False} if address == "local" else {}
    try:
        if port.isdecimal():  # else Ray asks for half a minute, then ends the process
            socket.create_connection((host.removeprefix("ray://"), int(port)), 5.0).close()
        for attempt in range(1, CONNECTIONS + 1):
            try:
                ray.init(address=address, logging_level="CRITICAL", log_to_driver=False, **local)
                return
            except ConnectionAbortedError:
                if attempt == CONNECTIONS:
                    raise
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        raise unreachable(address, reason) from None


def alive_nodes() -> list[dict[str, Any]]:
    """Return what Ray knows of each node that is alive."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def room(node: Mapping[str, Any], options: EvalOptions) -> int:
    """Return how many workers fit on a node."""
    has = node["Resources"]
    room = min(has.get("CPU", 0), has.get("memory", 0) // options.max_memory)
    if options.device == "cuda":
        room = min(room, has.get("GPU", 0) / options.gpus_per_worker + 1e-9)
    return int(room)


def call_every_node(function: Callable[..., Any], *arguments: object) -> Iterator[tuple[str, Any]]:
    """Yield the name of each node and what the function returned there, or why it could not."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    remote = ray.remote(function)
    answers = {}
    for node in alive_nodes():
        place = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        placed = remote.options(num_cpus=0, scheduling_strategy=place, max_retries=0)
        name = f"{node['NodeManagerHostname']} ({node['NodeID'][:6]})"
        answers[name] = placed.remote(*arguments)
    for name, answer in answers.items():
        try:
            yield name, ray.get(answer, timeout=ANSWER)
        except Exception as error:  # Ray's, or the function's
            yield name, last_line(error)


def unreachable(address: str, reason: str) -> InputError:
    """Return the error that a cluster cannot be used."""
    return InputError(
        f"cannot use a Ray cluster at '{address}' ({reason}); start one with 'ray start --head', "
        "or say where it is with --address"
    )


def last_line(error: BaseException) -> str:
    """Return the line of an error that says most: the last, which Ray's own lead up to."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
