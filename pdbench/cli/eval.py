"""`pdbench eval`: score a folder of super-resolved images."""

from __future__ import annotations

from typing import Any

import click

from pdbench.cli.options import ENGINE, PATH, check_ids, complete, options
from pdbench.cli.terminal import print_result

__all__ = ["command"]


@click.command("eval")
@click.option(
    "--sr",
    type=PATH,
    metavar="DIR",
    help="Outputs: 0801.png, 0801x4.png, 0801_mynet.png; samples: 0801_sample00003.png.",
)
@click.option("--method", metavar="FILE.py:NAME", help="Instead of --sr: code of your own.")
@click.option("--hr", type=PATH, metavar="DIR", help="HR images of the same names.")
@click.option(
    "--lr", type=PATH, metavar="DIR", help="LR images; found beside --hr, or made from it."
)
@click.option(
    "--dataset",
    callback=check_ids("dataset"),
    shell_complete=complete("dataset"),
    metavar="ID",
    help="Compare with a named dataset instead of --hr.",
)
@click.option(
    "--group-by",
    is_flag=False,
    flag_value="",
    metavar="[WORD]",
    help="Score settings named in the files (0801_tau0.9.png) as rows NAME-tau0.9.",
)
@click.option("--by-order", is_flag=True, help="Match outputs and HR by order, not by name.")
@click.option("--name", required=True, metavar="ID", help="Id of the row: lowercase, no blanks.")
@click.option("--title", metavar="TEXT", help="Title of the row. [default: the name]")
@options(
    "data_root", "metrics", "protocol", "device", "jobs", "output", "export", "weights_dir",
    "offline", "traceback", *ENGINE,
)  # fmt: skip
def command(traceback: bool, **given: Any) -> int:  # noqa: ANN401  (the options, each by name)
    """Score a folder of images of any origin and print the table.

    Outputs and HR images are paired by name. PNG, JPEG, WebP, TIFF and BMP are read, at 8 bits
    per channel and without transparency; anything else is refused. What is scored already of the
    same files is not scored again: the same command continues an interrupted run.
    """
    from pdbench.api.evaluate import evaluate

    result = evaluate(progress=True, **given)
    outputs = 1 + max((score.sample for score in result.record.scores), default=0)
    click.echo(f"Outputs: {outputs} per image, {len(result.record.dataset.images)} images\n")
    return print_result(result, traceback=traceback)
