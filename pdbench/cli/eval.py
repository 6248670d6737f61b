"""`pdbench eval`: score a folder of super-resolved images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench import api
from pdbench.cli.options import scoring_protocol, split_commas
from pdbench.cli.outcome import print_report

__all__ = ["command"]

_FOLDER = click.Path(path_type=Path)


@click.command("eval")
@click.option(
    "--sr",
    type=_FOLDER,
    required=True,
    metavar="DIR",
    help="Outputs: 0801.png, 0801x4.png, 0801_mynet.png; samples: 0801_sample00003.png.",
)
@click.option("--hr", type=_FOLDER, metavar="DIR", help="HR images of the same names.")
@click.option(
    "--lr", type=_FOLDER, metavar="DIR", help="LR images; found beside --hr, or made from it."
)
@click.option("--dataset", metavar="ID", help="Compare with a named dataset instead of --hr.")
@click.option(
    "--data-root",
    type=_FOLDER,
    metavar="DIR",
    help="Where named datasets lie. [env: PDBENCH_DATA]",
)
@click.option("--name", required=True, metavar="ID", help="Id of the row: lowercase, no blanks.")
@click.option("--title", metavar="TEXT", help="Title of the row. [default: the name]")
@click.option(
    "--metrics",
    multiple=True,
    callback=split_commas,
    metavar="ID,...",
    help="Metrics to compute; all of the protocol's by default.",
)
@scoring_protocol
@click.option("--device", default="cpu", show_default=True, metavar="cpu|cuda|cuda:N|auto")
@click.option("-j", "--jobs", type=int, metavar="N", help="Processes; one per core by default.")
@click.option(
    "-o",
    "--output",
    type=_FOLDER,
    metavar="DIR",
    help="Run folder: kept, and continued by the next run. [default: runs/<dataset>]",
)
@click.option(
    "--export", type=_FOLDER, metavar="DIR", help="Also write CSV and provenance, as in results/."
)
@click.option(
    "--weights-dir", type=_FOLDER, metavar="DIR", help="Extra weights. [env: PDBENCH_WEIGHTS]"
)
@click.option("--offline", is_flag=True, help="Download nothing.")
def command(**options: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Score a folder of images of any origin and print the table.

    Outputs and HR images are paired by name. PNG, JPEG, WebP, TIFF and BMP are read, at 8 bits
    per channel and without transparency; anything else is refused. What is scored already of the
    same files is not scored again: the same command continues an interrupted run.
    """
    print_report(api.evaluate(progress=True, **options))
