"""`pdbench submit` and `pdbench leaderboard verify` as Python calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from pdbench.errors import InputError, system_reason
from pdbench.harness.options import EvalOptions, OptionFields

if TYPE_CHECKING:
    from pdbench.leaderboard.card import Card
    from pdbench.leaderboard.sources import Runnable
    from pdbench.leaderboard.submit import Submitted
    from pdbench.leaderboard.verification import Verification

__all__ = ["BOARD", "make_crops", "submit", "verify"]

BOARD = "leaderboard"
"""The board of a checkout, seen from its root."""

WORK = Path("runs") / "submit"
"""Folder that gets one for each submission."""


def submit(
    name: str,
    *,
    card: str | Path | Mapping[str, object],
    sr: str | Path | None = None,
    checkpoint: str | Path | None = None,
    method: str | None = None,
    datasets: Sequence[str] = ("builtin",),
    board: str | Path = BOARD,
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
        fields: How images are restored and scored, as in `EvalOptions`; the seed is the card's.

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
    from pdbench.api.environment import settings
    from pdbench.leaderboard import submit
    from pdbench.leaderboard.board import find_board
    from pdbench.leaderboard.text_validation import check_id

    if sum(way is not None for way in (sr, checkpoint, method)) != 1:
        raise InputError(
            "say what to submit: one of --sr DIR, --checkpoint FILE and --method FILE.py:NAME"
        )
    root = find_board(board)
    checked = read_card(card)
    fields["seed"] = checked.seeds[0]
    options = EvalOptions.of(**fields)
    with settings(weights_dir=options.weights_dir, offline=options.offline):
        request = submit.Request(
            id=check_id(name),
            card=checked,
            source=_source(name, sr, checkpoint, method),
            datasets=tuple(datasets),
            options=options,
            work=Path(work) if work else WORK / name,
            replace=replace,
            progress=progress,
        )
        return submit.submit(root, request, dry_run=dry_run)


def read_card(card: str | Path | Mapping[str, object]) -> Card:
    """Read a card from a YAML file or a mapping; raises InputError as `submit` does."""
    from pdbench.leaderboard.card import card_from, parse_card

    if not isinstance(card, str | Path):
        return card_from(card)
    try:
        with Path(card).open("rb") as stream:
            content = stream.read(2**20)
    except OSError as error:
        raise InputError(
            f"cannot read card '{card}' ({system_reason(error)}); check the path"
        ) from None
    return parse_card(content, str(card))


def _source(
    name: str, sr: str | Path | None, checkpoint: str | Path | None, method: str | None
) -> Path | Runnable:
    from pdbench.leaderboard import sources

    if sr is not None:
        return Path(sr).expanduser()
    if checkpoint is not None:
        return sources.from_checkpoint(Path(checkpoint).expanduser(), name)
    return sources.from_code(str(method))


def make_crops(
    methods: Sequence[str] = ("table1",),
    *,
    datasets: Sequence[str] = ("builtin",),
    board: str | Path = BOARD,
    data_root: str | Path | None = None,
    size: str = "compact",
    device: str = "cpu",
    progress: bool = False,
) -> list[Path]:
    """Make the comparison crops of this repository's own rows, whose scores are in results/.

    Args:
        methods: Method ids and names of suites.
        datasets: Dataset ids.
        board: The board's folder.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        size: Size of the networks, "compact" or "paper".
        device: "cpu", "cuda", "cuda:1" or "auto".
        progress: Show progress bars on stderr.

    Returns:
        The folder of each method's crops.

    Raises:
        InputError: A method or a dataset is unknown, or the dataset is not the board's.
        WeightsUnavailable: A network has no weights of the size asked for.

    >>> import pdbench
    >>> pdbench.make_crops(["rrdb"], board="nowhere")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    pdbench.errors.InputError: there is no such board
    """
    from pdbench.data.datasets import open_dataset
    from pdbench.leaderboard.board import find_board
    from pdbench.leaderboard.own_crops import write_own_crops
    from pdbench.methods import SUITES

    root = Path(data_root) if data_root else None
    return write_own_crops(
        find_board(board),
        list(dict.fromkeys(row for name in methods for row in SUITES.get(name, (name,)))),
        [open_dataset(name, root) for name in datasets],
        size=size,
        device=device,
        progress=progress,
    )


def verify(
    name: str | None = None,
    *,
    board: str | Path = BOARD,
    sr: str | Path | None = None,
    reproduce: bool = False,
    checkpoint: str | Path | None = None,
    datasets: Sequence[str] = (),
    record: bool = False,
    work: str | Path | None = None,
    progress: bool = False,
    **fields: Unpack[OptionFields],
) -> tuple[Verification, ...]:
    """Verify one row, or all of a board.

    Args:
        name: Id of the row; all when None.
        board: The board's folder.
        sr: The submission's output images; they make it re-scored.
        reproduce: Run the checkpoint, or the method of this repository; makes it reproduced.
        checkpoint: The checkpoint that was submitted.
        datasets: Ids of the datasets to look at; all of the row's when empty.
        record: Keep the verdicts on the board, and with `sr` the scores that it computed.
        work: Folder for runs, kept; a temporary one when None.
        progress: Show progress bars on stderr.
        fields: How images are restored and scored, as in `EvalOptions`; protocol, metrics and
            seed are those of the row.

    Returns:
        What was found, one for each row.

    Raises:
        InputError: There is no such board or row, or the images cannot be used at all.

    >>> import pdbench
    >>> pdbench.verify("mynet", board="nowhere")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    pdbench.errors.InputError: there is no such board
    """
    from pdbench.leaderboard.board import find_board, read_board
    from pdbench.leaderboard.verification import Evidence, verify_entry

    root = find_board(board)
    if name is None and (sr is not None or checkpoint is not None):
        raise InputError("images and checkpoints belong to one submission; name it")
    evidence = Evidence(
        datasets=tuple(datasets),
        images=Path(sr).expanduser() if sr else None,
        reproduce=reproduce or checkpoint is not None,
        checkpoint=Path(checkpoint).expanduser() if checkpoint else None,
        work=Path(work) if work else None,
        options=EvalOptions.of(**fields),
        progress=progress,
        record=record,
    )
    held = read_board(root)
    names = held.ids if name is None else [name]
    found = []
    for one in names:
        found.append(verify_entry(held, one, evidence))
        if record:  # the next row is recorded after this one
            held = read_board(root)
    return tuple(found)
