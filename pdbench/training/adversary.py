"""The second network of adversarial training: it learns to tell restored from true images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from pdbench.training.recipe import Recipe

__all__ = ["AdversarialObjective", "Adversary", "make_adversary"]


@runtime_checkable
class AdversarialObjective(Protocol):
    """What an `Objective` has besides when it trains a second network against the first.

    In every step the loop first calls `loss`, which moves the network and may look through the
    adversary, then `adversary_loss`, which moves the adversary. Only the network is averaged and
    exported.
    """

    def build_adversary(self, recipe: Recipe) -> nn.Module:
        """Return the freshly initialized adversary; the objective may keep it for `loss`."""
        ...

    def adversary_loss(self, adversary: nn.Module, hr: Tensor) -> Tensor:
        """Return the scalar the adversary minimizes, on what `loss` has just restored.

        Args:
            adversary: What `build_adversary` returned, perhaps wrapped for several devices.
            hr: The true crops that `loss` saw.
        """
        ...


@dataclass
class Adversary:
    """The adversary of a run.

    Attributes:
        network: The network, prepared for the device.
        optimizer: Its own optimizer.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer

    def state(self, accelerator: Accelerator) -> dict[str, Any]:
        """Return everything a resumed run needs."""
        return {
            "network": accelerator.unwrap_model(self.network).state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, accelerator: Accelerator, saved: dict[str, Any]) -> None:
        """Take up what `state` returned."""
        accelerator.unwrap_model(self.network).load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])


def make_adversary(
    objective: AdversarialObjective, recipe: Recipe, accelerator: Accelerator
) -> Adversary:
    """Build the adversary of an objective with Adam at the recipe's `adversary_lr`."""
    network = objective.build_adversary(recipe)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    plan = recipe.optimization
    options: dict[str, Any] = {"lr": plan.adversary_lr, "betas": plan.betas}
    optimizer = torch.optim.Adam(network.parameters(), **options)
    return Adversary(accelerator.prepare(network), optimizer)
