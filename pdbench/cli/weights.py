"""`pdbench weights`: list weight files, look into one, import published checkpoints."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench.cli.options import PATH, options
from pdbench.cli.terminal import print_rows

__all__ = ["command"]

_FILE = click.argument("file", type=PATH)
_NAME = click.option(
    "--as",
    "name",
    metavar="NETWORK",
    help="Network it must be: rrdb, esrgan-plus or srflow-da; found out by default.",
)
_EVERY = click.option("--keys", "every", is_flag=True, help="One line for each tensor.")


@click.group("weights")
def command() -> None:
    """List weight files, look into one, or import authors' published checkpoints."""


@command.command("list")
@options("weights_dir")
def list_(weights_dir: Path | None) -> None:
    """List every weight file pdbench can use, and whether it is here."""
    from pdbench.api.inventory import list_all

    print_rows(list_all("weights", weights_dir=weights_dir))


@command.command("show")
@_FILE
@_NAME
@_EVERY
def show(file: Path, name: str | None, every: bool) -> None:
    """Say what FILE is, and what importing it would do. Writes nothing."""
    from pdbench.api.checkpoints import show_weights

    print_rows(show_weights(file, name=name).rows(every=every))


@command.command("import")
@_FILE
@_NAME
@click.option(
    "-o",
    "--out",
    "--output",
    "output",
    type=PATH,
    metavar="FILE|DIR",
    help="Where to write. [default: the folder PDBENCH_WEIGHTS names, or this one]",
)
@_EVERY
def import_(file: Path, name: str | None, output: Path | None, every: bool) -> None:
    """Make a published checkpoint of RRDB, ESRGAN+ or SRFlow-DA x4 usable, and report each tensor.

    Nothing in FILE is executed. Then: pdbench run --size paper --weights-dir DIR ...
    """
    from pdbench.api.checkpoints import import_weights

    report = import_weights(file, name=name, output=output)
    print_rows(report.rows(every=every))
    click.echo(f"Weights: {report.output}")
