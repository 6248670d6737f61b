"""`pdbench report`: a study as one page. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench.cli.options import PATH, options

__all__ = ["command"]


@click.command("report")
@options("folder")
@click.option(
    "-o", "--output", type=PATH, default=Path("report.html"), show_default=True, metavar="FILE"
)
@click.option(
    "--figure",
    "figures",
    type=PATH,
    multiple=True,
    metavar="FILE.png",
    help="A figure to show, as 'pdbench compare' makes it; may be repeated.",
)
@options("methods", "stored_protocol", "seeds")
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Write the scores in FOLDER as one self-contained page.

    FOLDER is a run folder, a folder of results/, or results/ itself: table with ranks, plane,
    Pareto front, the paper's claims, figures, and where every score comes from.
    """
    from pdbench.api.report import report

    click.echo(f"Report: {report(**given)}")
