"""`pdbench table`: stored scores as a table. Needs no torch."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench import api
from pdbench.cli.options import split_commas, stored_protocol

__all__ = ["command"]


@click.command("table")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs/builtin"))
@click.option(
    "--format",
    "form",
    type=click.Choice(api.TABLE_FORMATS),
    default="text",
    show_default=True,
)
@click.option("--method", "methods", multiple=True, callback=split_commas, metavar="ID,...")
@click.option("--metrics", multiple=True, callback=split_commas, metavar="ID,...")
@stored_protocol
@click.option("--ci/--no-ci", default=True, show_default=True, help="95 % confidence intervals.")
@click.option("--worst", is_flag=True, help="Each image by its worst sample, not by their mean.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write, not print."
)
def command(
    folder: Path,
    form: str,
    methods: tuple[str, ...],
    metrics: tuple[str, ...],
    protocol: str | None,
    ci: bool,
    worst: bool,
    output: Path | None,
) -> None:
    """Print the scores in FOLDER: a run folder, or a folder of results/.

    The best mean of each column is bold, the second best underlined.
    """
    text = api.table(
        folder,
        form=form,
        methods=methods,
        metrics=metrics,
        protocol=protocol,
        ci=ci,
        worst=worst,
        output=output,
    )
    click.echo(f"Table: {output}" if output else text)
