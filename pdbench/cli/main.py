"""The command group and its entry point.

A command's file is imported only when that command is asked for; every expected error is one line
on stderr and exit code 2.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from functools import partial
from importlib import import_module

import click

from pdbench import __version__
from pdbench.cli.terminal import LogHandler, prepare_streams, print_line
from pdbench.errors import PdbenchError
from pdbench.registry import close_matches

__all__ = ["COMMANDS", "LazyGroup", "cli", "main"]

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

USER_ERROR = 2
INTERRUPTED = 130

# What the machine refuses, as opposed to what this code does wrong.
_REFUSALS = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EISDIR,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


def verbosity() -> list[click.Option]:
    """Return -v and -q, which every command takes, before its name or after it."""
    return [
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            callback=partial(_log_from, logging.INFO),
            help="Log what is done, to stderr.",
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=partial(_log_from, logging.ERROR),
            help="No warnings, no progress bars.",
        ),
    ]


def _log_from(level: int, _ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        logging.getLogger().setLevel(level)


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


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="pdbench", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Perception-distortion benchmark of x4 image super-resolution.

    Start with: pdbench run --method median-5
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


cli.params += verbosity()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Words after `pdbench`; None takes them from `sys.argv`.

    Returns:
        The exit code: 0, 2 for an error of the user or a refusal of the machine, 130 for Ctrl-C.
        A bug keeps its traceback.
    """
    words = None if arguments is None else list(arguments)
    prepare_streams()
    logging.basicConfig(level=logging.WARNING, handlers=[LogHandler()], force=True)
    try:
        code = cli.main(args=words, prog_name="pdbench", standalone_mode=False)
    except click.Abort as error:
        how = str(error) or "the same command continues where it stopped"
        return _fail(f"interrupted; {how}", INTERRUPTED)
    except click.ClickException as error:
        return _fail(error.format_message() + _help_hint(error), USER_ERROR)
    except PdbenchError as error:
        return _fail(str(error), USER_ERROR)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        return _fail(_refusal(error), USER_ERROR)
    return code if isinstance(code, int) else 0


def _fail(message: str, code: int) -> int:
    print_line(f"pdbench: {message}")
    return code


def _help_hint(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f" (see {error.ctx.command_path} --help)"
    return ""


def _refusal(error: OSError) -> str:
    reason = (error.strerror or "refused by the system").lower()
    where = f" '{error.filename}'" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"cannot write{where}: {reason}; make room, then run the same command again"
    return f"cannot use{where}: {reason}; give another path or change its permissions"
