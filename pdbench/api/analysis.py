"""`pdbench diff`, `claims`, `audit` and `front` as Python calls. They need no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pdbench.api.tables import Source, read_scores
from pdbench.errors import InputError
from pdbench.harness.options import split_ids

__all__ = ["audit", "claims", "diff", "front"]


def diff(
    first: str,
    second: str,
    folder: Source = "runs/builtin",
    *,
    protocol: str | None = None,
    seeds: Sequence[int] = (),
    form: str = "text",
) -> str:
    """Compare two methods in all metrics they have.

    Differences come with paired intervals over images and samples, and with p-values of
    paired permutation tests, corrected by Holm's rule over the metrics.

    Args:
        first: Method id.
        second: Method id.
        folder: A run folder, a dataset's folder below results/, or results.
        protocol: Protocol id; that of the latest run when None.
        seeds: Run seeds; all when empty.
        form: One of `REPORT_FORMATS`.

    Returns:
        The report, without trailing newline.

    Raises:
        InputError: The folder holds no scores, or a method or the format is unknown.

    >>> import pdbench
    >>> print(pdbench.diff("average-25", "rrdb", "results/set14_x4").splitlines()[1])
    A: Average (25); B: RRDB
    """
    from pdbench.plots import formats, reports

    record = read_scores(folder, protocol=protocol, methods=(first, second), seeds=seeds)
    document = reports.diff_document(record.summarize(), first, second)
    return formats.render_document(document, form)


def claims(
    folder: Source = "runs/builtin",
    *,
    protocol: str | None = None,
    seeds: Sequence[int] = (),
    form: str = "text",
) -> str:
    """Hold stored scores against the paper's claims C1 to C8.

    Args:
        folder: A run folder, a dataset's folder below results/, or results.
        protocol: Protocol id; that of the latest run when None.
        seeds: Run seeds; all when empty.
        form: "text", "md" or "json".

    Returns:
        The verdicts with their evidence, without trailing newline.

    Raises:
        InputError: The folder holds no scores, or the format is unknown.

    >>> import pdbench
    >>> print(pdbench.claims("results/set14_x4").splitlines()[0])
    set14 ×4, 14 images; protocol paper; compact networks; seed 0
    """
    from pdbench.plots import formats, report_claims

    _check_tableless(form)
    record = read_scores(folder, protocol=protocol, seeds=seeds)
    document = report_claims.claims_document(record.summarize())
    return formats.render_document(document, form)


def audit(table: str | Path, *, form: str = "text") -> str:
    """Check a table of scores by itself: what contradicts itself, repeats, or cannot be.

    Args:
        table: A CSV file with a column "method" and one per metric, or "paper" for the paper's
            own Table 1.
        form: "text", "md" or "json".

    Returns:
        The findings, without trailing newline.

    Raises:
        InputError: The file cannot be read, is no table, or the format is unknown.

    >>> import pdbench
    >>> findings = pdbench.audit("paper")
    """
    from pdbench.analysis.paper_tables import paper_table, parse_table
    from pdbench.plots import formats, reports

    _check_tableless(form)
    if str(table) == "paper":
        found = paper_table()
    else:
        try:
            text = Path(table).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise InputError(
                f"cannot read '{table}' ({why}); give a CSV file, or 'paper' for the paper's table"
            ) from error
        found = parse_table(text, Path(table).name)
    return formats.render_document(reports.audit_document(found), form)


def front(
    folder: Source = "runs/builtin",
    *,
    x: str = "psnr",
    y: str = "lpips-vgg",
    methods: Sequence[str] = (),
    protocol: str | None = None,
    seeds: Sequence[int] = (),
    reference: tuple[float, float] | None = None,
    form: str = "text",
) -> str:
    """Find the Pareto front of two metrics, how sure it is, and the area it encloses.

    Args:
        folder: A run folder, a dataset's folder below results/, or results.
        x: Metric id.
        y: Another metric id.
        methods: Method ids to consider; all when empty.
        protocol: Protocol id; that of the latest run when None.
        seeds: Run seeds; all when empty.
        reference: (x, y) that the hypervolume is measured from; the worst means when None.
        form: One of `REPORT_FORMATS`.

    Returns:
        The report, without trailing newline.

    Raises:
        InputError: The folder holds no scores, an id or the format is unknown, or no method has
            both metrics.

    >>> import pdbench
    >>> text = pdbench.front("results/set14_x4", x="psnr", y="dists")
    >>> print(text.splitlines()[0])
    set14 ×4, 14 images; protocol paper; compact networks; seed 0
    """
    from pdbench.plots import formats, reports

    methods = split_ids(methods)
    record = read_scores(folder, protocol=protocol, methods=methods, seeds=seeds)
    document = reports.front_document(
        record.summarize(), x=x, y=y, methods=methods, reference=reference
    )
    return formats.render_document(document, form)


def _check_tableless(form: str) -> None:
    if form == "csv":
        raise InputError("this report is no single table; choose text, md or json")
