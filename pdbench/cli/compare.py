"""`pdbench compare`: crops of one image, restored by several methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench.cli.options import ENGINE, PATH, options

__all__ = ["command"]


@click.command("compare")
@options("dataset")
@click.option("--image", required=True, metavar="NAME", help="Image of the dataset.")
@click.option("--crop", required=True, metavar="x,y,w,h", help="In pixels of the HR image.")
@options("scored")
@click.option(
    "-o",
    "--output",
    type=PATH,
    default=Path("compare.png"),
    show_default=True,
    metavar="FILE",
    help="Its ending decides: .png, .pdf, .svg, .html (self-contained).",
)
@options("checkpoint", "name")
@click.option(
    "--sr",
    multiple=True,
    metavar="DIR:NAME",
    help="Also images made elsewhere, named as for eval; repeat it for several.",
)
@click.option("--columns", type=click.IntRange(1), metavar="N", help="Crops in a row.")
@options(
    "metrics", "protocol", "size", "seed", "device", "data_root", "weights_dir", "offline",
    *ENGINE,
)  # fmt: skip
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Draw crops of one image side by side, scores under each: LR, every method, HR.

    Scores are of the whole image; a stochastic method shows its first sample. Without --method:
    bicubic, rrdb and average-5.
    """
    from pdbench.api.compare import compare

    given["methods"] = given["methods"] or ("bicubic", "rrdb", "average-5")
    click.echo(f"Figure: {compare(**given)}")
