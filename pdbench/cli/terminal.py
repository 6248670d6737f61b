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

import click

__all__ = ["LogHandler", "prepare_streams", "print_line", "print_rows", "printable"]

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
