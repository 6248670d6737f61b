"""Reading a run folder, during the run or after it. Needs no torch."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from pdbench.analysis.paper_tables import in_paper_order
from pdbench.errors import InputError
from pdbench.harness.database import FILE, check_version, connect, explain
from pdbench.harness.run_info import DatasetRecord, MethodRecord, RunRecord
from pdbench.harness.store import SeenFile
from pdbench.pydantic_errors import parse
from pdbench.scores import MetricFacts, Score, is_score

__all__ = ["is_run_folder", "read_files", "read_outputs", "read_run"]


def is_run_folder(folder: Path) -> bool:
    """Tell whether the folder holds a run store."""
    return (folder / FILE).is_file()


def read_run(folder: Path, dataset: str | None = None, protocol: str | None = None) -> RunRecord:
    """Read the scores of a run folder, while a run is writing to it or after.

    Only current scores are returned: those of the images, weights, seed and protocol hashes that
    the latest run of each method under each protocol used.

    Args:
        folder: Run folder.
        dataset: Dataset id; that of the latest run when None.
        protocol: Protocol id; when None, a method is there once for each it was scored under.

    Returns:
        The scores and what they mean, methods in the paper's order,
        others by id.

    Raises:
        InputError: The folder holds no store, or none of this dataset.
    """
    if not is_run_folder(folder):
        raise InputError(f"'{folder}' holds no run; start one with 'pdbench run -o {folder}'")
    with _opened(folder) as db:
        return _read(db, folder, dataset, protocol)


def read_files(folder: Path, dataset: str) -> dict[str, SeenFile]:
    """Return image name -> what earlier runs in the folder saw of a dataset's images.

    Raises:
        InputError: The folder's store is damaged or of another version.
    """
    if not is_run_folder(folder):
        return {}
    query = "SELECT image, stamp, sha256, pixels FROM file WHERE dataset = ?"
    with _opened(folder) as db:
        return {
            image: SeenFile(stamp=stamp, sha256=sha256, pixels=pixels)
            for image, stamp, sha256, pixels in db.execute(query, (dataset,))
        }


def read_outputs(folder: Path, dataset: str, method: str) -> dict[str, str]:
    """Return image name -> digest of the files that the latest run of a method scored.

    Raises:
        InputError: The folder's store is damaged or of another version.
    """
    if not is_run_folder(folder):
        return {}
    query = "SELECT record FROM method WHERE dataset = ? AND id = ?"
    with _opened(folder) as db:
        row = db.execute(query, (dataset, method)).fetchone()
    return dict(parse(MethodRecord, row[0], str(folder / FILE)).outputs) if row else {}


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open a store in one read transaction; what SQLite says becomes one sentence."""
    with contextlib.closing(connect(folder / FILE, read_only=True)) as db:
        try:
            check_version(int(db.execute("PRAGMA user_version").fetchone()[0]), folder)
            db.execute("BEGIN")
            yield db
        except sqlite3.DatabaseError as error:
            raise explain(error, folder) from error


def _read(
    db: sqlite3.Connection, folder: Path, dataset: str | None, protocol: str | None
) -> RunRecord:
    latest = db.execute("SELECT dataset FROM latest").fetchone()
    wanted = dataset or (latest[0] if latest else "")
    row = db.execute("SELECT record FROM dataset WHERE id = ?", (wanted,)).fetchone()
    if row is None:
        raise InputError(f"run folder '{folder}' has no scores of dataset '{wanted}'")
    source = str(folder / FILE)
    record = parse(DatasetRecord, row[0], source)
    query = "SELECT record FROM method WHERE dataset = ? ORDER BY position"
    methods = [parse(MethodRecord, row[0], source) for row in db.execute(query, (wanted,))]
    current = [
        method
        for method in methods
        if method.dataset_sha256 == record.sha256 and protocol in (None, method.protocol)
    ]
    facts = [
        parse(MetricFacts, row[0], source)
        for row in db.execute("SELECT facts FROM metric ORDER BY position")
    ]
    current = in_paper_order(current, [method.id for method in current])
    scores = _current_scores(db, record, current)
    seen = {score.metric for score in scores}
    return RunRecord(
        dataset=record,
        metrics=tuple(fact for fact in facts if fact.id in seen),
        methods=tuple(current),
        scores=tuple(scores),
    )


def _current_scores(
    db: sqlite3.Connection, dataset: DatasetRecord, methods: Iterable[MethodRecord]
) -> list[Score]:
    query = """
        SELECT image, sample, metric, image_sha256, weights, protocol_hash, value, reason
        FROM score WHERE dataset = ? AND method = ? AND seed = ?
        ORDER BY image, sample, metric
    """
    scores = []
    for method in methods:
        key = (dataset.id, method.id, method.seed)
        for image, sample, metric, sha256, weights, digest, value, reason in db.execute(
            query, key
        ):
            if dataset.images.get(image) != sha256 or method.hashes.get(metric) != digest:
                continue
            if method.weights_of(image) != weights:
                continue
            if not is_score(value):
                raise InputError(
                    f"run folder has {value!r:.60} for {metric} of {image!r:.60}, which is not a "
                    "score; remove the folder's scores.sqlite or give another folder"
                )
            # Two protocols may share a number, and whichever ran first stored it: the method's
            # record says under which one it is read.
            score = method.score(
                dataset.id, image, method.seed, sample, metric, value=value, reason=reason
            )
            scores.append(score)
    return scores
