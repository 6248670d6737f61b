"""`pdbench report` as a Python call: a study as one page. Needs no torch."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pdbench.api.tables import read_scores
from pdbench.errors import InputError, system_reason
from pdbench.harness.options import split_ids

if TYPE_CHECKING:
    from pdbench.harness.run_info import MethodRecord, RunRecord
    from pdbench.plots.board_model import Board
    from pdbench.plots.formats import Document

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

    >>> import pdbench
    >>> pdbench.report("results/set5_x4", output="report.html").name
    'report.html'
    """
    from pdbench.plots.board_page import render_report
    from pdbench.plots.plane import write_file

    out = Path(output)
    if out.suffix.lower() != ".html":
        raise InputError(f"a report is a page; give a name that ends in .html, not '{out.name}'")
    methods = split_ids(methods)
    shown = dict(_figure(Path(path)) for path in figures)
    records = [
        read_scores(one, protocol=protocol, methods=methods, seeds=seeds)
        for one in _folders(Path(folder))
    ]
    sections = [_section(record, methods, index) for index, record in enumerate(records)]
    title = "Perception–distortion study: " + ", ".join(board.title for board, _ in sections)
    page = render_report(title, sections, _provenance(records, methods), shown)
    return write_file(out, page.encode())


def _folders(folder: Path) -> list[Path]:
    """Return the folders with scores: this one, or those right below it."""
    from pdbench.harness import results, store

    def scored(path: Path) -> bool:
        return store.is_run_folder(path) or results.is_results_folder(path)

    if not folder.is_dir() or scored(folder):
        return [folder]  # what is wrong with it is said when it is read
    return sorted(path for path in folder.iterdir() if path.is_dir() and scored(path)) or [folder]


def _section(record: RunRecord, methods: Sequence[str], index: int) -> tuple[Board, Document]:
    from pdbench.plots.board_model import BoardRow, build_board
    from pdbench.plots.report_claims import claims_document

    summary = record.summarize()
    board = build_board(
        summary,
        [
            BoardRow(method=one.id, title=one.title, kind=one.kind)  # type: ignore[arg-type]
            for one in _chosen(record, methods)
        ],
        slug=f"board{index}",
        title=record.dataset.title,
    )
    return board, claims_document(summary)


def _chosen(record: RunRecord, methods: Sequence[str]) -> list[MethodRecord]:
    known = {method.id: method for method in record.methods}
    return [known[name] for name in record.summarize().choose(methods)]


def _provenance(records: Sequence[RunRecord], methods: Sequence[str]) -> Document:
    """Say how scores came about: what all share once, then what differs."""
    from pdbench.plots.formats import Document, Grid

    facts = [
        {
            "method": method.id,
            "size": method.size or "—",
            "weights": method.weights or "none",
            "seed": ", ".join(str(one.seed) for one in record.methods if one.id == method.id),
            "protocol": method.protocol,
            "protocol hashes": _listed(method.hashes),
            "versions": _listed(method.versions),
        }
        for record in records
        for method in _chosen(record, methods)
    ]
    shared = [
        (head, value)
        for head, value in facts[0].items()
        if head != "method" and all(row[head] == value for row in facts)
    ]
    heads = tuple(head for head in facts[0] if (head, facts[0][head]) not in shared)
    rows = dict.fromkeys(tuple(row[head] for head in heads) for row in facts)
    datasets = [record.dataset for record in records]
    return Document(
        lines=(),
        grids=(
            Grid(
                heads=("dataset", "images", "sha256"),
                rows=tuple((one.id, f"{len(one.images)}", one.sha256[:12]) for one in datasets),
                words=3,
            ),
            Grid(heads=heads, rows=tuple(rows), words=len(heads)),
            Grid(heads=("all rows", ""), rows=tuple(shared), words=2),
        ),
        notes=(
            "weights: the fingerprint that 'pdbench doctor' lists; of a row that uses several "
            "networks (the fusions), a digest over all of them.",
        ),
        record={},
    )


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _figure(path: Path) -> tuple[str, str]:
    """Return a picture's caption and data URL."""
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
    return path.stem, f"data:image/png;base64,{encoded}"
