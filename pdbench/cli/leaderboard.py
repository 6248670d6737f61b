"""`pdbench leaderboard`: whether a board can be trusted, and its site."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import click

from pdbench.api import leaderboard as site
from pdbench.api import submit as api
from pdbench.cli.options import split_commas
from pdbench.errors import InputError

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.group("leaderboard")
def command() -> None:
    """Look after a board of submissions."""


@command.command("verify")
@click.argument("name", required=False, metavar="[ID]")
@click.option(
    "--sr",
    type=_PATH,
    metavar="DIR|ZIP",
    help="The submission's images: score them again, which makes it re-scored.",
)
@click.option(
    "--reproduce",
    is_flag=True,
    help="Run this repository's method again, which makes it reproduced.",
)
@click.option(
    "--checkpoint",
    type=_PATH,
    metavar="FILE",
    help="Run the checkpoint that was submitted, which makes it reproduced.",
)
@click.option(
    "--record",
    is_flag=True,
    help="Keep the verdict on the board, and with --sr the scores that it computed.",
)
@click.option("--board", type=_PATH, default=Path(api.BOARD), show_default=True, metavar="DIR")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    callback=split_commas,
    metavar="ID,...",
    help="Only these of the row's datasets.",
)
@click.option("--data-root", type=_PATH, metavar="DIR", help="Where named datasets lie.")
@click.option("--work", type=_PATH, metavar="DIR", help="Keep images and scores there.")
@click.option("--device", default="cpu", show_default=True, metavar="cpu|cuda|cuda:N|auto")
@click.option("-j", "--jobs", type=int, metavar="N", help="Processes; one per core by default.")
def verify(name: str | None, **options: Any) -> None:  # noqa: ANN401
    """Check one row, or all, and say how far the board can vouch for it.

    No code of a submission is run. Without images or weights the level is self-reported, unless
    an earlier verdict on the same files says more.
    """
    found = api.verify(name, progress=True, **options)
    for one in found:
        shown = one.id if one.id.isascii() and one.id.isprintable() else ascii(one.id)[1:-1]
        click.echo(f"{shown}: {one.level or 'REFUSED'}")
        for text in (*one.failures, *(f"note: {note}" for note in one.notes)):
            click.echo(f"  {text}")
    refused = [one for one in found if one.failures]
    if refused:
        count = f"{len(refused)} of {len(found)} submissions refused; the first of them"
        raise InputError(f"{count if name is None else 'refused'}: {refused[0].failures[0]}")


_BOARD = click.option(
    "--board", type=_PATH, default=Path(api.BOARD), show_default=True, metavar="DIR"
)


@command.command("crops")
@click.option(
    "--method",
    "methods",
    multiple=True,
    callback=split_commas,
    metavar="ID|SUITE,...",
    help="Methods of this repository. [default: table1]",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    callback=split_commas,
    metavar="ID,...",
    help="Named datasets. [default: builtin]",
)
@click.option("--data-root", type=_PATH, metavar="DIR", help="Where named datasets lie.")
@click.option("--size", type=click.Choice(["compact", "paper"]), default="compact")
@click.option("--device", default="cpu", show_default=True, metavar="cpu|cuda|cuda:N|auto")
@_BOARD
def crops(methods: tuple[str, ...], datasets: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Make the comparison crops of this repository's own rows; their scores are in results/."""
    made = api.make_crops(
        methods or ("table1",), datasets=datasets or ("builtin",), progress=True, **options
    )
    for folder in made:
        click.echo(f"Crops: {folder}")


@command.command("build")
@click.option(
    "-o",
    "--output",
    type=_PATH,
    default=Path("site"),
    show_default=True,
    metavar="DIR",
    help="New or empty folder, or an earlier site, which is replaced.",
)
@_BOARD
def build(output: Path, board: Path) -> None:
    """Write the board as static pages that need no server and no network."""
    click.echo(f"Site: {site.build_leaderboard(output, board=board)}")


@command.command("serve")
@_BOARD
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
def serve(board: Path, port: int) -> None:
    """Build the site in a temporary folder and show it on this machine until Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="pdbench-") as place:
        folder = site.build_leaderboard(Path(place) / "site", board=board).parent
        with site.open_server(folder, port) as server:
            click.echo(f"Site: http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
            with contextlib.suppress(KeyboardInterrupt):
                server.serve_forever()
