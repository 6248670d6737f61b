"""`pdbench leaderboard`: whether a board can be trusted, and its site."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import click

from pdbench.cli.options import ENGINE, PATH, options, split_commas
from pdbench.errors import InputError

__all__ = ["command"]


@click.group("leaderboard")
def command() -> None:
    """Look after a board of submissions."""


@command.command("verify")
@click.argument("name", required=False, metavar="[ID]")
@click.option(
    "--sr",
    type=PATH,
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
    type=PATH,
    metavar="FILE",
    help="Run the checkpoint that was submitted, which makes it reproduced.",
)
@click.option(
    "--record",
    is_flag=True,
    help="Keep the verdict on the board, and with --sr the scores that it computed.",
)
@click.option("--work", type=PATH, metavar="DIR", help="Keep images and scores there.")
@options("board", "datasets", "data_root", "device", "jobs", *ENGINE)
def verify(name: str | None, **given: Any) -> None:  # noqa: ANN401
    """Check one row, or all, and say how far the board can vouch for it.

    No code of a submission is run. Without images or weights the level is self-reported, unless
    an earlier verdict on the same files says more.
    """
    from pdbench.api.leaderboard import verify as check

    found = check(name, progress=True, **given)
    for one in found:
        shown = one.id if one.id.isascii() and one.id.isprintable() else ascii(one.id)[1:-1]
        click.echo(f"{shown}: {one.level or 'REFUSED'}")
        for text in (*one.failures, *(f"note: {note}" for note in one.notes)):
            click.echo(f"  {text}")
    refused = [one for one in found if one.failures]
    if refused:
        count = f"{len(refused)} of {len(found)} submissions refused; the first of them"
        raise InputError(f"{count if name is None else 'refused'}: {refused[0].failures[0]}")


@command.command("crops")
@click.option(
    "--method",
    "methods",
    multiple=True,
    callback=split_commas,
    metavar="ID|SUITE,...",
    help="Methods of this repository. [default: table1]",
)
@options("board", "datasets", "data_root", "size", "device")
def crops(**given: Any) -> None:  # noqa: ANN401
    """Make the comparison crops of this repository's own rows; their scores are in results/."""
    from pdbench.api.leaderboard import make_crops

    for folder in make_crops(**{key: value for key, value in given.items() if value}):
        click.echo(f"Crops: {folder}")


@command.command("build")
@click.option(
    "-o",
    "--output",
    type=PATH,
    default=Path("site"),
    show_default=True,
    metavar="DIR",
    help="New or empty folder, or an earlier site, which is replaced.",
)
@options("board")
def build(output: Path, board: Path) -> None:
    """Write the board as static pages that need no server and no network."""
    from pdbench.api.leaderboard import build_leaderboard

    click.echo(f"Site: {build_leaderboard(output, board=board)}")


@command.command("serve")
@options("board")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
def serve(board: Path, port: int) -> None:
    """Build the site in a temporary folder and show it on this machine until Ctrl-C."""
    from pdbench.api.leaderboard import build_leaderboard, open_server

    with tempfile.TemporaryDirectory(prefix="pdbench-") as place:
        folder = build_leaderboard(Path(place) / "site", board=board).parent
        with open_server(folder, port) as server:
            click.echo(f"Site: http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
            with contextlib.suppress(KeyboardInterrupt):
                server.serve_forever()
