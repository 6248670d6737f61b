"""Processes that train together: how they start, and what they tell each other."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor
from torch.distributed.nn.functional import all_reduce

from pdbench.errors import InputError
from pdbench.training.precision import computes_bf16

__all__ = ["make_accelerator", "map_over_processes", "mean_over_processes"]

T = TypeVar("T")
R = TypeVar("R")


def make_accelerator(
    device: str | None, precision: str, *, leaves_unused: bool = False
) -> Accelerator:
    """Return what places networks on devices and joins the processes of a run.

    Args:
        device: "cpu", "cuda", or None to let accelerate choose.
        precision: "bf16" where the device computes it, or "float32".
        leaves_unused: Whether tensors of the network get no gradient, always or at first.

    Raises:
        InputError: The device is unknown or not there.
    """
    if device not in (None, "cpu", "cuda"):
        raise InputError(f"unknown device '{device}'; known: auto, cpu, cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("no CUDA device here; use --device cpu")
    AcceleratorState._reset_state(reset_partial_state=True)  # an earlier run in this process
    kind = "cpu" if device == "cpu" or not torch.cuda.is_available() else "cuda"
    mixed = "bf16" if precision == "bf16" and computes_bf16(kind) else "no"
    several = DistributedDataParallelKwargs(find_unused_parameters=leaves_unused)
    accelerator = Accelerator(mixed_precision=mixed, cpu=kind == "cpu", kwargs_handlers=[several])
    if not accelerator.is_main_process:  # one of them says it
        logging.getLogger("pdbench").setLevel(logging.ERROR)
    # a kernel of one pixel is laid out alike in either memory format
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    return accelerator


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
