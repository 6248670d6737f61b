"""`pdbench plot`: stored scores as a perception-distortion plane. Needs no torch."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench import api
from pdbench.cli.options import split_commas, stored_protocol

__all__ = ["command"]


@click.command("plot")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs/builtin"))
@click.option("-x", "x", show_default="psnr, or else of distortion", metavar="METRIC")
@click.option("-y", "y", show_default="lpips-vgg, or else of perception", metavar="METRIC")
@click.option("--method", "methods", multiple=True, callback=split_commas, metavar="ID,...")
@stored_protocol
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("plane.html"),
    show_default=True,
    metavar="FILE",
    help="Its ending decides: .html (interactive, self-contained), .png, .svg, .pdf.",
)
def command(
    folder: Path,
    x: str | None,
    y: str | None,
    methods: tuple[str, ...],
    protocol: str | None,
    output: Path,
) -> None:
    """Draw the scores in FOLDER (a run folder, or a folder of results/) as a plane.

    Any metric goes on either axis; better is left and down.
    """
    written = api.plot(folder, x=x, y=y, methods=methods, protocol=protocol, output=output)
    click.echo(f"Plane: {written}")
