"""`pdbench audit`: whether a table of scores can be true. Needs no torch."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench.api.choices import TEXT_FORMATS
from pdbench.cli.options import PATH, format_options

__all__ = ["command"]


@click.command("audit")
@click.argument("table", type=PATH, metavar="TABLE.csv|paper")
@format_options(TEXT_FORMATS)
def command(table: Path, form: str) -> None:
    """Check a CSV table of scores by itself; "paper" is the paper's own Table 1.

    Looks for PI that its NIQE and Ma do not give, impossible values, repeated rows and numbers,
    scores better than the ground truth, and paths that turn.
    """
    from pdbench.api.analysis import audit

    click.echo(audit(table, form=form))
