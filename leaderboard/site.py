"""The site: static pages from the submissions, the same bytes whenever it is rebuilt.

    index.html, <dataset>-<protocol>.html   one board each
    methods/<id>.html                       card, reproduction, crops, scores of every image
    about.html                              metrics, protocols, ranks, flags
    data/, crops/, assets/                  downloads, images, one stylesheet and one script

No page asks for anything outside the site, and none needs a server.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pdbench.errors import InputError, system_reason
from pdbench.leaderboard.board import Board, read_board
from pdbench.leaderboard.crops import SIDE
from pdbench.leaderboard.site_boards import (
    POLICY,
    SiteBoard,
    accepted_entries,
    board_files,
    gather_boards,
    method_files,
    method_link,
    page_name,
)
from pdbench.leaderboard.site_pages import crop_path, read_crops, render_about, render_method
from pdbench.leaderboard.submission import Entry
from pdbench.plots.board_page import render_board
from pdbench.plots.pages import SCRIPTS, asset, render

__all__ = ["build_site", "render_board_page", "render_site"]

ASSETS = ("style.css", *SCRIPTS)
MARK = "assets/board.js"
"""By this file a folder is known to hold an earlier site, which may be replaced."""

LEAD = (
    "Where ×4 super-resolution methods lie between distortion and perception. Better is left and "
    "down; what the images cannot tell apart shares a rank."
)


def build_site(root: Path, out: Path) -> Path:
    """Write the site of a board into a folder.

    Args:
        root: The board's folder.
        out: Folder to write; must be new, empty, or hold an earlier site, which is replaced whole.

    Returns:
        The first page.

    Raises:
        InputError: The board has no submission that can be shown, or the folder holds other files
            or cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"'{out}' is a file; name a folder for the site")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise InputError(f"'{out}' holds other files; name a new or empty folder for the site")
    content = render_site(read_board(root))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as place:
            fresh = Path(place) / "site"
            for name, data in content.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            if out.is_dir():
                out.rename(Path(place) / "earlier")
            shutil.move(fresh, out)
    except OSError as error:
        raise InputError(
            f"cannot write the site to '{out}' ({system_reason(error)}); name another"
        ) from error
    return out / "index.html"


def render_site(board: Board) -> dict[str, bytes]:
    """Return path -> content of every file of the site.

    Raises:
        InputError: No submission can be shown.
    """
    entries, refused = accepted_entries(board)
    crops: dict[str, bytes] = {}
    shown: list[Entry] = []
    for entry in entries:
        try:
            crops.update(read_crops(entry))
            shown.append(entry)
        except InputError as error:
            refused[entry.id] = str(error)
    if not shown:
        why = next(iter(refused.values()), "it is empty")
        raise InputError(f"the board '{board.root}' has nothing to show ({why}); submit a method")
    boards = gather_boards(board, shown)
    texts: dict[str, str] = {f"assets/{name}": asset(name) for name in ASSETS}
    for one in boards:
        texts[one.page] = render_board_page(boards, one)
        texts |= board_files(one)
    for entry in shown:
        texts[method_link(entry.id)] = render_method(board, entry, shown)
        texts |= method_files(entry)
    texts["about.html"] = render_about(refused)
    return {
        **{name: text.encode() for name, text in texts.items()},
        **crops,
        **_references(board, shown),
    }


def render_board_page(boards: Sequence[SiteBoard], board: SiteBoard) -> str:
    """Write the page of one of the boards."""
    return render(
        "board_page.html",
        title=f"{board.content.title} ×4",
        policy=POLICY,
        lead=LEAD,
        boards=boards,
        page=board.page,
        several=len({one.protocol for one in boards}) > 1,
        board=render_board(board.content),
        stem=f"data/{page_name(board.content.slug)}",
        left_out=board.left_out,
    )


def _references(board: Board, entries: list[Entry]) -> Mapping[str, bytes]:
    """Return site path -> PNG of the HR crops; the board's own files, but small all the same."""
    found = {}
    for entry in entries:
        for dataset, part in entry.provenance.datasets.items():
            for image in part.crops:
                path = board.reference(dataset, part.scale, image)
                if path is not None and path.stat().st_size <= 8 * SIDE * SIDE:
                    found[crop_path("hr", dataset, image)] = path.read_bytes()
    return found
