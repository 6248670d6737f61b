"""`pdbench train`: train a network from a recipe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from pdbench.cli.options import check_ids, complete

__all__ = ["command"]


@click.command("train")
@click.argument(
    "baseline",
    metavar="NETWORK|all",
    callback=check_ids("network"),
    shell_complete=complete("network"),
)
@click.option(
    "--config",
    default="compact",
    show_default=True,
    metavar="compact|paper|FILE",
    help="Recipe: one of the two that come with the network, or a YAML file.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="DIR",
    help="Folder of HR photographs, searched below, or made by `data prepare`; repeatable.",
)
@click.option(
    "-o",
    "--out",
    "--output",
    "output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Where checkpoints, the log and the exported weights go.",
)
@click.option("--resume", is_flag=True, help="Continue from the newest checkpoint in --out.")
@click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Exported or published weights to start from.",
)
@click.option(
    "--at",
    type=click.IntRange(min=0),
    default=0,
    metavar="STEP",
    help="Step at which the weights of --from go on in the recipe, when checkpoints are lost.",
)
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    metavar="N",
    help="Processes that cut crops; by default none on a CPU, up to 8 on a GPU.",
)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="CPU threads.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Steps, not the recipe's.")
@click.option(
    "--time",
    metavar="DURATION",
    help="Time to train (90s, 10m, 1.5h), not the recipe's steps; the schedule follows it.",
)
@click.option("--tensorboard", is_flag=True, help="Write the log for TensorBoard too.")
def command(baseline: str, start: Path | None, at: int, **options: Any) -> None:  # noqa: ANN401
    """Train a network on photographs; the same command on CPU, one GPU or many.

    NETWORK is an id of `pdbench list weights`; all trains every one, in the order in which they
    build on one another, each in a folder of --out.

    On several GPUs: torchrun --nproc-per-node 8 -m pdbench train ...
    """
    from pdbench.api.train import train, train_all

    if (start or at) and baseline == "all":
        raise click.UsageError(
            "--from and --at are for one network; all begins with what it trains first"
        )
    try:
        if baseline == "all":
            exported = train_all(**options)
        else:
            exported = [train(baseline, start=start, at=at, **options)]
    except KeyboardInterrupt:
        click.echo(err=True)  # below the bar
        raise click.Abort("add --resume to continue from the newest checkpoint") from None
    if os.environ.get("RANK", "0") == "0":  # one of the processes that torchrun starts
        for weights in exported:
            click.echo(f"Weights: {weights}")
