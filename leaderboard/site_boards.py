"""The boards of a site and their downloads: what may be compared, from the submissions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pdbench.analysis.means import summarize
from pdbench.leaderboard.board import Board as Submissions
from pdbench.leaderboard.plausibility import implausible
from pdbench.leaderboard.provenance import scores_name
from pdbench.leaderboard.submission import Entry
from pdbench.leaderboard.validation import entry_failures
from pdbench.metrics import METRICS
from pdbench.metrics.protocol import PROTOCOLS
from pdbench.plots.board_model import Badge, Board, BoardRow, build_board
from pdbench.plots.pages import find_links
from pdbench.plots.tables import render_csv, render_json
from pdbench.score_table import format_csv

__all__ = [
    "POLICY", "SiteBoard", "accepted_entries", "board_files", "gather_boards", "method_files",
    "method_link", "page_name", "trust_badge",
]  # fmt: skip

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""Content security policy of every page: files of the site itself, and no inline script or style.

References:
    W3C, "Content Security Policy Level 3", https://www.w3.org/TR/CSP3/
"""

FIRST = "set14"
"""Dataset of the first page."""

TRUST = {
    "self-reported": "the scores are those handed in; the board recomputed nothing",
    "re-scored": "the board computed every score from the images",
    "reproduced": "the board ran the declared weights and got the same scores",
}
"""What each level of trust says."""


@dataclass(frozen=True, kw_only=True)
class SiteBoard:
    """One page of the site.

    Attributes:
        dataset: Dataset id.
        protocol: Protocol id.
        page: File name of the page.
        content: What it shows.
        left_out: Id of a submission -> why it is not among the rows.
    """

    dataset: str
    protocol: str
    page: str
    content: Board
    left_out: Mapping[str, str]


def accepted_entries(board: Submissions) -> tuple[list[Entry], dict[str, str]]:
    """Return the submissions that pass every check that needs no images, and why others do not."""
    entries: list[Entry] = []
    refused = dict(board.refused)
    for entry in board.entries:
        if failures := entry_failures(entry, board):
            refused[entry.id] = failures[0]
        else:
            entries.append(entry)
    return entries, refused


def gather_boards(board: Submissions, entries: Sequence[Entry]) -> list[SiteBoard]:
    """Make one board per dataset and protocol: Set14 first, then those with most rows.

    Args:
        board: Knows the levels of trust.
        entries: Submissions that may be shown.
    """
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        for dataset in entry.provenance.datasets:
            groups.setdefault((dataset, entry.provenance.protocol), []).append(entry)
    ordered = sorted(groups.items(), key=lambda one: (one[0][0] != FIRST, -len(one[1]), one[0]))
    ranked = [(key, group) for key, group in ordered if not all(map(implausible, group))]
    return [
        _board(board, dataset, protocol, group, first=not index)
        for index, ((dataset, protocol), group) in enumerate(ranked)
    ]


def method_link(name: str) -> str:
    """Return the address of a method's page, seen from the root of the site."""
    return f"methods/{page_name(name)}.html"


def page_name(name: str) -> str:
    """Return an id as part of an address that means the same on every server and disk.

    >>> page_name("net[tau=0.9]")
    'net~5btau~3d0.9~5d'
    """
    return "".join(c if c.isalnum() or c in "._-" else f"~{ord(c):02x}" for c in name)


def trust_badge(level: str) -> Badge:
    """Return the badge of a level of trust."""
    return Badge(text=level, role=f"trust {level}", why=TRUST[level])


def _board(
    board: Submissions, dataset: str, protocol: str, group: Sequence[Entry], *, first: bool
) -> SiteBoard:
    digest = _reference(group, dataset)
    left_out = {entry.id: why for entry in group if (why := _left_out(entry, dataset, digest))}
    kept = [entry for entry in group if entry.id not in left_out]
    records = [board.record(entry, dataset) for entry in kept]
    held = {score.metric for record in records for score in record.scores}
    columns = [name for name in PROTOCOLS.get(protocol).covered_ids if name in held]
    slug = f"{dataset}-{protocol}"
    images = kept[0].provenance.datasets[dataset].images
    summary = summarize(
        [score for record in records for score in record.scores],
        [METRICS.get(name).facts for name in columns],
        titles={entry.id: entry.card.name for entry in kept},
        images=len(images),
    )
    content = build_board(
        summary,
        [_row(board, entry, dataset, columns) for entry in kept],
        slug=slug,
        title=kept[0].provenance.datasets[dataset].title,
        contaminated={key: why for e in kept for key, why in _flattered(e, dataset, columns)},
    )
    return SiteBoard(
        dataset=dataset,
        protocol=protocol,
        page="index.html" if first else f"{page_name(slug)}.html",
        content=content,
        left_out=left_out,
    )


