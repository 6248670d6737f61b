"""`pdbench run`: score methods on a dataset."""

from __future__ import annotations

from typing import Any

import click

from pdbench.cli.options import ENGINE, PATH, check_ids, complete, options, split_methods
from pdbench.cli.terminal import print_plan, print_result

__all__ = ["command"]


@click.command("run")
@options("scored")
@click.option(
    "--suite",
    callback=check_ids("suite"),
    shell_complete=complete("suite"),
    metavar="NAME",
    help="Score all methods of a suite, e.g. table1.",
)
@options("checkpoint", "name", "dataset")
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
@click.option("--dry-run", is_flag=True, help="Only say what would be computed, and how long.")
def command(force: tuple[str, ...], traceback: bool, **given: Any) -> int:  # noqa: ANN401
    """Score methods on a dataset and print the table.

    What is scored already is not scored again: the same command continues an interrupted run.
    """
    from pdbench.api.run import run

    again = split_methods(None, None, force) if force else None
    result = run(force=again, progress=True, **given)
    if result.plan is not None:
        return print_plan(result, result.plan)
    return print_result(result, traceback=traceback)
