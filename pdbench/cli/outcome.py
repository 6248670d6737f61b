"""Outcome of `pdbench run` and `pdbench eval`: what they print at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pdbench.cli.terminal import print_line, printable

if TYPE_CHECKING:
    from pdbench.harness.run_info import RunResult

__all__ = ["print_result"]


def print_result(result: RunResult, *, traceback: bool) -> int:
    """Print the table, what failed and where the scores are; return the exit code.

    Args:
        result: What was done.
        traceback: Show where methods and metrics failed.

    Returns:
        0; 1 where a method failed, or where no score at all could be computed.
    """
    from pdbench.api.tables import summarize_record
    from pdbench.plots.tables import table

    record = result.record
    click.echo(table(summarize_record(record)))
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
