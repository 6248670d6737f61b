"""What can be downloaded from the site: means and ranks of a board, all scores of a method."""

from __future__ import annotations

import json
from typing import Any

from pdbench.leaderboard.provenance import scores_name
from pdbench.leaderboard.site_boards import SiteBoard, page_name
from pdbench.leaderboard.submission import Entry
from pdbench.plots.tables import render_csv, render_json
from pdbench.score_table import format_csv

__all__ = ["board_files", "method_files"]


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
