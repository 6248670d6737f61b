"""`pdbench submit`: put a method on a board."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pdbench.api import submit as api
from pdbench.cli.options import split_commas
from pdbench.cli.prompts import ask_card, is_interactive

if TYPE_CHECKING:
    from pdbench.leaderboard.submit import Submitted

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.command("submit")
@click.option("--id", "name", metavar="ID", help="Id of the row, like mynet-v2.")
@click.option("--sr", type=_PATH, metavar="DIR|ZIP", help="Way in: your output images.")
@click.option(
    "--checkpoint", type=_PATH, metavar="FILE", help="Way in: a x4 RGB network, of any known kind."
)
@click.option("--method", metavar="FILE.py:NAME", help="Way in: your own code; it is run here.")
@click.option(
    "--own",
    multiple=True,
    callback=split_commas,
    metavar="METHOD|SUITE,...",
    help="Way in: methods of this repository; scores that results/ holds are not computed.",
)
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
    if card is not None and given:
        raise click.UsageError(f"--card already says {next(iter(given))}; give one of the two")
    own = options.pop("own")
    if own:
        _submit_own(own, name, card, given, options)
        return
    asked = card is None and is_interactive()
    if asked:
        name, given = ask_card(name, given, options)
    if name is None:
        raise click.UsageError("say what to call it: --id ID")
    if card is None:
        given = {"link": "", "runtime": None, "seeds": [0], **given}
    if asked:
        card = api.keep_card(name, given, options["work"])
        click.echo(f"Card: {card} (next time: --id {name} --card {card})", err=True)
    datasets = options.pop("datasets") or ("builtin",)
    done = api.submit(name, card=card or given, datasets=datasets, progress=True, **options)
    for warning in done.warnings:
        click.echo(f"note: {warning}", err=True)
    _print(done)


def _submit_own(
    own: tuple[str, ...],
    name: str | None,
    card: Path | None,
    given: dict[str, object],
    options: dict[str, Any],
) -> None:
    """Submit rows of this repository; they keep their ids, and their cards are known."""
    other = next((way for way in ("sr", "checkpoint", "method") if options.pop(way)), None)
    if other or name or card:
        what = other or ("id" if name else "card")
        raise click.UsageError(f"--own says all there is to say; leave --{what} out")
    datasets = options.pop("datasets") or ("builtin",)
    done = api.submit_own(own, card=given, datasets=datasets, progress=True, **options)
    notes: dict[str, None] = {}
    for row, found in done.items():
        if isinstance(found, str):
            click.echo(f"left out: {row}: {found}", err=True)
            continue
        notes.update(dict.fromkeys(found.warnings))
        _print(found)
    for note in notes:
        click.echo(f"note: {note}", err=True)


def _print(done: Submitted) -> None:
    outputs = sum(len(part.outputs) for part in done.entry.provenance.datasets.values())
    click.echo(f"{done.entry.id}: {outputs} images scored, every check passed")
    if done.folder is None:
        click.echo("Dry run: nothing was written to the board")
    else:
        click.echo(f"Submission: {done.folder}")


_FIELDS = api.CARD_FIELDS
