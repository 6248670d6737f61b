"""`pdbench list`: what methods, metrics, protocols, datasets and weights there are."""

from __future__ import annotations

from typing import Any

import click

from pdbench.api.choices import KINDS
from pdbench.cli.options import options
from pdbench.cli.terminal import print_rows

__all__ = ["command"]


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@options("data_root", "weights_dir")
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """List methods, metrics, protocols, datasets or weights, one a line: id, then what it is."""
    from pdbench.api.inventory import list_all

    print_rows(list_all(**given))
