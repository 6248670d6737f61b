"""`pdbench doctor`: what is here, what is missing, how to get it."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench import api
from pdbench.cli.rows import print_rows

__all__ = ["command"]


@click.command("doctor")
@click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--weights-dir", type=click.Path(path_type=Path), metavar="DIR")
def command(data_root: Path | None, weights_dir: Path | None) -> None:
    """Say what is installed, which weights and data are there, and how to get the rest."""
    for title, rows in api.doctor(data_root=data_root, weights_dir=weights_dir).items():
        click.secho(title, bold=True)
        print_rows(rows, indent="  ")
