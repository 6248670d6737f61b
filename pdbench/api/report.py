"""`pdbench report` as a Python call: a study as one page. Needs no torch."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdbench.api.tables import read_scores
from pdbench.errors import InputError, system_reason

if TYPE_CHECKING:
    from pdbench.harness.run_info import RunRecord
    from pdbench.plots.report_formats import Grid
    from pdbench.plots.report_page import Figure, Section

__all__ = ["report"]

LARGEST_FIGURE = 2**25
"""Bytes of a picture; a page of several such is slow to open."""


def report(
    folder: str | Path = "runs/builtin",
    *,
    output: str | Path = "report.html",
    figures: Sequence[str | Path] = (),
    methods: Sequence[str] = (),
    protocol: str | None = None,
    seeds: Sequence[int] = (),
) -> Path:
    """Write stored scores as one self-contained page.

    It holds, per dataset, the table with ranks, the plane of any two metrics with its Pareto
    front, the paper's claims and where every score comes from; and figures, where given.

    Args:
        folder: A run folder, a dataset's folder below results/, or a folder of several of these.
        output: File to write, ending in .html.
        figures: PNG files to show, as `pdbench compare` makes them.
        methods: Method ids in row order; all when empty.
        protocol: Protocol id; that of the latest run when None.
        seeds: Run seeds; all when empty.

    Returns:
        The file written.

    Raises:
        InputError: The folder holds no scores, an id is unknown, the scores cannot share a table,
            a figure is no PNG file, or the page cannot be written.
    """
    from pdbench.plots.plane import write_file
    from pdbench.plots.report_page import render_report

    out = Path(output)
    if out.suffix.lower() != ".html":
        raise InputError(f"a report is a page; give a name that ends in .html, not '{out.name}'")
    shown = [_figure(Path(path)) for path in figures]
    records = [
        read_scores(one, protocol=protocol, methods=methods, seeds=seeds)
        for one in _folders(Path(folder))
    ]
    sections = [_section(record, methods, index) for index, record in enumerate(records)]
    title = "Perception–distortion study: " + ", ".join(one.title for one in sections)
    return write_file(out, render_report(title, sections, shown).encode())


def _folders(folder: Path) -> list[Path]:
    """Return the folders with scores: this one, or those right below it."""
    from pdbench.harness import results, store

    def scored(path: Path) -> bool:
        return store.is_run_folder(path) or results.is_results_folder(path)

    if not folder.is_dir() or scored(folder):
        return [folder]  # what is wrong with it is said when it is read
    return sorted(path for path in folder.iterdir() if path.is_dir() and scored(path)) or [folder]


def _section(record: RunRecord, methods: Sequence[str], index: int) -> Section:
    from pdbench.analysis.means import summarize
    from pdbench.plots.board_model import BoardRow, build_board
    from pdbench.plots.report_claims import claims_document
    from pdbench.plots.report_page import Section
    from pdbench.plots.table_model import select_methods

    count, size = len(record.dataset.images), record.sizes
    known = {method.id: method for method in record.methods}
    chosen = select_methods(summarize(record.scores, images=count), list(methods) or None)
    kinds: dict[str, Any] = {name: known[name].kind for name in chosen}
    return Section(
        title=record.dataset.title,
        board=build_board(
            record.scores,
            record.metrics,
            [BoardRow(method=n, title=known[n].title, kind=kinds[n]) for n in chosen],
            slug=f"board{index}",
            images=count,
            size=size,
        ),
        claims=claims_document(record.scores, record.metrics, images=count, size=size),
        provenance=_provenance(record, chosen),
    )


def _provenance(record: RunRecord, methods: Sequence[str]) -> Grid:
    from pdbench.plots.report_formats import Grid

    known = {method.id: method for method in record.methods}
    rows = tuple(
        (
            name,
            known[name].size or "—",
            known[name].weights or "none",
            str(known[name].seed),
            known[name].protocol,
            ", ".join(f"{metric} {digest}" for metric, digest in known[name].hashes.items()),
            known[name].dataset_sha256[:12],
            ", ".join(f"{package} {v}" for package, v in known[name].versions.items()),
        )
        for name in methods
    )
    heads = ("method", "size", "weights", "seed", "protocol", "protocol hashes", "dataset",
             "versions")  # fmt: skip
    return Grid(heads=heads, rows=rows, words=len(heads))


def _figure(path: Path) -> Figure:
    from pdbench.plots.report_page import Figure

    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FIGURE + 1)
    except OSError as error:
        raise InputError(
            f"cannot read figure '{path}' ({system_reason(error)}); check the path"
        ) from None
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or len(content) > LARGEST_FIGURE:
        raise InputError(
            f"'{path}' is no PNG file of at most {LARGEST_FIGURE // 2**20} MiB; make one with "
            "'pdbench compare -o FILE.png'"
        )
    encoded = base64.b64encode(content).decode()
    return Figure(title=path.stem, source=f"data:image/png;base64,{encoded}")
