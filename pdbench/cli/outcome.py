"""What `pdbench run` and `pdbench eval` print at their end."""

from __future__ import annotations

import click

from pdbench.api import Report

__all__ = ["print_report"]


def print_report(report: Report) -> None:
    """Print the table, what failed, and where the scores are."""
    click.echo(report.table)
    for method, reason in report.unavailable:
        click.echo(f"left out: {method}: {reason}", err=True)
    for image, method, reason in report.failed:
        click.echo(f"failed: {method} on {image}: {reason}", err=True)
    click.echo(f"\nScores: {report.folder} ({report.scored} computed, {report.reused} kept)")
    if report.exported:
        click.echo(f"Export: {report.exported[-1].parent}")
    others = {method.protocol for method in report.record.methods} - {"paper"}
    chosen = "".join(f" --protocol {name}" for name in others)
    click.echo(f"Plane:  pdbench plot {report.folder}{chosen} -o plane.html")
