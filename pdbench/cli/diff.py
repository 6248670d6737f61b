"""`pdbench diff`: two methods compared. Needs no torch."""

from __future__ import annotations

from typing import Any

import click

from pdbench.api.choices import REPORT_FORMATS
from pdbench.cli.options import complete, format_options, options

__all__ = ["command"]


def _id(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    from pdbench.methods import spelled_out

    return spelled_out(value)


@click.command("diff")
@click.argument("first", metavar="A", callback=_id, shell_complete=complete("method"))
@click.argument("second", metavar="B", callback=_id, shell_complete=complete("method"))
@options("folder", "stored_protocol", "seeds")
@format_options(REPORT_FORMATS)
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Compare methods A and B by the scores in FOLDER: a run folder, or a folder of results/.

    All metrics both have: mean difference with paired interval, paired permutation test
    with Holm's correction, and the variance of images and of samples apart.
    """
    from pdbench.api.analysis import diff

    click.echo(diff(**given))
