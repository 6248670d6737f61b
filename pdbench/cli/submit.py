"""`pdbench submit`: put a method on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench import api
from pdbench.cli.options import split_commas
from pdbench.cli.questions import ask_card, is_interactive

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("submit")
@click.option("--id", "name", metavar="ID", help="Id of the row, like mynet-v2.")
@click.option("--sr", type=_PATH, metavar="DIR|ZIP", help="Way in: your output images.")
@click.option(
    "--checkpoint", type=_PATH, metavar="FILE", help="Way in: a x4 RGB network, of any known kind."
)
@click.option("--method", metavar="FILE.py:NAME", help="Way in: your own code; it is run here.")
@click.option("--own", metavar="METHOD", help="Way in: a method of this repository.")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    callback=split_commas,
    metavar="ID,...",
    help="Named datasets; several need a folder each in --sr. [default: builtin]",
)
@click.option("--data-root", type=_PATH, metavar="DIR", help="Where named datasets lie.")
@click.option("--card", type=_PATH, metavar="FILE", help="The card as YAML, instead of the next:")
@click.option("--name", "title", metavar="TEXT", help="Title of the row.")
@click.option("--author", "authors", multiple=True, metavar="TEXT", help="Repeat for each.")
@click.option("--paper", metavar="TEXT", help="Title, venue, year; or 'unpublished'.")
@click.option("--link", metavar="URL", help="Paper or code.")
@click.option("--licence", metavar="TEXT")
@click.option("--training-data", multiple=True, metavar="TEXT", help="Repeat for each set.")
@click.option(
    "--loss",
    "losses",
    multiple=True,
    metavar="ID",
    help="What it was trained with: l1, gan, lpips-vgg, ...; repeat for each.",
)
@click.option("--kind", metavar="single|stochastic|fused")
@click.option("--seed", "seeds", multiple=True, type=int, metavar="N")
@click.option("--hardware", metavar="TEXT")
@click.option("--runtime", type=float, metavar="SECONDS", help="Per megapixel of output.")
@click.option("--board", type=_PATH, default=Path(api.BOARD), show_default=True, metavar="DIR")
@click.option("--metrics", multiple=True, callback=split_commas, metavar="ID,...")
@click.option("--protocol", default="paper", show_default=True, metavar="ID")
@click.option("--size", type=click.Choice(["compact", "paper"]), default="compact")
@click.option("--device", default="cpu", show_default=True, metavar="cpu|cuda|cuda:N|auto")
@click.option("-j", "--jobs", type=int, metavar="N", help="Processes; one per core by default.")
@click.option("--work", type=_PATH, metavar="DIR", help="Kept. [default: runs/submit/<id>]")
@click.option("--weights-dir", type=_PATH, metavar="DIR", help="Extra weights.")
@click.option("--offline", is_flag=True, help="Download nothing.")
@click.option("--replace", is_flag=True, help="Replace an earlier submission of that id.")
@click.option("--dry-run", is_flag=True, help="Do everything but write to the board.")
def command(name: str | None, card: Path | None, **options: Any) -> None:  # noqa: ANN401
    """Put a method on a board: its card, its per-image scores, and how they came about.

    What is missing is asked for in a terminal, and an error in a script. Nothing leaves this
    machine: commit the folder that is made and open a pull request.
    """
    fields = {field: options.pop("title" if field == "name" else field) for field in _FIELDS}
    given: dict[str, object] = {
        field: list(value) if isinstance(value, tuple) else value
        for field, value in fields.items()
        if value not in (None, ())
    }
    own = options["own"]
    if card is not None and given:
        raise click.UsageError(f"--card already says {next(iter(given))}; give one of the two")
    if own is None and card is None and is_interactive():
        name, given = ask_card(name, given, options)
    if name is None and own is None:
        raise click.UsageError("say what to call it: --id ID")
    if own is None and card is None:
        given = {"link": "", "runtime": None, "seeds": [0], **given}
    datasets = options.pop("datasets") or ("builtin",)
    done = api.submit(name, card=card or given, datasets=datasets, progress=True, **options)
    for warning in done.warnings:
        click.echo(f"note: {warning}", err=True)
    outputs = sum(len(part.outputs) for part in done.entry.provenance.datasets.values())
    click.echo(f"{done.entry.id}: {outputs} images scored, every check passed")
    if done.folder is None:
        click.echo("Dry run: nothing was written to the board")
    else:
        click.echo(f"Submission: {done.folder}")


_FIELDS = api.CARD_FIELDS
