"""`pdbench leaderboard verify`, `crops`, `build` and `serve` as Python calls."""

from __future__ import annotations

import functools
import http.server
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from pdbench.errors import InputError, system_reason
from pdbench.harness.options import EvalOptions, OptionFields, split_ids
from pdbench.leaderboard.board import find_board, read_board
from pdbench.leaderboard.own_crops import write_own_crops
from pdbench.leaderboard.site import build_site
from pdbench.leaderboard.verification import Evidence, Verification, verify_entry
from pdbench.methods import SUITES

__all__ = ["build_leaderboard", "make_crops", "open_server", "verify"]


def verify(
    name: str | None = None,
    *,
    board: str | Path = "leaderboard",
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
        fields: How images are restored and scored, as in `EvalOptions`; protocol, metrics, seed
            and size are those of the row.

    Returns:
        What was found, one for each row.

    Raises:
        InputError: There is no such board or row, or the images cannot be used at all.

    >>> import pdbench
    >>> pdbench.verify("mynet", board="nowhere")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    pdbench.errors.InputError: there is no such board
    """
    root = find_board(board)
    if name is None and (sr is not None or checkpoint is not None):
        raise InputError("images and checkpoints belong to one submission; name it")
    evidence = Evidence(
        datasets=tuple(split_ids(datasets)),
        images=Path(sr).expanduser() if sr else None,
        reproduce=reproduce or checkpoint is not None,
        checkpoint=Path(checkpoint).expanduser() if checkpoint else None,
        work=Path(work) if work else None,
        options=EvalOptions.of(**fields),
        progress=progress,
        record=record,
    )
    held = read_board(root)
    found = []
    for one in held.ids if name is None else [name]:
        found.append(verify_entry(held, one, evidence))
        if record:  # the next row is recorded after this one
            held = read_board(root)
    return tuple(found)


def make_crops(
    methods: Sequence[str] = ("table1",),
    *,
    datasets: Sequence[str] = ("builtin",),
    board: str | Path = "leaderboard",
    **fields: Unpack[OptionFields],
) -> list[Path]:
    """Make the comparison crops of this repository's own rows, whose scores are in results/.

    Args:
        methods: Method ids and names of suites.
        datasets: Dataset ids.
        board: The board's folder.
        fields: Data root, device and size, as in `EvalOptions`.

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
    options = EvalOptions.of(**fields)
    asked = split_ids(methods)
    names = dict.fromkeys(row for name in asked for row in SUITES.get(name, (name,)))
    return write_own_crops(find_board(board), list(names), split_ids(datasets), options)


def build_leaderboard(output: str | Path = "site", *, board: str | Path = "leaderboard") -> Path:
    """Write the leaderboard as static pages that need no server and no network.

    Args:
        output: Folder to write: new, empty, or an earlier site, which is replaced.
        board: The board's folder.

    Returns:
        The first page.

    Raises:
        InputError: There is no such board, it has nothing to show, or the folder holds other files
            or cannot be written.

    >>> import pdbench
    >>> pdbench.build_leaderboard("site", board="nowhere")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    pdbench.errors.InputError: there is no such board
    """
    return build_site(find_board(board), Path(output))


def open_server(folder: str | Path, port: int = 8000) -> http.server.ThreadingHTTPServer:
    """Open a server for a look at a built site, on this machine only.

    Args:
        folder: The site.
        port: Port; 0 takes a free one.

    Returns:
        The server; `serve_forever()` runs it.

    Raises:
        InputError: The port is taken or not allowed.

    >>> import pdbench
    >>> server = pdbench.open_server("site", port=0)  # serve_forever() runs it
    >>> server.server_close()
    """
    handler = functools.partial(_Quiet, directory=str(folder))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise InputError(
            f"cannot serve on port {port} ({system_reason(error)}); name one with --port"
        ) from error


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line per request."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
