"""`pdbench cite`: BibTeX of the works behind a run."""

from __future__ import annotations

from typing import Any

import click

from pdbench.cli.options import options

__all__ = ["command"]


@click.command("cite")
@options("folder", "stored_protocol")
def command(**given: Any) -> None:  # noqa: ANN401  (the options above, each by name)
    """Print BibTeX of the paper, and of the methods and metrics in FOLDER.

    FOLDER is a run folder, or a folder of results/.
    """
    from pdbench.api.citations import cite

    click.echo(cite(**given))
