"""`pdbench doctor`: what is installed, what is missing, how to get it."""

from __future__ import annotations

import json
from typing import Any

import click

from pdbench.cli.options import options
from pdbench.cli.terminal import print_rows

__all__ = ["command"]


@click.command("doctor")
@options("data_root", "weights_dir")
@click.option("--address", metavar="ADDRESS", help="Ask the nodes of this Ray cluster instead.")
@click.option("--json", "as_json", is_flag=True, help="Print {section: {name: finding}}.")
def command(as_json: bool, **given: Any) -> None:  # noqa: ANN401  (the options, each by name)
    """Say what is installed, which weights and data are there, and how to get the rest."""
    from pdbench.api.inventory import doctor

    found = doctor(**given)
    if as_json:
        sections = {title: dict(rows) for title, rows in found.items()}
        click.echo(json.dumps(sections, indent=1, ensure_ascii=False))
        return
    for title, rows in found.items():
        click.secho(title, bold=True)
        print_rows(rows, indent="  ")
