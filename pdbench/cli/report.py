"""`pdbench report`: a study as one page. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench import api
from pdbench.cli.options import split_commas, stored_protocol

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("report")
@click.argument("folder", type=_PATH, default=Path("runs/builtin"))
@click.option(
    "-o", "--output", type=_PATH, default=Path("report.html"), show_default=True, metavar="FILE"
)
@click.option(
    "--figure",
    "figures",
    type=_PATH,
    multiple=True,
    metavar="FILE.png",
    help="A figure to show, as 'pdbench compare' makes it; may be repeated.",
)
@click.option("--method", "methods", multiple=True, callback=split_commas, metavar="ID,...")
@stored_protocol
def command(**options: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Write the scores in FOLDER as one self-contained page.

    FOLDER is a run folder, a folder of results/, or results/ itself: table with ranks, plane,
    Pareto front, the paper's claims, figures, and where every score comes from.
    """
    click.echo(f"Report: {api.report(**options)}")
