"""The entry point: every expected error is one line on stderr and exit code 2."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence

import click

from pdbench import __version__
from pdbench.cli.group import LazyGroup, verbosity
from pdbench.cli.terminal import LogHandler, prepare_streams, print_line
from pdbench.errors import PdbenchError

__all__ = ["cli", "main"]

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
    except click.Abort:
        return _fail("interrupted; the same command continues where it stopped", INTERRUPTED)
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
