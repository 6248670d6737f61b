"""`pdbench data`: download and export test sets, lay photographs out for training."""

from __future__ import annotations

from pathlib import Path

import click

from pdbench.cli.options import PATH, check_ids, complete, options

__all__ = ["command"]


@click.group("data")
def command() -> None:
    """Download or export test sets, or lay photographs out for training."""


@command.command("get")
@click.argument(
    "name", callback=check_ids("downloadable set"), shell_complete=complete("downloadable set")
)
@options("data_root")
def get(name: str, data_root: Path | None) -> None:
    """Download set NAME: set5, set14, bsd100, urban100, div2k-val, div2k-train.

    A download that broke off continues where it stopped.
    """
    from pdbench.api.datasets import get_data

    for folder in get_data(name, data_root=data_root):
        click.echo(f"Images: {folder}")


@command.command("export")
@click.argument("name", callback=check_ids("dataset"), shell_complete=complete("dataset"))
@click.option("-o", "--output", type=PATH, required=True, metavar="DIR",
              help="Folder for LR and HR; new, or of an earlier export of that set.")  # fmt: skip
@options("data_root")
def export(name: str, output: Path, data_root: Path | None) -> None:
    """Write the images of test set NAME as PNG files, for methods that run elsewhere."""
    from pdbench.api.datasets import export_data

    for folder in export_data(name, output=output, data_root=data_root):
        click.echo(f"Images: {folder}")


@command.command("prepare")
@click.option(
    "--data",
    type=PATH,
    multiple=True,
    required=True,
    metavar="DIR",
    help="Folder of HR photographs, searched below; repeatable.",
)
@click.option(
    "-o",
    "--out",
    "--output",
    "output",
    type=PATH,
    required=True,
    metavar="DIR",
    help="The folder to make: 3.2 bytes for every HR pixel.",
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True,
              metavar="N", help="Processes that decode photographs.")  # fmt: skip
def prepare(data: tuple[Path, ...], output: Path, jobs: int) -> None:
    """Decode photographs and make their LR once, so that training opens them at once.

    An interrupted call continues where it stopped. Then: pdbench train NAME --data OUT ...
    """
    from pdbench.api.datasets import prepare_data

    count = prepare_data(data, output=output, jobs=jobs)
    click.echo(f"Prepared: {output} ({count} photographs)")
