"""State of a training run: its averaged weights, how far it has come, what a checkpoint keeps."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

from pdbench.errors import InputError
from pdbench.training.adversary import Adversary
from pdbench.training.checkpoint import load_checkpoint
from pdbench.training.recipe import Recipe, read_options

__all__ = ["Start", "TrainingRun", "WeightAverage"]

CHANGEABLE = ("validate_every", "checkpoint_every")
"""Keys of a recipe that a resumed run may have changed: they move no weight."""


@dataclasses.dataclass(frozen=True)
class Start:
    """Weights a run begins with instead of the objective's own.

    Attributes:
        state: State dict of the whole network; any floating type.
        sha256: Digest of the file it came from.
        step: Step of the recipe at which the run goes on.
    """

    state: Mapping[str, Tensor]
    sha256: str
    step: int = 0

    @property
    def origin(self) -> str:
        """What the run records, and exports, of where it started."""
        return f"{self.sha256} at step {self.step}" if self.step else self.sha256


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


@dataclasses.dataclass
class TrainingRun:
    """Everything one training run holds on to between steps.

    Attributes:
        recipe: What is trained and how.
        folder: Where checkpoints and log go.
        accelerator: Devices and processes.
        network: The network, prepared for them.
        average: Running average of its weights.
        optimizers: Its optimizers.
        adversary: The second network, if there is one.
        started_from: `Start.origin` of the weights it was started from, "" for none.
        time_limit: Seconds after which the run is over, instead of the recipe's steps; or None.
        step: Steps taken.
        seconds: Seconds spent, over all resumed parts.
        recent: What the log reports of each step since its last row.
    """

    recipe: Recipe
    folder: Path
    accelerator: Accelerator
    network: nn.Module
    average: WeightAverage
    optimizers: list[torch.optim.Optimizer]
    adversary: Adversary | None = None
    started_from: str = ""
    time_limit: float | None = None
    step: int = 0
    seconds: float = 0.0
    recent: list[dict[str, float]] = dataclasses.field(default_factory=list)

    @property
    def bare(self) -> nn.Module:
        """The network without what prepares it for devices and processes."""
        network: nn.Module = self.accelerator.unwrap_model(self.network)
        return network

    @property
    def lr_pixels(self) -> int:
        """LR pixels seen."""
        return self.step * self.recipe.crops.pixels

    def progress(self) -> float:
        """Return the fraction of the run that is over, in [0, 1], the same in all processes."""
        if self.time_limit is None:
            return self.step / self.recipe.optimization.steps
        spent = torch.tensor([self.seconds], dtype=torch.float64, device=self.accelerator.device)
        return min(1.0, float(broadcast(spent)) / self.time_limit)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        second = {"adversary": self.adversary.state(self.accelerator)} if self.adversary else {}
        return {
            **second,
            "recipe": json.dumps(dataclasses.asdict(self.recipe), sort_keys=True),
            "network": self.bare.state_dict(),
            "average": self.average.state,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "seconds": self.seconds,
            "recent": self.recent,
            "started_from": self.started_from,
            "time_limit": self.time_limit,
        }

    def restore(self, path: Path) -> None:
        """Take up a checkpoint.

        Raises:
            InputError: It is damaged, or of a run by another recipe, schedule or start.
        """
        saved = load_checkpoint(path)
        try:
            self._check_same(saved, path)
            self.bare.load_state_dict(saved["network"])
            self.average.state = {
                name: value.to(self.accelerator.device) for name, value in saved["average"].items()
            }
            for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
                optimizer.load_state_dict(state)
            if self.adversary:
                self.adversary.restore(self.accelerator, saved["adversary"])
            self.step, self.seconds = int(saved["step"]), float(saved["seconds"])
            self.recent = list(saved["recent"])
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(
                f"checkpoint '{path}' does not fit this network; delete it to use the one before"
            ) from error

    def _check_same(self, saved: dict[str, Any], path: Path) -> None:
        theirs = read_options(Recipe, json.loads(saved["recipe"]), f"recipe in '{path}'")
        changed = _differences(dataclasses.asdict(theirs), dataclasses.asdict(self.recipe))
        changed += _differences({"--time": saved.get("time_limit")}, {"--time": self.time_limit})
        if changed:
            name, before, now = changed[0]
            raise InputError(
                f"cannot resume '{path.parent}': its run has {name} {before!r:.60}, this one "
                f"{now!r:.60}, which would change it midway; use what it was started with, or "
                "another --out"
            )
        origin = str(saved.get("started_from", ""))
        if self.started_from not in ("", origin):
            raise InputError(
                f"cannot resume '{path.parent}': it did not start from this file and step; "
                "leave --from and --at out, or use another --out"
            )
        self.started_from = origin


def _differences(
    before: dict[str, Any], now: dict[str, Any], above: str = ""
) -> list[tuple[str, Any, Any]]:
    """Return (key, value before, value now) of what differs, nested keys joined by dots."""
    found = []
    for key in sorted({*before, *now} - {*CHANGEABLE}):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{above}{key}.")
        elif old != new:
            found.append((f"{above}{key}", old, new))
    return found
