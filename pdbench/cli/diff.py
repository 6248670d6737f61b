"""`pdbench diff`: two methods compared. Needs no torch."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench import api
from pdbench.cli.options import stored_protocol

__all__ = ["command"]


@click.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs/builtin"))
@stored_protocol
@click.option(
    "--format", "form", type=click.Choice(api.REPORT_FORMATS), default="text", show_default=True
)
def command(first: str, second: str, folder: Path, protocol: str | None, form: str) -> None:
    """Compare methods A and B by the scores in FOLDER: a run folder, or a folder of results/.

    All metrics both have: mean difference with paired interval, paired permutation test
    with Holm's correction, and the variance of images and of samples apart.
    """
    click.echo(api.diff(first, second, folder, protocol=protocol, form=form))
