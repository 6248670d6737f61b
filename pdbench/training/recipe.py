"""Training recipes: typed and bounded, read from YAML; whatever is unknown is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from pdbench.errors import InputError
from pdbench.pydantic_errors import first_problem

__all__ = [
    "STRICT", "Crops", "Optimization", "Recipe", "Share", "read_options", "read_recipe",
]  # fmt: skip

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

MOST_BYTES = 2**16
MOST_LEVELS = 16
MOST_PIXELS = 2**22
"""LR pixels of a batch: their HR images are 800 MB."""

T = TypeVar("T")

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(gt=0, le=10)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=10**9)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Crops:
    """What one training batch is made of.

    Attributes:
        batch: Crops in one optimizer step, over all devices.
        lr_side: Side of the LR crop in pixels.
        graphics: Fraction of drawn crops.
        saturate: Fraction of crops with saturated colors.
        validation: Images held out of training.
        exclude: Names without suffix of photographs that are never used: sources of test images.
    """

    batch: Annotated[int, Field(ge=1, le=65536)]
    lr_side: Annotated[int, Field(ge=4, le=1024)]
    graphics: Share = 0.0
    saturate: Share = 0.0
    validation: Annotated[int, Field(ge=1, le=10**6)] = 10
    exclude: tuple[str, ...] = ()

    @property
    def pixels(self) -> int:
        """LR pixels of a batch."""
        return self.batch * self.lr_side**2

    @model_validator(mode="after")
    def _fits_into_memory(self) -> Self:
        if self.pixels > MOST_PIXELS:
            raise ValueError(f"batch times lr_side squared is above {MOST_PIXELS:,} LR pixels")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Optimization:
    """How the weights move.

    Attributes:
        steps: Optimizer steps in all.
        optimizer: "adam", or "muon" for kernels with Adam for everything else.
        lr: Peak learning rate of Adam.
        muon_lr: Peak learning rate of Muon.
        adversary_lr: Peak learning rate of an adversary's Adam, where there is one.
        betas: Adam's decay rates.
        schedule: "cosine" to zero, or "step": halved at each milestone.
        milestones: Fractions of the run at which "step" halves, increasing.
        warmup: Steps of linear warm-up.
        clip: Gradient norm above which gradients are scaled down; 0 for never.
        ema: Decay of the weight average that is validated and exported; 0 for none.
        precision: "bf16" autocast (float32 on a CPU without bfloat16 arithmetic) or "float32".
        accumulate: Parts a batch is computed in, one after another: less memory, one gradient.
            A loss of the whole batch (a relativistic one) is then one of each part.
    """

    steps: Count
    optimizer: Literal["adam", "muon"] = "adam"
    lr: Rate = 2e-4
    muon_lr: Rate = 1e-2
    adversary_lr: Rate = 1e-4
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    schedule: Literal["cosine", "step"] = "cosine"
    milestones: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    warmup: Annotated[int, Field(ge=0, le=10**9)] = 0
    clip: Annotated[float, Field(ge=0, le=10**9)] = 0.0
    ema: Decay = 0.999
    precision: Literal["bf16", "float32"] = "float32"
    accumulate: Annotated[int, Field(ge=1, le=65536)] = 1

    @model_validator(mode="after")
    def _milestones_increase(self) -> Self:
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError("milestones must increase")
        return self

    @model_validator(mode="after")
    def _warms_up_before_the_end(self) -> Self:
        if self.warmup >= self.steps:
            raise ValueError("warmup must be less than steps")
        return self


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Recipe:
    """Everything that decides a training run except the photographs.

    Attributes:
        baseline: Id of the network ("rrdb").
        size: "compact" or "paper".
        network: Arguments of the network's constructor, which checks them.
        crops: The data.
        optimization: The optimizer.
        objective: Arguments of the baseline's objective, which checks them.
        seed: Seed of weights, crops and noise.
        validate_every: Steps between validations.
        checkpoint_every: Steps between checkpoints.
    """

    baseline: str
    size: Literal["compact", "paper"]
    network: dict[str, Any]
    crops: Crops
    optimization: Optimization
    objective: dict[str, Any] = field(default_factory=dict)
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    validate_every: Count = 500
    checkpoint_every: Count = 100


def read_options(kind: type[T], values: object, where: str) -> T:
    """Make a pydantic dataclass of what a recipe says.

    Args:
        kind: The dataclass; nested dataclasses are mappings in the recipe.
        values: What YAML or JSON gave.
        where: What the part is called in messages.

    Raises:
        InputError: A key is unknown or missing, or its value is of the wrong type or out of range.
    """
    try:
        options: T = TypeAdapter(kind).validate_json(json.dumps(values))
    except ValidationError as error:
        raise InputError(f"{where}: {first_problem(error)}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{where}: a value is no number, text, list or mapping; change it"
        ) from error
    return options


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        InputError: The file is missing or too large, is not YAML, or has a key or value that is
            unknown, missing, ill-typed or out of range.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise InputError(f"recipe '{path}' is larger than {MOST_BYTES:,} bytes; shorten it")
        text = content.decode("utf-8-sig")
        _refuse_nesting(yaml.parse(text, Loader=yaml.SafeLoader), path)
        values = yaml.safe_load(text)
    except OSError as error:
        raise InputError(f"cannot read recipe '{path}': {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"recipe '{path}' is not UTF-8 text; save it as UTF-8") from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        line = str(error).split("\n", maxsplit=1)[0]
        raise InputError(f"recipe '{path}' is not valid YAML: {line:.200}") from error
    if not isinstance(values, Mapping):
        raise InputError(f"recipe '{path}' must be a mapping of keys to values")
    return read_options(Recipe, values, Path(path).name)


def _refuse_nesting(events: Iterator[yaml.Event], path: Path) -> None:
    """Refuse what grows or recurses when it is loaded: aliases and deep nesting."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MOST_LEVELS:
            raise InputError(f"recipe '{path}' has aliases or deep nesting; write it out plainly")
