"""What an audit of a table found, as a report."""

from __future__ import annotations

from dataclasses import asdict

from pdbench.analysis.audit import audit
from pdbench.analysis.paper_tables import PublishedTable
from pdbench.plots.report_formats import Document, Grid

__all__ = ["audit_document"]


def audit_document(table: PublishedTable) -> Document:
    """Audit a table and write down the findings.

    Args:
        table: Scores as published.
    """
    issues = audit(table)
    cells = sum(len(row.values) for row in table.rows)
    checked = f"{table.source}: {len(table.rows)} rows, {cells} numbers"
    certain = sum(issue.certain for issue in issues)
    count = f"{certain} certain, {len(issues) - certain} to look at" if issues else "none"
    rows = tuple(
        (
            "wrong" if issue.certain else "odd",
            issue.check,
            ", ".join(issue.rows) if len(issue.rows) < 3 else f"{len(issue.rows)} rows",
            issue.text,
        )
        for issue in issues
    )
    grid = Grid(heads=("", "check", "rows", "finding"), rows=rows, words=4)
    return Document(
        lines=(checked, *table.notes, f"findings: {count}"),
        grids=(grid,) if issues else (),
        notes=("wrong: the numbers cannot all be right; odd: possible, but look.",)
        if issues
        else (),
        record={
            "source": table.source,
            "notes": table.notes,
            "columns": table.columns,
            "rows_checked": len(table.rows),
            "numbers_checked": cells,
            "findings": [asdict(issue) for issue in issues],
        },
    )
