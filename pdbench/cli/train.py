"""`pdbench train`: train a network from a recipe."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench import api

__all__ = ["command"]


@click.command("train")
@click.argument("baseline", metavar="NETWORK")
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
    help="Folder of HR photographs, searched below; repeatable.",
)
@click.option(
    "--out",
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
    help="Exported or published weights to start from, at step 0.",
)
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="CPU threads.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Steps, not the recipe's.")
def command(
    baseline: str,
    config: str,
    data: tuple[Path, ...],
    output: Path,
    resume: bool,
    start: Path | None,
    device: str,
    threads: int | None,
    steps: int | None,
) -> None:
    """Train a network on photographs; the same command on CPU, one GPU or many.

    On several GPUs: accelerate launch -m pdbench train ...
    """
    weights = api.train(
        baseline,
        config=config,
        data=data,
        output=output,
        resume=resume,
        start=start,
        device=device,
        threads=threads,
        steps=steps,
    )
    click.echo(f"Weights: {weights}")
