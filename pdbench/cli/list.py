"""`pdbench list`: what methods, metrics, protocols, datasets and weights there are."""

from __future__ import annotations

import json
from typing import Any

import click

from pdbench.api.choices import KINDS
from pdbench.cli.options import options
from pdbench.cli.terminal import print_rows

__all__ = ["command"]


@click.command("list")
@click.argument("kind", type=click.Choice(KINDS))
@options("data_root", "weights_dir")
@click.option("--json", "as_json", is_flag=True, help="Print a list of {id, text}.")
def command(as_json: bool, **given: Any) -> None:  # noqa: ANN401  (the options, each by name)
    """List methods, suites, metrics, protocols, datasets or weights, one a line: id, text."""
    from pdbench.api.inventory import list_all

    rows = list_all(**given)
    if as_json:
        listed = [{"id": name, "text": text} for name, text in rows]
        click.echo(json.dumps(listed, indent=1, ensure_ascii=False))
    else:
        print_rows(rows)
