"""Names that outputs and checkpoints may have as rows of a table."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from pdbench import baselines, methods
from pdbench.baselines.spandrel_adapter import Checkpoint, open_checkpoint
from pdbench.errors import InputError

__all__ = ["check_checkpoint", "check_name"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")

_log = logging.getLogger(__name__)


def check_name(name: str) -> str:
    """Return a name that can be a method's id.

    Raises:
        InputError: It is malformed, or pdbench or an installed package has a method or network of
            that name.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' is not an id for a method; take up to 64 lowercase letters, digits, '.', "
            "'_' and '-', beginning and ending with a letter or digit"
        )
    taken = name in methods.METHODS or name in methods.SUITES or name in baselines.BASELINES
    if taken or any(family.claims(name) for family in methods.FAMILIES):
        raise InputError(f"'{name}' is the name of a method of pdbench; choose another --name")
    return name


def check_checkpoint(path: Path, name: str | None) -> Checkpoint:
    """Return the network in a file; what is wrong with it is said before anything is written."""
    own = name or re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "checkpoint"
    given = Checkpoint(id=check_name(own), path=path)
    if wrapping := open_checkpoint(given).wrapping:
        _log.warning("took the weights of '%s' out of %s", path.name, wrapping)
    return given
