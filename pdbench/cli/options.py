"""Option callbacks that several commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

__all__ = ["split_commas"]

_OUTSIDE_BRACKETS = re.compile(r",(?![^\[]*\])")


def split_commas(
    _ctx: click.Context, _param: click.Parameter, values: Sequence[str]
) -> tuple[str, ...]:
    """Split each value at the commas outside [...]; drops what is empty or repeated.

    Args:
        values: Values of an option that may be repeated ("a,b", "f[x=1,y=2]").

    Returns:
        The single ids in the order given ("a", "b", "f[x=1,y=2]").
    """
    words = (word.strip() for value in values for word in _OUTSIDE_BRACKETS.split(value))
    return tuple(dict.fromkeys(word for word in words if word))
