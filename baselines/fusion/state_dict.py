"""Weights of the fusion networks: only this repository publishes any."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from pdbench.baselines.rrdb.state_dict import unwrap
from pdbench.errors import InputError

__all__ = ["to_pdbench"]


def to_pdbench(state: Mapping[str, object]) -> dict[str, Tensor]:
    """Check that a state dict is a fusion network and return its tensors.

    Raises:
        InputError: It is another network.
    """
    flat = unwrap(state)
    if not {"conv_first.weight", "body.0.conv1.weight", "conv_last.weight"} <= flat.keys():
        raise InputError("the checkpoint holds no fusion network; train one with pdbench train")
    return flat
