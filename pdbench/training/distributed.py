"""What processes that train together tell each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_reduce

__all__ = ["map_over_processes", "mean_over_processes"]

T = TypeVar("T")
R = TypeVar("R")


def mean_over_processes(value: Tensor) -> Tensor:
    """Average a value over all processes of a run; gradients flow back to each of them.

    Every process must call it equally often. Alone, a process gets its value back.

    Args:
        value: A mean over this process's share of the batch, any shape; shares are equally large.

    Returns:
        The mean over the whole batch, the same in every process.
    """
    if not _several():
        return value
    total: Tensor = all_reduce(value)  # type: ignore[no-untyped-call]
    return total / dist.get_world_size()


def map_over_processes(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Call a function for every item, each process for its share of them.

    Every process must call it with the same items. Alone, a process does all of them.

    Returns:
        The results in the order of the items, the same in every process.
    """
    if not _several():
        return [function(item) for item in items]
    count = dist.get_world_size()
    shares: list[Any] = [None] * count
    dist.all_gather_object(shares, [function(item) for item in items[dist.get_rank() :: count]])
    return [shares[index % count][index // count] for index in range(len(items))]


def _several() -> bool:
    return dist.is_available() and dist.is_initialized()
