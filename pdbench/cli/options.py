"""Options that commands share, and callbacks from the words of the command line to values."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

__all__ = ["parse_memory", "scoring_protocol", "split_commas", "stored_protocol"]

SMALLEST_MEMORY = 64 * 2**20

_OUTSIDE_BRACKETS = re.compile(r",(?![^\[]*\])")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:iB|B)?", re.IGNORECASE)


scoring_protocol = click.option(
    "--protocol",
    default="paper",
    show_default=True,
    metavar="ID",
    help="Conventions of the metrics (pdbench list protocols).",
)
"""`--protocol` of commands that score."""

stored_protocol = click.option(
    "--protocol",
    metavar="ID",
    help="Show scores under this protocol, where the folder holds several.",
)
"""`--protocol` of commands that show stored scores."""


def split_commas(
    _ctx: click.Context | None, _param: click.Parameter | None, values: Sequence[str]
) -> tuple[str, ...]:
    """Split each value at the commas outside [...]; drops what is empty or repeated.

    Args:
        values: Values of an option that may be repeated ("a,b", "f[x=1,y=2]").

    Returns:
        The single ids in the order given ("a", "b", "f[x=1,y=2]").
    """
    words = (word.strip() for value in values for word in _OUTSIDE_BRACKETS.split(value))
    return tuple(dict.fromkeys(word for word in words if word))


def parse_memory(
    _ctx: click.Context | None, _param: click.Parameter | None, value: str | None
) -> int | None:
    """Read an amount of memory: "4GiB", "1.5G", "512M"; a bare number is bytes.

    Args:
        value: The amount, or None where the option was not given.

    Returns:
        Bytes, or None.

    Raises:
        click.BadParameter: It is no amount, or too small to work with.
    """
    if value is None:
        return None
    found = _AMOUNT.fullmatch(value.strip())
    amount = int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " ")) if found else 0
    if amount < SMALLEST_MEMORY:
        raise click.BadParameter(
            f"'{value}' is no amount of memory from 64MiB on; say 4GiB, for example"
        )
    return amount
