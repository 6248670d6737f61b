"""The command group: a command's file is imported only when that command is asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module

import click

from pdbench.registry import close_matches

__all__ = ["COMMANDS", "LazyGroup", "verbosity"]

COMMANDS = {
    "audit": "Check a table of scores for what cannot be true.",
    "cite": "Print BibTeX of the methods and metrics of a run.",
    "claims": "Hold scores against the claims of the paper.",
    "compare": "Draw crops of one image restored by several methods, scores under each.",
    "data": "Download published sets; lay photographs out for training.",
    "diff": "Compare two methods: intervals, permutation tests, variances.",
    "doctor": "Say what is installed, which weights and data are there, and how to get the rest.",
    "eval": "Score a folder of super-resolved images.",
    "front": "Find the Pareto front of two metrics and how sure it is.",
    "leaderboard": "Verify the submissions on a board; build and show its site.",
    "list": "List methods, suites, metrics, protocols, datasets or weights.",
    "plot": "Draw scores as a perception-distortion plane (HTML, PNG, SVG, PDF).",
    "protocol": "Say what a protocol chooses, and where each choice comes from.",
    "report": "Write stored scores as one page: table, plane, claims, provenance.",
    "run": "Score methods on a dataset.",
    "submit": "Put a method on a board: card, per-image scores, provenance.",
    "table": "Print scores as a table (text, Markdown, CSV, JSON, LaTeX).",
    "train": "Train a network, or all of them.",
    "weights": "List weights; import authors' published checkpoints.",
}
"""Command -> the line `pdbench --help` prints; `pdbench/cli/<command>.py` holds `command`."""


def verbosity() -> list[click.Option]:
    """Return -v and -q, which every command takes, before its name or after it."""
    return [
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            callback=_log_from(logging.INFO),
            help="Log what is done, to stderr.",
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_log_from(logging.ERROR),
            help="No warnings, no progress bars.",
        ),
    ]


def _log_from(level: int) -> Callable[[click.Context, click.Parameter, bool], None]:
    def callback(_ctx: click.Context, _param: click.Parameter, value: bool) -> None:
        if value:
            logging.getLogger().setLevel(level)

    return callback


class LazyGroup(click.Group):
    """A click group whose commands live in one file each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"pdbench.cli.{cmd_name}")
        command: click.Command = module.command
        for one in (command, *getattr(command, "commands", {}).values()):
            known = {param.name for param in one.params}
            one.params += [param for param in verbosity() if param.name not in known]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command named first; an unknown one is an error that names close matches."""
        name = args[0]
        if not name.startswith("-") and name not in COMMANDS:
            near = close_matches(name, COMMANDS)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(COMMANDS)}"
            )
            raise click.UsageError(f"unknown command '{name}'; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))
