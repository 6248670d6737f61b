"""`pdbench plot`: stored scores as a perception-distortion plane. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench.api.choices import CERTAINTIES
from pdbench.cli.options import PATH, options, split_commas

__all__ = ["command"]


@click.command("plot")
@options("folder")
@click.option("-x", "x", show_default="psnr, or else of distortion", metavar="METRIC")
@click.option(
    "-y",
    "y",
    multiple=True,
    callback=split_commas,
    show_default="lpips-vgg, or else of perception",
    metavar="METRIC,...",
    help="Several give a picture of planes side by side.",
)
@options("methods", "stored_protocol", "seeds")
@click.option(
    "-o",
    "--output",
    type=PATH,
    default=Path("plane.html"),
    show_default=True,
    metavar="FILE",
    help="Its ending decides: .html (interactive, self-contained), .png, .svg, .pdf.",
)
@click.option(
    "--certainty",
    type=click.Choice(CERTAINTIES),
    default="ellipses",
    show_default=True,
    help="How the 95 % certainty of the means is shown.",
)
@click.option(
    "--theory", is_flag=True, help="Draw where averages of perfect posterior samples would lie."
)
@click.option("--width", metavar="3.3in|84mm", help="Of a picture.")
@click.option("--font-size", type=float, metavar="POINTS", help="Of a picture.")
@click.option("--title", default="", metavar="TEXT", help="Line above the axes.")
@click.option("--caption/--no-caption", default=True, help="Name dataset, protocol and seed.")
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Draw the scores in FOLDER (a run folder, or a folder of results/) as a plane.

    Any metric goes on either axis; better is left and down.
    """
    from pdbench.api.tables import plot

    click.echo(f"Plane: {plot(**given)}")
