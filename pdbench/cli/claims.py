"""`pdbench claims`: the paper's claims and what the scores say of them. Needs no torch."""

from __future__ import annotations

from typing import Any

import click

from pdbench.api.choices import TEXT_FORMATS
from pdbench.cli.options import format_options, options

__all__ = ["command"]


@click.command("claims")
@options("folder", "stored_protocol", "seeds")
@format_options(TEXT_FORMATS)
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Hold the scores in FOLDER (a run folder, or a folder of results/) against claims C1 to C8.

    Each claim is supported, contradicted, undecided, or not measurable for want of rows or
    metrics. A contradicted claim is a finding, not a failure.
    """
    from pdbench.api.analysis import claims

    click.echo(claims(**given))