def _left_out(entry: Entry, dataset: str, digest: str) -> str:
    """Return why an entry takes no rank on a board, "" if it takes one."""
    if entry.provenance.datasets[dataset].sha256 != digest:
        return f"it was scored on other images of the name {dataset}"
    return implausible(entry)


def _reference(group: Sequence[Entry], dataset: str) -> str:
    """Return the digest of the images that count: the repository's own rows', or most rows'."""
    own = [entry for entry in group if entry.own]
    digests = Counter(entry.provenance.datasets[dataset].sha256 for entry in own or group)
    return min(digests, key=lambda digest: (-digests[digest], digest))


def _row(board: Submissions, entry: Entry, dataset: str, columns: Sequence[str]) -> BoardRow:
    badges = [trust_badge(board.level(entry, dataset))]
    if entry.provenance.size == "compact":
        why = "made with this repository's small networks, which are not those of the paper"
        badges.append(Badge(text="compact", role="size", why=why))
    leaks = [METRICS.get(name).title for name in columns if name in entry.leaks]
    if leaks:
        badges.append(
            Badge(
                text="metric leak",
                role="leak",
                why=f"trained on what {', '.join(leaks)} look{'s' if len(leaks) == 1 else ''} at",
            )
        )
    if source := entry.contamination(dataset):
        why = f"trained on these test images ({source})"
        badges.append(Badge(text="trained on test set", role="contaminated", why=why))
    paper = [("paper", address) for _, address in find_links(entry.card.paper)[:1]]
    code = [("code or page", address) for _, address in find_links(entry.card.link)[:1]]
    return BoardRow(
        method=entry.id,
        title=entry.card.name,
        kind=entry.card.kind,
        link=method_link(entry.id),
        badges=tuple(badges),
        links=(*paper, *code),
    )


def _flattered(
    entry: Entry, dataset: str, columns: Sequence[str]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each score that training contaminated, and how; a known test set flatters them all."""
    source = entry.contamination(dataset)
    for metric in columns:
        if source:
            yield (entry.id, metric), f"trained on these test images ({source})"
        elif metric in entry.leaks:
            yield (entry.id, metric), f"trained with {entry.leaks[metric]}"


def board_files(board: SiteBoard) -> dict[str, str]:
    """Return path -> content of a board's downloads: a CSV and a JSON file.

    The CSV holds means, counts and intervals; the JSON also ranks, fronts and flags.
    """
    stem = f"data/{page_name(board.content.slug)}"
    return {
        f"{stem}.csv": render_csv(board.content.table) + "\n",
        f"{stem}.json": json.dumps(_record(board), indent=1, ensure_ascii=False) + "\n",
    }


def method_files(entry: Entry) -> dict[str, str]:
    """Return path -> content of a submission's scores per output image, one CSV per dataset."""
    columns = [facts.id for facts in entry.provenance.metrics]
    return {
        f"data/{page_name(entry.id)}/{scores_name(dataset, part.scale)}": format_csv(
            entry.record(dataset).scores, columns
        )
        for dataset, part in entry.provenance.datasets.items()
    }


def _record(board: SiteBoard) -> dict[str, Any]:
    content = board.content
    record = json.loads(render_json(content.table))
    badges = {row.method: [badge.text for badge in row.badges] for row in content.rows}
    for row in record["rows"]:
        row["badges"] = badges[row["method"]]
        for metric, cell in row["scores"].items():
            cell["contaminated"] = content.contaminated.get((row["method"], metric))
    record["ranks"] = {
        variant: {
            metric: {place.method: [place.rank, place.last] for place in ranking.places}
            for metric, ranking in rankings.items()
        }
        for variant, rankings in content.rankings.items()
    }
    record["fronts"] = [
        {
            "variant": variant,
            "x": x,
            "y": y,
            "hypervolume": view.front.volume,
            "members": {one.method: one.probability for one in view.front.members},
        }
        for variant, views in content.views.items()
        for (x, y), view in views.items()
        if view.front
    ]
    return record
