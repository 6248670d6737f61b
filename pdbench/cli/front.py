"""`pdbench front`: the Pareto front of two metrics. Needs no torch."""

from __future__ import annotations

from typing import Any

import click

from pdbench.api.choices import REPORT_FORMATS
from pdbench.cli.options import format_options, options

__all__ = ["command"]


@click.command("front")
@options("folder")
@click.option("-x", "x", default="psnr", show_default=True, metavar="METRIC")
@click.option("-y", "y", default="lpips-vgg", show_default=True, metavar="METRIC")
@options("methods", "stored_protocol", "seeds")
@click.option(
    "--reference",
    type=(float, float),
    metavar="X Y",
    help="Measure the hypervolume from here.  [default: worst mean of each metric]",
)
@format_options(REPORT_FORMATS)
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Say which methods in FOLDER no other beats in both metrics, how surely, and the hypervolume.

    FOLDER is a run folder, or a folder of results/. Uncertainty is by bootstrap over images and
    samples.
    """
    from pdbench.api.analysis import front

    click.echo(front(**given))
