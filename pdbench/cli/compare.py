"""`pdbench compare`: crops of one image, restored by several methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench.cli.ids import check_ids, complete
from pdbench.cli.options import ENGINE, PATH, options, split_methods

__all__ = ["command"]


@click.command("compare")
@click.option(
    "--dataset",
    default="builtin",
    show_default=True,
    callback=check_ids("dataset"),
    shell_complete=complete("dataset"),
    metavar="ID|DIR",
)
@click.option("--image", required=True, metavar="NAME", help="Image of the dataset.")
@click.option("--crop", required=True, metavar="x,y,w,h", help="In pixels of the HR image.")
@click.option(
    "--methods",
    "--method",
    multiple=True,
    callback=check_ids("method", split_methods),
    shell_complete=complete("method"),
    default=("bicubic", "rrdb", "average-5"),
    show_default="bicubic,rrdb,average-5",
    metavar="ID|FILE.py:NAME,...",
    help="In the order shown; code of your own as for run.",
)
@click.option(
    "-o",
    "--output",
    type=PATH,
    default=Path("compare.png"),
    show_default=True,
    metavar="FILE",
    help="Its ending decides: .png, .pdf, .svg, .html (self-contained).",
)
@click.option(
    "--checkpoint", type=PATH, metavar="FILE", help="Also a x4 RGB network out of a file."
)
@click.option("--name", metavar="ID", help="Title of the checkpoint. [default: the file's name]")
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

    Scores are of the whole image; a stochastic method shows its first sample.
    """
    from pdbench.api.compare import compare

    click.echo(f"Figure: {compare(**given)}")
