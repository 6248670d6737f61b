"""Option callbacks that several commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

__all__ = ["MEMORY", "split_commas"]

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


class _Memory(click.ParamType):
    """An amount of memory: "4GiB", "1.5G", "512M"; a bare number is bytes."""

    name = "size"
    _PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the amount in bytes."""
        found = self._PATTERN.fullmatch(str(value).strip())
        amount = 0
        if found:
            power = "KMGT".find(found[2].upper()) + 1 if found[2] else 0
            amount = int(float(found[1]) * 1024**power)
        if amount < SMALLEST_MEMORY:
            self.fail(f"'{value}' is no amount of memory from 64MiB on; say 4GiB, for example")
        return amount


SMALLEST_MEMORY = 64 * 2**20
MEMORY = _Memory()
