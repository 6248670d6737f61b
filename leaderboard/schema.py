"""Building blocks of the models that read what strangers wrote: strict, frozen, no unknown key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pdbench.errors import InputError

__all__ = ["Strict", "as_tuple", "held_to"]


class Strict(BaseModel):
    """Model that converts no value and takes no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def held_to(check: Callable[..., Any], **options: Any) -> BeforeValidator:  # noqa: ANN401
    """Apply one of the checks of `text_validation` to a field; its sentence becomes the error."""

    def validate(value: object) -> Any:  # noqa: ANN401
        try:
            return check(value, **options)
        except InputError as error:
            raise ValueError(str(error)) from None

    return BeforeValidator(validate)


def as_tuple(value: object) -> tuple[Any, ...]:
    """Take a list, as JSON and YAML have it, for a tuple; raises ValueError for anything else."""
    if not isinstance(value, list | tuple):
        raise ValueError("write a list, '[a, b]'")
    return tuple(value)
