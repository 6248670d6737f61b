"""Rows of (name, text): wrapped to a terminal, one a line into a pipe."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

__all__ = ["print_rows"]

NARROWEST = 60


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
