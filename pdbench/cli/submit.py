"""`pdbench submit`: put a method on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pdbench.cli.options import ENGINE, PATH, options
from pdbench.cli.prompts import complete, is_interactive
from pdbench.errors import InputError, system_reason
from pdbench.registry import unknown_id

__all__ = ["command"]

CARD_FIELDS = (
    "name", "authors", "paper", "link", "license", "training_data", "losses", "kind", "seeds",
    "hardware", "runtime",
)  # fmt: skip
"""Fields of a card, in order; the same as `pdbench.leaderboard.card.Card` has."""


@click.command("submit")
@click.option("--id", metavar="ID", help="Id of the row, like mynet-v2.")
@click.option("--sr", type=PATH, metavar="DIR|ZIP", help="Way in: your output images.")
@click.option(
    "--checkpoint", type=PATH, metavar="FILE", help="Way in: a x4 RGB network, of any known kind."
)
@click.option("--method", metavar="FILE.py:NAME", help="Way in: your own code; it is run here.")
@options("datasets", "data_root")
@click.option("--card", type=PATH, metavar="FILE", help="The card as YAML, instead of the next:")
@click.option("--name", metavar="TEXT", help="Title of the row.")
@click.option("--author", "authors", multiple=True, metavar="TEXT", help="Repeat for each.")
@click.option("--paper", metavar="TEXT", help="Title, venue, year; or 'unpublished'.")
@click.option("--link", metavar="URL", help="Paper or code.")
@click.option("--license", metavar="TEXT")
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
@options("board", "metrics", "protocol", "size", "device", "jobs", "weights_dir", "offline")
@options(*ENGINE)
@click.option("--work", type=PATH, metavar="DIR", help="Kept. [default: runs/submit/<id>]")
@click.option("--replace", is_flag=True, help="Replace an earlier submission of that id.")
@click.option("--dry-run", is_flag=True, help="Do everything but write to the board.")
def command(card: Path | None, **said: Any) -> None:  # noqa: ANN401
    """Put a method on a board: its card, its per-image scores, and how they came about.

    What is missing is asked for in a terminal, and an error in a script. Nothing leaves this
    machine: commit the folder that is made and open a pull request.
    """
    from pdbench.api.submit import submit

    given: dict[str, Any] = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in said.items()
        if value not in (None, ())
    }
    fields = {field: given.pop(field) for field in CARD_FIELDS if field in given}
    if card is not None and fields:
        raise click.UsageError(f"--card already says {next(iter(fields))}; give one of the two")
    if card is None and is_interactive():
        check_answer("board", given["board"])
        given = complete(given | fields, check_answer)
        fields = {field: given.pop(field) for field in CARD_FIELDS if field in given}
        card = _keep(fields, given.get("work") or Path("runs") / "submit" / given["id"])
        click.echo(f"Card: {card} (next time: --id {given['id']} --card {card})", err=True)
    if "id" not in given:
        raise click.UsageError("say what to call it: --id ID")
    name = given.pop("id")
    done = submit(name, card=card or fields, progress=True, **given)
    for warning in done.warnings:
        click.echo(f"note: {warning}", err=True)
    outputs = sum(len(part.outputs) for part in done.entry.provenance.datasets.values())
    click.echo(f"{done.entry.id}: {outputs} images scored, every check passed")
    if done.folder is None:
        click.echo("Dry run: nothing was written to the board")
    else:
        click.echo(f"Submission: {done.folder}")


def check_answer(what: str, value: Any) -> None:  # noqa: ANN401
    """Check by itself one thing that a submitter was asked for.

    Args:
        what: "board", "sr", "datasets", "id" or a field of the card.
        value: The answer.

    Raises:
        InputError: It will not do.
    """
    from pdbench.data.datasets import DATASETS
    from pdbench.leaderboard.board import find_board
    from pdbench.leaderboard.card import check_field
    from pdbench.leaderboard.text_validation import check_id

    if what == "board":
        find_board(value)
    elif what == "id":
        check_id(value)
    elif what == "sr":
        if not value.expanduser().exists():
            raise InputError(f"there is no folder or zip file '{value}'; check the path")
    elif what == "datasets":
        for name in value:
            if name not in DATASETS:
                raise unknown_id("dataset of a board", name, DATASETS)
    else:
        check_field(what, value)


def _keep(fields: dict[str, object], folder: Path) -> Path:
    """Write a card to the folder that a submission works in, so that nobody must answer twice."""
    from pdbench.leaderboard.card import card_from, format_card

    path = folder / "card.yaml"
    content = format_card(card_from(fields))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"cannot write '{path}' ({system_reason(error)}); name a folder with --work"
        ) from error
    return path
