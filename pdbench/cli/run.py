"""`pdbench run`: score methods on a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench import api
from pdbench.cli.options import parse_memory, scoring_protocol, split_commas
from pdbench.cli.outcome import print_report

__all__ = ["command"]

_FOLDER = click.Path(path_type=Path)


@click.command("run")
@click.option(
    "--method",
    "methods",
    multiple=True,
    callback=split_commas,
    metavar="ID",
    help="Method to score, e.g. median-5 or srflow-da[tau=0.9]; repeat it or join with commas.",
)
@click.option("--suite", metavar="NAME", help="Score all methods of a suite, e.g. table1.")
@click.option(
    "--checkpoint",
    type=_FOLDER,
    metavar="FILE",
    help="Also score a x4 RGB network out of a file; needs pdbench[checkpoints].",
)
@click.option("--name", metavar="ID", help="Row of the checkpoint. [default: the file's name]")
@click.option(
    "--dataset",
    default="builtin",
    show_default=True,
    metavar="ID|DIR",
    help="Dataset id (pdbench list datasets) or a folder of HR images.",
)
@click.option(
    "--data-root",
    type=_FOLDER,
    metavar="DIR",
    help="Where named datasets lie. [env: PDBENCH_DATA]",
)
@click.option("--seed", default=0, show_default=True, metavar="N", help="Seed of all samples.")
@click.option(
    "--metrics",
    multiple=True,
    callback=split_commas,
    metavar="ID,...",
    help="Metrics to compute; all of the protocol's by default.",
)
@scoring_protocol
@click.option("--device", default="cpu", show_default=True, metavar="cpu|cuda|cuda:N|auto")
@click.option(
    "--size",
    type=click.Choice(["compact", "paper"]),
    default="compact",
    show_default=True,
    help="Size of the networks.",
)
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
@click.option(
    "--max-memory",
    callback=parse_memory,
    metavar="SIZE",
    help="Working memory of the networks per process, e.g. 4GiB; larger images are tiled.",
)
@click.option("--offline", is_flag=True, help="Download nothing.")
def command(**options: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Score methods on a dataset and print the table.

    What is scored already is not scored again: the same command continues an interrupted run.
    """
    print_report(api.run(progress=True, **options))
