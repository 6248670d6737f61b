"""`pdbench table`: stored scores as a table. Needs no torch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from pdbench.api.choices import TABLE_FORMATS
from pdbench.cli.options import PATH, format_options, options, split_commas

__all__ = ["command"]


@click.command("table")
@options("folder")
@format_options(TABLE_FORMATS)
@options("methods")
@click.option("--metrics", multiple=True, callback=split_commas, metavar="ID,...")
@options("stored_protocol", "seeds")
@click.option("--ci/--no-ci", default=True, show_default=True, help="95 % confidence intervals.")
@click.option("--worst", is_flag=True, help="Each image by its worst sample, not by their mean.")
@click.option("--caption", default="", metavar="TEXT", help="LaTeX: caption, as LaTeX.")
@click.option("--label", default="", metavar="NAME", help="LaTeX: label, like tab:scores.")
@click.option("--wide", is_flag=True, help="LaTeX: span both columns of a page (table*).")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write, not print.")
def command(folder: Path, output: Path | None, **given: Any) -> None:  # noqa: ANN401
    """Print the scores in FOLDER: a run folder, or a folder of results/.

    The best mean of each column is bold, the second best underlined; "*" and "+" mark them where
    the output is not a terminal.
    """
    from pdbench.api.tables import table

    color = output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    text = table(folder, output=output, color=color, **given)
    click.echo(f"Table: {output}" if output else text)
