"""`pdbench list`: what methods, metrics, protocols, datasets and weights there are."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench import api
from pdbench.cli.rows import print_rows

__all__ = ["command"]


@click.command("list")
@click.argument("kind", type=click.Choice(api.KINDS))
@click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--weights-dir", type=click.Path(path_type=Path), metavar="DIR")
def command(kind: str, data_root: Path | None, weights_dir: Path | None) -> None:
    """List methods, metrics, protocols, datasets or weights, one a line: id, then what it is."""
    print_rows(api.list_all(kind, data_root=data_root, weights_dir=weights_dir))
