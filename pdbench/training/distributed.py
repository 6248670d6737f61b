"""What a loss needs to know of the other processes that share its batch."""

from __future__ import annotations

import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_reduce

__all__ = ["mean_over_processes"]


def mean_over_processes(value: Tensor) -> Tensor:
    """Average a value over all processes of a run; gradients flow back to each of them.

    Every process must call it equally often. Alone, a process gets its value back.

    Args:
        value: A mean over this process's share of the batch, any shape; shares are equally large.

    Returns:
        The mean over the whole batch, the same in every process.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return value
    total: Tensor = all_reduce(value)  # type: ignore[no-untyped-call]
    return total / dist.get_world_size()
