"""`pdbench submit` as a Python call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Unpack

from pdbench.errors import InputError
from pdbench.harness.options import EvalOptions, OptionFields, split_ids
from pdbench.leaderboard import sources
from pdbench.leaderboard.board import find_board
from pdbench.leaderboard.card import card_from, read_card
from pdbench.leaderboard.submit import Request, Submitted
from pdbench.leaderboard.submit import submit as put_on_board
from pdbench.leaderboard.text_validation import check_id
from pdbench.weights import settings

__all__ = ["submit"]


def submit(
    name: str,
    *,
    card: str | Path | Mapping[str, object],
    sr: str | Path | None = None,
    checkpoint: str | Path | None = None,
    method: str | None = None,
    datasets: Sequence[str] = ("builtin",),
    board: str | Path = "leaderboard",
    work: str | Path | None = None,
    replace: bool = False,
    dry_run: bool = False,
    progress: bool = False,
    **fields: Unpack[OptionFields],
) -> Submitted:
    """Put a method on a board: exactly one of `sr`, `checkpoint` and `method` says which.

    Args:
        name: Id of the submission.
        card: A YAML file, or field -> value.
        sr: Output images: a folder, one of folders per dataset, or a zip file of either.
        checkpoint: A x4 RGB network in a file; read without executing anything in it.
        method: "FILE.py:NAME", code of your own, which is executed.
        datasets: Dataset ids.
        board: The board's folder.
        work: Folder for images made and for scores, kept; runs/submit/<name> when None.
        replace: Replace an earlier submission of that id.
        dry_run: Do everything but write to the board.
        progress: Show progress bars on stderr.
        fields: How outputs are made and scored, as in `EvalOptions`; the seed is the card's.

    Returns:
        The submission, which passed every check that needs no images.

    Raises:
        InputError: Something is missing, malformed or unusable; nothing was written to the board.
        WeightsUnavailable: A network has no weights of the size asked for.

    >>> import pdbench
    >>> pdbench.submit("mynet", card="card.yaml", sr="sr")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    pdbench.errors.InputError: there is no such board
    """
    if sum(way is not None for way in (sr, checkpoint, method)) != 1:
        raise InputError(
            "say what to submit: one of --sr DIR, --checkpoint FILE and --method FILE.py:NAME"
        )
    root = find_board(board)
    checked = read_card(Path(card)) if isinstance(card, str | Path) else card_from(card)
    options = replace_fields(EvalOptions.of(**fields), seed=checked.seeds[0])
    with settings(weights_dir=options.weights_dir, offline=options.offline):
        source: Path | sources.Runnable
        if sr is not None:
            source = Path(sr).expanduser()
        elif checkpoint is not None:
            source = sources.from_checkpoint(Path(checkpoint).expanduser(), name)
        else:
            source = sources.from_code(str(method), name)
        request = Request(
            id=check_id(name),
            card=checked,
            source=source,
            datasets=tuple(split_ids(datasets)),
            options=options,
            work=Path(work) if work else Path("runs") / "submit" / name,
            replace=replace,
            progress=progress,
        )
        return put_on_board(root, request, dry_run=dry_run)
