"""`pdbench submit` and `pdbench leaderboard verify` as Python calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pdbench.errors import InputError, system_reason
from pdbench.registry import unknown_id

if TYPE_CHECKING:
    from pdbench.leaderboard.card import Card
    from pdbench.leaderboard.sources import Runnable
    from pdbench.leaderboard.submit import Request, Submitted
    from pdbench.leaderboard.verification import Verification

__all__ = [
    "BOARD", "CARD_FIELDS", "check_answer", "keep_card", "submit", "submit_own", "verify",
]  # fmt: skip

BOARD = "leaderboard"
"""The board of a checkout, seen from its root."""

WORK = Path("runs") / "submit"
"""Folder that gets one for each submission."""

CARD_FIELDS = (
    "name", "authors", "paper", "link", "licence", "training_data", "losses", "kind", "seeds",
    "hardware", "runtime",
)  # fmt: skip
"""Fields of a card, in order; the same as `pdbench.leaderboard.card.Card` has."""


def check_answer(what: str, value: object) -> None:
    """Check by itself one thing that a submitter was asked for.

    Args:
        what: "board", "id", "sr", "datasets" or a field of the card.
        value: The answer, as `submit` takes it.

    Raises:
        InputError: It will not do.
    """
    from pdbench.data.datasets import DATASETS
    from pdbench.leaderboard.board import find_board
    from pdbench.leaderboard.card import check_field
    from pdbench.leaderboard.text_validation import check_id

    if what == "board":
        find_board(str(value))
    elif what == "id":
        check_id(value)
    elif what == "sr":
        if not Path(str(value)).expanduser().exists():
            raise InputError(f"there is no folder or zip file '{value}'; check the path")
    elif what == "datasets":
        for name in cast(Sequence[str], value):
            if name not in DATASETS:
                raise unknown_id("dataset of a board", name, DATASETS)
    else:
        check_field(what, value, what)


def keep_card(name: str, card: Mapping[str, object], work: str | Path | None = None) -> Path:
    """Write a card to the folder that a submission works in, so that nobody must answer twice.

    Args:
        name: Id of the submission.
        card: Field -> value.
        work: The folder; runs/submit/<name> when None.

    Returns:
        The file, as `submit` takes it.

    Raises:
        InputError: A field or the id is not as it must be, or the file cannot be written.
    """
    from pdbench.leaderboard.card import card_from, format_card
    from pdbench.leaderboard.text_validation import check_id

    path = (Path(work) if work else WORK / check_id(name)) / "card.yaml"
    content = format_card(card_from(card))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise InputError(
            f"cannot write '{path}' ({system_reason(error)}); name a folder with --work"
        ) from error
    return path


def submit(
    name: str,
    *,
    card: str | Path | Mapping[str, object],
    sr: str | Path | None = None,
    checkpoint: str | Path | None = None,
    method: str | None = None,
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
    """Put a method on a board: exactly one of `sr`, `checkpoint` and `method` says which.

    Args:
        name: Id of the submission.
        card: A YAML file, or field -> value.
        sr: Output images: a folder, one of folders per dataset, or a zip file of either.
        checkpoint: A x4 RGB network in a file; read without executing anything in it.
        method: "FILE.py:NAME", code of your own, which is executed.
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
    from pdbench.api.environment import settings
    from pdbench.leaderboard import submit
    from pdbench.leaderboard.board import find_board
    from pdbench.leaderboard.text_validation import check_id

    _refuse_several(sr, checkpoint, method)
    root = find_board(board)
    checked = _card(card)
    with settings(weights_dir=weights_dir, offline=offline):
        request = _request(
            check_id(name),
            checked,
            _source(name, sr, checkpoint, method),
            Path(work) if work else WORK / name,
            datasets=datasets, data_root=data_root, metrics=metrics, protocol=protocol, size=size,
            device=device, jobs=jobs, replace=replace, progress=progress,
        )  # fmt: skip
        return submit.submit(root, request, dry_run=dry_run)


