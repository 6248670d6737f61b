"""Terminal output: any text in any encoding, without control characters."""

from __future__ import annotations

import codecs
import logging
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pdbench.harness.plan import Plan
    from pdbench.harness.run_info import RunResult

__all__ = [
    "LogHandler", "prepare_streams", "print_line", "print_plan", "print_result", "print_rows",
    "printable",
]  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_PLAIN = {
    "↑": "^", "↓": "v", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "–": "-", "—": "-",
    "±": "+-", "×": "x", "†": "+", "·": ".", "∞": "inf", "…": "...", "τ": "tau", "α": "alpha",
    "Δ": "delta", "\u03c1": "rho", "σ": "sigma", "“": '"', "”": '"',
    "\u2018": "'", "\u2019": "'", "\u2212": "-",
}  # fmt: skip
NARROWEST = 60


def printable(text: str) -> str:
    """Return a text with its control characters spelled out; tabs and line breaks stay."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def print_line(text: str) -> None:
    """Print what may come from files or other people's code as one line on stderr."""
    click.echo(printable(" ".join(text.split())), err=True)


def _transliterate(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = []
    for sign in error.object[error.start : error.end]:
        plain = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
        signs.append(_PLAIN.get(sign) or plain or "?")
    return "".join(signs), error.end


def prepare_streams() -> None:
    """Let stdout and stderr write what their encoding lacks by plain letters, never fail."""
    codecs.register_error("pdbench", _transliterate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="pdbench")


def print_rows(rows: Sequence[tuple[str, str]], *, indent: str = "") -> None:
    """Print rows with their texts in one column.

    Args:
        rows: (name, text).
        indent: Put before each line.
    """
    column = max((len(name) for name, _ in rows), default=0) + 2
    for name, text in rows:
        start = f"{indent}{name:<{column}}"
        if not sys.stdout.isatty():
            click.echo(f"{start}{text}".rstrip())
            continue
        width = max(shutil.get_terminal_size().columns, len(start) + NARROWEST)
        hanging = " " * len(start)
        click.echo(textwrap.fill(text, width, initial_indent=start, subsequent_indent=hanging))


class LogHandler(logging.Handler):
    """Prints records as lines on stderr, above progress bars that are shown."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        line = f"pdbench: {printable(record.getMessage())}"
        if "tqdm" in sys.modules:
            sys.modules["tqdm"].tqdm.write(line, file=sys.stderr)
        else:
            click.echo(line, err=True)


def print_result(result: RunResult, *, traceback: bool) -> int:
    """Print the table, what failed and where the scores are; return the exit code.

    Args:
        result: What was done.
        traceback: Show where methods and metrics failed.

    Returns:
        0; 1 where a method failed, or where no score at all could be computed.
    """
    from pdbench.plots.tables import table

    record = result.record
    click.echo(table(record.summarize()))
    for method, reason in result.left_out.items():
        print_line(f"left out: {method}: {reason}")
    for text in result.tracebacks.values() if traceback else ():
        click.echo(printable(text), err=True, nl=False)
    scores = f"{result.computed} scores computed, {result.kept} kept"
    click.echo(f"\nScores: {result.folder} ({scores})")
    click.echo(f"LR:     {record.dataset.lr_text}")
    if result.exported:
        click.echo(f"Export: {result.exported[-1].parent}")
    others = {method.protocol for method in record.methods} - {"paper"}
    chosen = "".join(f" --protocol {name}" for name in others)
    click.echo(f"Plane:  pdbench plot {result.folder}{chosen} -o plane.html")
    if problem := _problem(result):
        print_line(f"pdbench: {problem}")
        return 1
    return 0


def print_plan(result: RunResult, plan: Plan) -> int:
    """Print what a run would compute; return the exit code, 0."""
    click.echo(f"Would score {plan.images} images: {plan.scores} scores")
    for method, counts in plan.missing.items():
        metrics = ", ".join(f"{name} ({images} images)" for name, images in counts.items())
        click.echo(f"  {method}: {metrics}")
    for method, reason in result.left_out.items():
        print_line(f"left out: {method}: {reason}")
    if plan.untimed:
        click.echo(f"Time:    unknown; no run in this folder has timed {', '.join(plan.untimed)}")
    else:
        seconds = plan.seconds
        time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
        click.echo(f"Time:    about {time} for one process, by earlier runs in this folder")
    for name, how in plan.weights.items():
        click.echo(f"Missing: {name}: {how}")
    click.echo(f"Folder:  {result.folder} (nothing was written)")
    return 0


def _problem(result: RunResult) -> str:
    """Say in one line what could not be scored, "" where all was."""
    if result.failed:
        failures: dict[tuple[str, str], list[str]] = {}
        for image, method, reason in result.failed:
            failures.setdefault((method, reason), []).append(image)
        return "failed: " + "; ".join(
            f"{method} on {', '.join(images[:3])}{' ...' * (len(images) > 3)}: {reason}"
            for (method, reason), images in failures.items()
        )
    if not result.computed and not result.kept:
        reasons = "; ".join(sorted(set(result.unavailable.values())))
        return f"nothing could be scored{': ' if reasons else ''}{reasons}"
    return ""
