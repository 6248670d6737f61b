"""`pdbench protocol`: what a protocol chooses, and where each choice comes from."""

from __future__ import annotations

import click

from pdbench.api.choices import PROTOCOL_FORMATS
from pdbench.cli.options import check_ids, complete

__all__ = ["command"]


@click.group("protocol", no_args_is_help=False)
def command() -> None:
    """Say what a protocol chooses, and where each choice comes from."""


@command.command("show")
@click.argument("name", callback=check_ids("protocol"), shell_complete=complete("protocol"))
@click.option(
    "--format", "form", type=click.Choice(PROTOCOL_FORMATS), default="text", show_default=True
)
def show(name: str, form: str) -> None:
    """Print every choice of protocol NAME with its source and its hash.

    Names: pdbench list protocols
    """
    from pdbench.api.protocols import protocol

    click.echo(protocol(name, form=form))
