"""Arguments of networks, as recipes and weight files give them: bounded and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

import torch
from pydantic import ConfigDict, Field, ValidationError, validate_call
from torch import nn

from pdbench.errors import InputError
from pdbench.pydantic_errors import first_problem

__all__ = ["Blocks", "Width", "build", "checked"]

MOST_PARAMETERS = 5 * 10**8

Width = Annotated[int, Field(ge=1, le=1024)]
"""Channels of a layer."""

Blocks = Annotated[int, Field(ge=0, le=128)]
"""How often a part of a network is repeated."""

checked = validate_call(config=ConfigDict(strict=True, arbitrary_types_allowed=True))
"""Decorator of a constructor: its arguments are checked against their annotations."""

M = TypeVar("M", bound=nn.Module)


def build(network: Callable[..., M], arguments: Mapping[str, object], where: str) -> M:
    """Build a network whose constructor is `checked`, on the default device.

    Args:
        network: The constructor.
        arguments: Its keyword arguments, out of a file.
        where: What gives them, for messages.

    Raises:
        InputError: An argument is unknown, of the wrong type or out of range, or the network
            would have more than 500 million parameters.
    """
    try:
        with torch.device("meta"):
            size = sum(value.numel() for value in network(**arguments).parameters())
    except ValidationError as error:
        raise InputError(f"{where}: {first_problem(error)}") from error
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    if size > MOST_PARAMETERS:
        raise InputError(
            f"{where}: {size:,} parameters; more than {MOST_PARAMETERS:,} are not built"
        )
    return network(**arguments)
