"""`pdbench doctor`: what is installed, what is missing, how to get it."""

from __future__ import annotations

from typing import Any

import click

from pdbench.cli.options import options
from pdbench.cli.terminal import print_rows

__all__ = ["command"]


@click.command("doctor")
@options("data_root", "weights_dir")
@click.option("--address", metavar="ADDRESS", help="Ask the nodes of this Ray cluster instead.")
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Say what is installed, which weights and data are there, and how to get the rest."""
    from pdbench.api.inventory import doctor

    for title, rows in doctor(**given).items():
        click.secho(title, bold=True)
        print_rows(rows, indent="  ")