def submit_own(
    methods: Sequence[str],
    *,
    card: Mapping[str, object] | None = None,
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
) -> dict[str, Submitted | str]:
    """Put methods of this repository on a board; what several need of a network is made once.

    Scores are taken from `results/` beside the board where these hold them, and computed where
    they do not.

    Args:
        methods: Method ids and names of suites; those of a suite whose network has no weights
            here are left out.
        card: Fields to change on all of their cards.
        datasets: Dataset ids.
        board: The board's folder.
        data_root: Folder that holds the named datasets; PDBENCH_DATA when None.
        metrics: Metric ids; all of the protocol's when empty.
        protocol: Protocol id.
        size: Size of the networks, "compact" or "paper".
        device: "cpu", "cuda", "cuda:1" or "auto".
        jobs: Processes; one per core when None.
        work: Folder that gets one for each method, kept; runs/submit when None.
        weights_dir: Folder searched for weights first; PDBENCH_WEIGHTS when None.
        offline: Download nothing.
        replace: Replace earlier submissions of these ids.
        dry_run: Do everything but write to the board.
        progress: Show progress bars on stderr.

    Returns:
        Id -> the submission, or why it was left out.

    Raises:
        InputError: As `submit`; submissions before the one that fails are on the board.
        WeightsUnavailable: A network of a method that was named has no weights here.
    """
    from pdbench import methods as room
    from pdbench.api.environment import settings
    from pdbench.leaderboard import submit
    from pdbench.leaderboard.board import find_board
    from pdbench.leaderboard.repository_entries import own_card
    from pdbench.leaderboard.sources import from_repository
    from pdbench.methods.catalog import MethodCatalog

    root = find_board(board)
    rows = [row for name in methods for row in room.SUITES.get(name, (name,))]
    with settings(weights_dir=weights_dir, offline=offline):
        left_out = MethodCatalog().without_weights(
            [row for row in rows if row not in methods], size
        )
        requests = [
            _request(
                name,
                own_card(name, card),
                from_repository(name, size),
                (Path(work) if work else WORK) / name,
                datasets=datasets, data_root=data_root, metrics=metrics, protocol=protocol,
                size=size, device=device, jobs=jobs, replace=replace, progress=progress,
            )
            for name in dict.fromkeys(row for row in rows if row not in left_out)
        ]  # fmt: skip
        done = submit.submit_all(root, requests, dry_run=dry_run)
        return {**left_out, **{one.entry.id: one for one in done}}


def _request(
    name: str, card: Card, source: Path | Runnable, work: Path, *, datasets: Sequence[str],
    data_root: str | Path | None, metrics: Sequence[str], protocol: str, size: str, device: str,
    jobs: int | None, replace: bool, progress: bool,
) -> Request:  # fmt: skip
    from pdbench.leaderboard.scoring import Scoring
    from pdbench.leaderboard.submit import Request

    return Request(
        id=name,
        card=card,
        source=source,
        datasets=tuple(datasets),
        data_root=Path(data_root) if data_root else None,
        size=size,
        scoring=Scoring(
            protocol=protocol,
            metrics=tuple(metrics),
            seed=card.seeds[0],
            device=device,
            jobs=jobs,
            progress=progress,
        ),
        work=work,
        replace=replace,
    )


def _refuse_several(*ways: object) -> None:
    if sum(way is not None for way in ways) != 1:
        raise InputError(
            "say what to submit: one of --sr DIR, --checkpoint FILE and --method FILE.py:NAME"
        )


def _card(card: str | Path | Mapping[str, object]) -> Card:
    from pdbench.leaderboard.card import card_from, parse_card

    if isinstance(card, (str, Path)):
        path = Path(card)
        try:
            with path.open("rb") as stream:
                content = stream.read(2**20)
        except OSError as error:
            raise InputError(
                f"cannot read card '{path}' ({system_reason(error)}); check the path"
            ) from None
        return parse_card(content, str(path))
    return card_from(card)


def _source(
    name: str,
    sr: str | Path | None,
    checkpoint: str | Path | None,
    method: str | None,
) -> Path | Runnable:
    from pdbench.leaderboard import sources

    if sr is not None:
        return Path(sr).expanduser()
    if checkpoint is not None:
        return sources.from_checkpoint(Path(checkpoint).expanduser(), name)
    return sources.from_code(str(method))


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
