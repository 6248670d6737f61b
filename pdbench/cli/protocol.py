"""`pdbench protocol`: what a protocol chooses, and where each choice comes from."""

from __future__ import annotations

import click

from pdbench import api

__all__ = ["command"]


@click.group("protocol", no_args_is_help=False)
def command() -> None:
    """Say what a protocol chooses, and where each choice comes from."""


@command.command("show")
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(api.PROTOCOL_FORMATS),
    default="text",
    show_default=True,
)
def show(name: str, form: str) -> None:
    """Print every choice of protocol NAME with its source and its hash.

    Names: pdbench list protocols
    """
    click.echo(api.protocol(name, form=form))
