"""A training recipe: typed, read from YAML, every unknown key refused."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from pdbench.errors import InputError

__all__ = ["Crops", "Optimization", "Recipe", "read_options", "read_recipe"]

T = TypeVar("T")

NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


@dataclass(frozen=True, kw_only=True)
class Crops:
    """What one training batch is made of.

    Attributes:
        batch: Crops in one optimizer step, over all devices.
        lr_side: Side of the LR crop in pixels.
        graphics: Fraction of drawn crops.
        saturate: Fraction of crops with saturated colours.
        validation: Images held out of training.
        exclude: Names without suffix of photographs that are never used: sources of test images.
    """

    batch: int
    lr_side: int
    graphics: float = 0.0
    saturate: float = 0.0
    validation: int = 10
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
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
        milestones: Fractions of `steps` at which "step" halves.
        warmup: Steps of linear warm-up.
        clip: Gradient norm above which gradients are scaled down; 0 for never.
        ema: Decay of the weight average that is validated and exported; 0 for none.
        precision: "bf16" autocast or "float32".
        accumulate: Parts a batch is computed in, one after another: less memory, one gradient.
            A loss of the whole batch (a relativistic one) is then one of each part.
    """

    steps: int
    optimizer: Literal["adam", "muon"] = "adam"
    lr: float = 2e-4
    muon_lr: float = 1e-2
    adversary_lr: float = 1e-4
    betas: tuple[float, ...] = (0.9, 0.999)
    schedule: Literal["cosine", "step"] = "cosine"
    milestones: tuple[float, ...] = ()
    warmup: int = 0
    clip: float = 0.0
    ema: float = 0.999
    precision: Literal["bf16", "float32"] = "float32"
    accumulate: int = 1


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training run except the photographs.

    Attributes:
        baseline: Id of the network ("rrdb").
        size: "compact" or "paper".
        network: Arguments of the network's constructor.
        crops: The data.
        optimization: The optimizer.
        objective: Arguments of the baseline's loss.
        seed: Seed of weights, crops and noise.
        validate_every: Steps between validations.
        checkpoint_every: Steps between checkpoints.
    """

    baseline: str
    size: str
    network: Mapping[str, Any]
    crops: Crops
    optimization: Optimization
    objective: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    validate_every: int = 500
    checkpoint_every: int = 100


def _build(kind: type, values: Mapping[str, Any], where: str) -> Any:  # noqa: ANN401
    if not isinstance(values, Mapping):
        raise InputError(f"{where} must be a mapping of keys to values")
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise InputError(f"{where}: unknown key '{unknown[0]}'; known: {', '.join(fields)}")
    missing = [
        name
        for name, f in fields.items()
        if name not in values
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise InputError(f"{where}: key '{missing[0]}' is missing")
    hints = typing.get_type_hints(kind)
    return kind(**{k: _convert(hints[k], v, f"{where}.{k}") for k, v in values.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), value, where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value not in arguments:
            raise InputError(f"{where} is '{value}'; expected {' or '.join(map(str, arguments))}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise InputError(f"{where} must be a list")
        return tuple(_convert(arguments[0], item, where) for item in value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint in NAMES and type(value) is not hint:
        raise InputError(
            f"{where} is {value!r}; expected {NAMES[hint]} (YAML wants 1.0e-3, not 1e-3)"
        )
    return value


def read_options(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    """Make a typed dataclass of a recipe's free part, such as `objective`.

    Args:
        kind: The dataclass; nested dataclasses are mappings in the recipe.
        values: What the recipe says.
        where: What the part is called in messages.

    Raises:
        InputError: A key is unknown or missing, or its value has the wrong type.
    """
    options: T = _build(kind, values, where)
    return options


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        InputError: The file is missing, is not YAML, or has unknown, missing or ill-typed keys.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read recipe '{path}': {error.strerror}") from error
    except yaml.YAMLError as error:
        raise InputError(
            f"recipe '{path}' is not valid YAML: {str(error).split(chr(10))[0]}"
        ) from error
    recipe: Recipe = _build(Recipe, values, Path(path).name)
    return recipe
