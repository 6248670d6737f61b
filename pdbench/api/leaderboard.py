"""`pdbench leaderboard build` and `serve` as Python calls."""

from __future__ import annotations

import functools
import http.server
from pathlib import Path

from pdbench.errors import InputError, system_reason

__all__ = ["build_leaderboard", "open_server"]


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
    from pdbench.leaderboard.board import find_board
    from pdbench.leaderboard.site import build_site

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
