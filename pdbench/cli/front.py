"""`pdbench front`: the Pareto front of two metrics. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench import api
from pdbench.cli.options import split_commas, stored_protocol

__all__ = ["command"]


@click.command("front")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs/builtin"))
@click.option("-x", "x", default="psnr", show_default=True, metavar="METRIC")
@click.option("-y", "y", default="lpips-vgg", show_default=True, metavar="METRIC")
@click.option("--method", "methods", multiple=True, callback=split_commas, metavar="ID,...")
@stored_protocol
@click.option(
    "--reference",
    type=(float, float),
    metavar="X Y",
    help="Measure the hypervolume from here.  [default: worst mean of each metric]",
)
@click.option(
    "--format", "form", type=click.Choice(api.REPORT_FORMATS), default="text", show_default=True
)
def command(**options: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Say which methods in FOLDER no other beats in both metrics, how surely, and the hypervolume.

    FOLDER is a run folder, or a folder of results/. Uncertainty is by bootstrap over images and
    samples.
    """
    click.echo(api.front(**options))
