"""`pdbench claims`: the paper's claims and what the scores say of them. Needs no torch."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench import api
from pdbench.cli.options import stored_protocol

__all__ = ["command"]


@click.command("claims")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs/builtin"))
@stored_protocol
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "json"]),
    default="text",
    show_default=True,
)
def command(folder: Path, protocol: str | None, form: str) -> None:
    """Hold the scores in FOLDER (a run folder, or a folder of results/) against claims C1 to C8.

    Each claim is supported, contradicted, undecided, or not measurable for want of rows or
    metrics. A contradicted claim is a finding, not a failure.
    """
    click.echo(api.claims(folder, protocol=protocol, form=form))
