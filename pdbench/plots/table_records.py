"""A table for programs: CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from pdbench.plots.table_model import Cell, Table
from pdbench.scores import MetricFacts

__all__ = ["guard_formula", "render_csv", "render_json"]


def guard_formula(text: str) -> str:
    """Return text that no spreadsheet runs: a leading = + - @ or control sign gets a quote.

    References:
        OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{text}" if text.lstrip(" ")[:1] in {*"=+-@\t\r\n"} and text.strip() else text


def render_csv(table: Table) -> str:
    """Write one line per method: identity, then mean, n and interval ends of every metric.

    Numbers have the metric's decimals plus three; an empty field means no value; the last column
    holds the notes.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    heads = ["dataset", "protocol", "size", "seed", "method", "images"]
    for fact in table.columns:
        heads += [fact.id, f"{fact.id}_n"]
        heads += [f"{fact.id}_low", f"{fact.id}_high"] if table.ci else []
    writer.writerow([*heads, "notes"])
    summary = table.summary
    notes = dict(table.notes)
    for row in table.rows:
        named = [summary.dataset, summary.protocol, summary.size]
        named += [" ".join(map(str, summary.seeds)), row.method]
        fields = [*map(guard_formula, named), str(summary.images)]
        for cell, fact in zip(row.cells, table.columns, strict=True):
            fields += _csv_cell(cell, fact, ends=table.ci)
        marks = dict.fromkeys(cell.note for cell in row.cells if cell.note)
        writer.writerow([*fields, guard_formula("; ".join(notes[mark] for mark in marks))])
    return buffer.getvalue().removesuffix("\n")


def _csv_cell(cell: Cell, fact: MetricFacts, *, ends: bool) -> list[str]:
    numbers = [cell.mean.value, *(cell.interval or (None, None))]
    mean, low, high = (
        "" if number is None else f"{number:.{fact.decimals + 3}f}" for number in numbers
    )
    return [mean, str(cell.mean.n), *([low, high] if ends else [])]


def render_json(table: Table) -> str:
    """Write the table as JSON: what was scored, under which hashes, and every mean in full.

    JSON has no infinite number: such a mean is null and "infinite" says so.
    """
    summary = table.summary
    record = {
        "dataset": summary.dataset,
        "scale": 4,
        "images": summary.images,
        "protocol": summary.protocol,
        "size": summary.size,
        "seeds": list(summary.seeds),
        "metrics": [_metric(fact, summary.hashes.get(fact.id, "")) for fact in table.columns],
        "rows": [
            {
                "method": row.method,
                "title": row.title,
                "scores": {
                    fact.id: _json_cell(cell)
                    for cell, fact in zip(row.cells, table.columns, strict=True)
                },
            }
            for row in table.rows
        ],
        "notes": dict(table.notes),
    }
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)


def _metric(fact: MetricFacts, digest: str) -> dict[str, Any]:
    return {
        "id": fact.id,
        "title": fact.title,
        "better": fact.better,
        "unit": fact.unit,
        "hash": digest,
    }


def _json_cell(cell: Cell) -> dict[str, Any]:
    mean = cell.mean
    infinite = mean.value is not None and math.isinf(mean.value)
    return {
        "mean": None if infinite else mean.value,
        **({"infinite": True} if infinite else {}),
        "n": mean.n,
        "interval": None if cell.interval is None else list(cell.interval),
        "image_std": mean.image_std,
        "sample_std": mean.sample_std,
        **({} if mean.seed_std is None else {"seed_std": mean.seed_std}),
        "rank": cell.rank or None,
        "note": cell.note or None,
    }
