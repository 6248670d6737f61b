"""`pdbench submit` and `pdbench leaderboard verify` as Python calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pdbench.errors import InputError

if TYPE_CHECKING:
    from pdbench.leaderboard.card import Card
    from pdbench.leaderboard.origins import Runnable
    from pdbench.leaderboard.submitting import Submitted
    from pdbench.leaderboard.verification import Verification

__all__ = ["BOARD", "CARD_FIELDS", "submit", "verify"]

BOARD = "leaderboard"
"""The board of a checkout, seen from its root."""

CARD_FIELDS = (
    "name", "authors", "paper", "link", "licence", "training_data", "losses", "kind", "seeds",
    "hardware", "runtime",
)  # fmt: skip
"""Fields of a card, in order; the same as `pdbench.leaderboard.card.Card` has."""


def submit(
    name: str | None = None,
    *,
    card: str | Path | Mapping[str, object] | None = None,
    sr: str | Path | None = None,
    checkpoint: str | Path | None = None,
    method: str | None = None,
    own: str | None = None,
    datasets: Sequence[str] = ("builtin",),
    board: str | Path = BOARD,
    data_root: str | Path | None = None,
    metrics: Sequence[str] = (),
    protocol: str = "paper",
    size: str = "compact",
    device: str = "cpu",
    jobs: int | None = None,
    work: str | Path | None = None,
    weights_dir: str | Path | None = None,
    offline: bool = False,
    replace: bool = False,
    dry_run: bool = False,
    progress: bool = False,
) -> Submitted:
    """Put a method on a board: exactly one of `sr`, `checkpoint`, `method` and `own` says which.

    Args:
        name: Id of the submission; the method's own for `own`.
        card: A YAML file, or field -> value; with `own`, fields to change.
        sr: Output images: a folder, one of folders per dataset, or a zip file of either.
        checkpoint: A x4 RGB network in a file; read without executing anything in it.
        method: "FILE.py:NAME", code of your own, which is executed.
        own: Id of a method of this repository.
        datasets: Dataset ids.
        board: The board's folder.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        metrics: Metric ids; all of the protocol's when empty.
        protocol: Protocol id.
        size: Size of this repository's networks, "compact" or "paper".
        device: "cpu", "cuda", "cuda:1" or "auto".
        jobs: Processes; one per core when None.
        work: Folder for images made and for scores, kept; runs/submit/<name> when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.
        offline: Download nothing.
        replace: Replace an earlier submission of that id.
        dry_run: Do everything but write to the board.
        progress: Show progress bars on stderr.

    Returns:
        The submission, which passed every check that needs no images.

    Raises:
        InputError: Something is missing, malformed or unusable; nothing was written to the board.
        WeightsUnavailable: A network has no weights of the size asked for.
    """
    from pdbench.api.settings import settings
    from pdbench.leaderboard import submitting
    from pdbench.leaderboard.board import find_board
    from pdbench.leaderboard.outputs import Scoring
    from pdbench.leaderboard.wording import check_id

    _refuse_several(sr, checkpoint, method, own)
    root = find_board(board)
    name = check_id(name or own or "")
    checked = _card(card, own)
    with settings(weights_dir=weights_dir, offline=offline):
        source = _source(name, sr, checkpoint, method, own, size)
        request = submitting.Request(
            id=name,
            card=checked,
            source=source,
            datasets=tuple(datasets),
            data_root=Path(data_root) if data_root else None,
            size=size,
            scoring=Scoring(
                protocol=protocol,
                metrics=tuple(metrics),
                seed=checked.seeds[0],
                device=device,
                jobs=jobs,
                progress=progress,
            ),
            work=Path(work) if work else Path("runs") / "submit" / name,
            replace=replace,
        )
        return submitting.submit(root, request, dry_run=dry_run)


def _refuse_several(*ways: object) -> None:
    if sum(way is not None for way in ways) != 1:
        raise InputError(
            "say what to submit: one of --sr DIR, --checkpoint FILE, --method FILE.py:NAME and "
            "--own METHOD"
        )


def _card(card: str | Path | Mapping[str, object] | None, own: str | None) -> Card:
    from pdbench.leaderboard.card import card_from, parse_card
    from pdbench.leaderboard.own import own_card

    if isinstance(card, (str, Path)):
        path = Path(card)
        try:
            with path.open("rb") as stream:
                content = stream.read(2**20)
        except OSError as error:
            reason = (error.strerror or "refused").lower()
            raise InputError(f"cannot read card '{path}' ({reason}); check the path") from None
        return parse_card(content, str(path))
    return own_card(own, card) if own is not None else card_from(card or {})


def _source(
    name: str,
    sr: str | Path | None,
    checkpoint: str | Path | None,
    method: str | None,
    own: str | None,
    size: str,
) -> Path | Runnable:
    from pdbench.leaderboard import origins

    if sr is not None:
        return Path(sr).expanduser()
    if checkpoint is not None:
        return origins.from_checkpoint(Path(checkpoint).expanduser(), name)
    if method is not None:
        return origins.from_code(method)
    if own != name:
        raise InputError(f"a row of this repository keeps its name '{own}'; leave --id out")
    return origins.from_repository(name, size)


def verify(
    name: str | None = None,
    *,
    board: str | Path = BOARD,
    sr: str | Path | None = None,
    reproduce: bool = False,
    checkpoint: str | Path | None = None,
    data_root: str | Path | None = None,
    record: bool = False,
    work: str | Path | None = None,
    device: str = "cpu",
    jobs: int | None = None,
    progress: bool = False,
) -> tuple[Verification, ...]:
    """Verify one submission, or all of a board.

    Args:
        name: Id of the submission; all when None.
        board: The board's folder.
        sr: The submission's output images; they make it re-scored.
        reproduce: Run the checkpoint, or the method of this repository; makes it reproduced.
        checkpoint: The checkpoint that was submitted.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        record: Keep the verdicts on the board.
        work: Folder for runs, kept; a temporary one when None.
        device: "cpu", "cuda", "cuda:1" or "auto".
        jobs: Processes; one per core when None.
        progress: Show progress bars on stderr.

    Returns:
        What was found, one for each submission.

    Raises:
        InputError: There is no such board or submission, or the images cannot be used at all.
    """
    from pdbench.leaderboard.board import find_board, read_board, submission_ids, write_verdict
    from pdbench.leaderboard.verification import Evidence, verify_entry

    root = find_board(board)
    if name is None and (sr is not None or checkpoint is not None):
        raise InputError("images and checkpoints belong to one submission; name it")
    held = read_board(root)
    evidence = Evidence(
        images=Path(sr).expanduser() if sr else None,
        reproduce=reproduce or checkpoint is not None,
        checkpoint=Path(checkpoint).expanduser() if checkpoint else None,
        data_root=Path(data_root) if data_root else None,
        work=Path(work) if work else None,
        device=device,
        jobs=jobs,
        progress=progress,
    )
    names = submission_ids(root) if name is None else [name]
    found = tuple(verify_entry(held, one, evidence) for one in names)
    for verification in found if record else ():
        if verification.verdict is not None:
            write_verdict(root, verification.verdict)
    return found
