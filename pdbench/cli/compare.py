"""`pdbench compare`: crops of one image, restored by several methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench import api
from pdbench.cli.options import scoring_protocol, split_commas

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("compare")
@click.option("--dataset", default="builtin", show_default=True, metavar="ID|DIR")
@click.option("--image", required=True, metavar="NAME", help="Image of the dataset.")
@click.option("--crop", required=True, metavar="x,y,w,h", help="In pixels of the HR image.")
@click.option(
    "--methods",
    multiple=True,
    callback=split_commas,
    default=("bicubic", "rrdb", "average-5"),
    show_default="bicubic,rrdb,average-5",
    metavar="ID,...",
    help="In the order shown.",
)
@click.option(
    "-o",
    "--output",
    type=_PATH,
    default=Path("compare.png"),
    show_default=True,
    metavar="FILE",
    help="Its ending decides: .png, .pdf, .svg, .html (self-contained).",
)
@click.option("--metrics", multiple=True, callback=split_commas, metavar="ID,...")
@scoring_protocol
@click.option("--size", type=click.Choice(["compact", "paper"]), default="compact")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", default="cpu", show_default=True, metavar="cpu|cuda|cuda:N|auto")
@click.option("--data-root", type=_PATH, metavar="DIR", help="Where named datasets lie.")
@click.option("--weights-dir", type=_PATH, metavar="DIR", help="Extra weights.")
@click.option("--offline", is_flag=True, help="Download nothing.")
def command(**options: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Draw crops of one image side by side, scores under each: LR, every method, HR.

    Scores are of the whole image; a stochastic method shows its first sample.
    """
    click.echo(f"Figure: {api.compare(**options)}")
