"""Running average of weights: what is validated and exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """Exponential moving average of a network's state.

    Args:
        network: The network being trained.
        decay: Decay per step; ramps up from 0 so that early weights are forgotten. 0 for none.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state: dict[str, Tensor] = {
            name: value.detach().clone() for name, value in network.state_dict().items()
        }

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the average towards the network after optimizer step number `step` (from 1)."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step)) if self.decay else 1.0
        for name, value in network.state_dict().items():
            self.state[name].lerp_(value, weight)
