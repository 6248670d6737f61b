"""`pdbench run`: score methods on a dataset."""

from __future__ import annotations

from typing import Any

import click

from pdbench.cli.ids import check_ids, complete
from pdbench.cli.options import ENGINE, PATH, options, split_methods
from pdbench.cli.outcome import print_result

__all__ = ["command"]


@click.command("run")
@click.option(
    "--method",
    "methods",
    multiple=True,
    callback=check_ids("method", split_methods),
    shell_complete=complete("method"),
    metavar="ID|FILE.py:NAME",
    help="Method to score, e.g. median-5 or srflow-da:0.9, or code of your own: a callable, an "
    "nn.Module or a Method; repeat it or join with commas.",
)
@click.option(
    "--suite",
    callback=check_ids("suite"),
    shell_complete=complete("suite"),
    metavar="NAME",
    help="Score all methods of a suite, e.g. table1.",
)
@click.option(
    "--checkpoint",
    type=PATH,
    metavar="FILE",
    help="Also score a x4 RGB network out of a file; needs pdbench[checkpoints].",
)
@click.option("--name", metavar="ID", help="Row of the checkpoint. [default: the file's name]")
@click.option(
    "--dataset",
    default="builtin",
    show_default=True,
    callback=check_ids("dataset"),
    shell_complete=complete("dataset"),
    metavar="ID|DIR",
    help="Dataset id (pdbench list datasets) or a folder of HR images.",
)
@click.option(
    "--save-images",
    type=PATH,
    metavar="DIR",
    help="Keep all outputs: DIR/<method>/<image>.png, rounded by the protocol.",
)
@options(
    "data_root", "seed", "metrics", "protocol", "device", "size", "jobs", "output", "export",
    "weights_dir", "max_memory", "offline", "traceback", *ENGINE,
)  # fmt: skip
@click.option(
    "--force",
    multiple=True,
    is_flag=False,
    flag_value="",
    metavar="[ID,...]",
    help="Compute stored scores again: of these methods, or of all.",
)
def command(force: tuple[str, ...], traceback: bool, **given: Any) -> int:  # noqa: ANN401
    """Score methods on a dataset and print the table.

    What is scored already is not scored again: the same command continues an interrupted run.
    """
    from pdbench.api.run import run

    again = split_methods(None, None, force) if force else None
    return print_result(run(force=again, progress=True, **given), traceback=traceback)
