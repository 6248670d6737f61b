"""Store of a run folder: one SQLite file, one row per score. Needs no torch.

Every change is one transaction, creation too: a run that is killed at any moment, or that finds
the disk full, leaves whole rows in a whole file, or an empty one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from pdbench.analysis.paper_tables import in_paper_order
from pdbench.errors import InputError
from pdbench.harness.database import (
    FILE,
    connect,
    explained,
    make_tables,
    open_read_only,
    take_lock,
)
from pdbench.harness.run_info import DatasetRecord, ImageFingerprint, MethodRecord, RunRecord
from pdbench.pydantic_errors import parse
from pdbench.scores import LARGEST, MetricFacts, Score, is_score

__all__ = [
    "FILE", "RunStore", "ScoreKey", "done_scores", "is_run_folder", "read_fingerprints",
    "read_run",
]  # fmt: skip


@dataclass(frozen=True, order=True)
class ScoreKey:
    """All that must be the same for a stored score to be used, whatever its sample."""

    image: str
    image_sha256: str
    method: str
    weights: str
    seed: int
    metric: str
    protocol_hash: str
    code: str


class RunStore:
    """The store of one run folder, opened for writing by at most one process.

    Use it as a context manager. The lock is the operating system's: it ends with the process,
    however that ends.

    Args:
        folder: Run folder; made if it does not exist.

    Raises:
        InputError: Another process writes to the folder, the folder cannot be written, or its
            file is not a store of this version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"cannot make run folder '{folder}' ({error.strerror}); give another one with -o"
            ) from None
        self._lock = take_lock(folder)
        try:
            self._db = connect(folder / FILE)
            with explained(folder):
                self._db.execute("PRAGMA journal_mode = WAL")
                make_tables(self._db, folder)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release the folder."""
        if hasattr(self, "_db"):
            self._db.close()
        self._lock.close()

    def begin(
        self,
        dataset: DatasetRecord,
        images: Mapping[str, ImageFingerprint],
        methods: Sequence[MethodRecord],
        metrics: Sequence[MetricFacts],
        unchanged: Collection[str] = (),
    ) -> None:
        """Record what is about to be scored; readers see the latest record of each method.

        Hashes of metrics that this run leaves out are kept.

        Args:
            dataset: The dataset.
            images: Image name -> what was seen of it.
            methods: The methods of this run.
            metrics: Facts of the metrics of this run, in column order.
            unchanged: Ids of methods that this run computes nothing of; the versions that did are
                kept.

        Raises:
            InputError: A reader would refuse a record; nothing is written.
        """
        with explained(self.folder), self._db:
            self._put("dataset", {"id": dataset.id, "record": _record(dataset)})
            self._db.executemany(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)",
                [(dataset.id, name, *astuple(image)) for name, image in images.items()],
            )
            for method in methods:
                merged = self._merged(dataset.id, method, method.id in unchanged)
                key = {"dataset": dataset.id, "id": method.id, "protocol": method.protocol}
                self._put("method", {**key, "seed": method.seed, "record": _record(merged)})
            for facts in metrics:
                self._put("metric", {"id": facts.id, "facts": _record(facts)})
            last = (dataset.id, methods[0].protocol, _json([facts.id for facts in metrics]))
            self._db.execute("INSERT OR REPLACE INTO latest VALUES (0, ?, ?, ?)", last)

    def _put(self, table: str, entry: Mapping[str, object]) -> None:
        """Insert an entry, or replace its last column where it exists, keeping its position."""
        *key, content = entry
        self._db.execute(
            f"INSERT INTO {table} ({', '.join(entry)}) VALUES ({', '.join('?' * len(entry))}) "
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {content} = excluded.{content}",
            tuple(entry.values()),
        )

    def _merged(self, dataset: str, method: MethodRecord, unchanged: bool) -> MethodRecord:
        """Add what is known of other metrics if the method's outputs were the same."""
        query = (
            "SELECT record FROM method WHERE dataset = ? AND id = ? AND protocol = ? AND seed = ?"
        )
        key = (dataset, method.id, method.protocol, method.seed)
        row = self._db.execute(query, key).fetchone()
        earlier = parse(MethodRecord, row[0], FILE) if row else None
        if earlier is None or not method.has_outputs_of(earlier):
            return method
        versions = (earlier if unchanged else method).versions
        return replace(method.joined(earlier), versions=versions)

    def done(self, dataset: str, seed: int) -> dict[ScoreKey, int]:
        """Return what needs no scoring any more -> how many samples it has."""
        with explained(self.folder):
            return done_scores(self._db, dataset, seed)

    def write(
        self,
        image_sha256: str,
        method: MethodRecord,
        scores: Sequence[Score],
        *,
        final: bool = True,
        outside: float | None = None,
        pixels: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Store scores of one method and image in one transaction, in place of earlier ones.

        Args:
            image_sha256: Digest of the image.
            method: How they came about.
            scores: The scores.
            final: Whether another run would end the same way.
            outside: Share of the output's values far outside [0, 1]; None where there is no
                output.
            pixels: Pixels of the image's HR.
            seconds: How long restoring and scoring took; 0 where nothing was.

        Raises:
            InputError: The disk is full, the file cannot be written, or a value is no score.
        """
        for score in scores:
            if not is_score(score.value):
                raise InputError(
                    f"metric '{score.metric}' gives {score.value!r:.60} for {score.image!r:.60}, "
                    f"which is not a score; scores are floats up to {LARGEST:g}"
                )
        rows = [_row(image_sha256, method, score, final) for score in scores]
        with explained(self.folder), self._db:
            self._db.executemany(
                "DELETE FROM score WHERE dataset = ? AND image = ? AND image_sha256 = ? AND "
                "method = ? AND weights = ? AND seed = ? AND metric = ? AND protocol_hash = ? "
                "AND code = ?",
                sorted({row[:9] for row in rows}),
            )
            self._db.executemany(f"INSERT INTO score VALUES ({', '.join('?' * 14)})", rows)
            if outside is not None and rows:
                dataset, image, _, name, weights, seed = rows[0][:6]
                self._db.execute(
                    "INSERT OR REPLACE INTO outside VALUES (?, ?, ?, ?, ?, ?)",
                    (dataset, image, name, weights, seed, outside),
                )
            if seconds and rows:
                metrics = ",".join(sorted({score.metric for score in scores}))
                key = (rows[0][0], rows[0][1], method.id, metrics)
                self._db.execute(
                    "INSERT OR REPLACE INTO time VALUES (?, ?, ?, ?, ?, ?)",
                    (*key, pixels, seconds),
                )


def _row(sha256: str, method: MethodRecord, score: Score, final: bool) -> tuple[Any, ...]:
    """Return the columns of the table `score`, in their order."""
    return (
        *(score.dataset, score.image, sha256, score.method, method.weights_of(score.image)),
        *(score.seed, score.metric, score.protocol_hash, method.code.get(score.metric, "")),
        *(score.sample, score.protocol, score.value, score.reason),
        int(score.value is not None or (final and not score.reason.startswith("unavailable"))),
    )


def is_run_folder(folder: Path) -> bool:
    """Tell whether the folder contains a run store; an empty file is not one."""
    file = folder / FILE
    return file.is_file() and file.stat().st_size > 0


def read_run(
    folder: Path,
    dataset: str | None = None,
    protocol: str | None = None,
    *,
    methods: Collection[str] = (),
    metrics: Sequence[str] | None = None,
    seeds: Sequence[int] = (),
) -> RunRecord:
    """Read the scores of a run folder, while a run is writing to it or after.

    Only current scores are returned: those of the images, weights, code and protocol hashes that
    the latest run of each method under each protocol used.

    Args:
        folder: Run folder.
        dataset: Dataset id; that of the latest run when None.
        protocol: Protocol id; that of the latest run when None.
        methods: Method ids; all when empty.
        metrics: Metric ids in column order; those of the latest run when None, all of the
            protocol's when that run was of another dataset or protocol.
        seeds: Run seeds; all that are stored when empty.

    Returns:
        The scores and what they mean, methods in the paper's order, others by id; a method is
        there once for each seed.

    Raises:
        InputError: The folder does not contain a store, or none of this dataset, protocol, metric
            or seed.
    """
    if not is_run_folder(folder):
        raise InputError(f"'{folder}' does not contain a run; start one with 'pdbench run'")
    with open_read_only(folder) as db:
        last = db.execute("SELECT dataset, protocol, metrics FROM latest").fetchone()
        last = last or ("", "", "[]")
        wanted = dataset or last[0]
        row = db.execute("SELECT record FROM dataset WHERE id = ?", (wanted,)).fetchone()
        if row is None:
            raise InputError(f"run folder '{folder}' has no scores of dataset '{wanted}'")
        record = parse(DatasetRecord, row[0], FILE)
        current = [
            method
            for method in _current_methods(db, record, protocol or last[1], seeds)
            if not methods or method.id in methods
        ]
        scores = [score for one in current for score in _current_scores(db, record, one)]
        if metrics is None and (wanted, protocol or last[1]) == (last[0], last[1]):
            metrics = parse(list[str], last[2], FILE)
        facts = _facts(db, metrics, {score.metric for score in scores})
    shown = {fact.id for fact in facts}
    return RunRecord(
        dataset=record,
        metrics=facts,
        methods=tuple(current),
        scores=tuple(score for score in scores if score.metric in shown),
    )


def read_fingerprints(folder: Path, dataset: str) -> dict[str, ImageFingerprint]:
    """Return image name -> what earlier runs in the folder saw of a dataset's images.

    Raises:
        InputError: The folder's store is damaged or of another version.
    """
    if not is_run_folder(folder):
        return {}
    query = "SELECT image, content, sha256, pixels, lr_psnr FROM file WHERE dataset = ?"
    with open_read_only(folder) as db:
        return {
            image: ImageFingerprint(content=content, sha256=sha256, pixels=pixels, lr_psnr=psnr)
            for image, content, sha256, pixels, psnr in db.execute(query, (dataset,))
        }


def done_scores(db: sqlite3.Connection, dataset: str, seed: int) -> dict[ScoreKey, int]:
    """Return what needs no scoring any more -> how many samples it has."""
    columns = ", ".join(field.name for field in fields(ScoreKey))
    query = (
        f"SELECT {columns}, COUNT(*) FROM score WHERE dataset = ? AND seed = ? "
        f"GROUP BY {columns} HAVING MIN(final) = 1"
    )
    rows = db.execute(query, (dataset, seed)).fetchall()
    return {ScoreKey(*row[:-1]): row[-1] for row in rows}


def _current_methods(
    db: sqlite3.Connection, dataset: DatasetRecord, protocol: str, seeds: Sequence[int]
) -> list[MethodRecord]:
    query = "SELECT record FROM method WHERE dataset = ? ORDER BY position"
    methods = [parse(MethodRecord, row[0], FILE) for row in db.execute(query, (dataset.id,))]
    methods = [method for method in methods if method.dataset_sha256 == dataset.sha256]
    known = sorted({method.protocol for method in methods})
    if protocol and known and protocol not in known:
        raise InputError(
            f"there are no scores under protocol '{protocol}'; there are some under "
            f"{', '.join(known)}"
        )
    methods = [method for method in methods if protocol in ("", method.protocol)]
    there = sorted({method.seed for method in methods})
    if missing := [seed for seed in seeds if seed not in there]:
        raise InputError(
            f"there are no scores of seed {missing[0]}; there are some of "
            f"{', '.join(map(str, there))}"
        )
    found = [
        replace(method, outside=_outside(db, dataset.id, method))
        for method in methods
        if not seeds or method.seed in seeds
    ]
    return in_paper_order(found, [method.id for method in found])


def _outside(db: sqlite3.Connection, dataset: str, method: MethodRecord) -> dict[str, float]:
    query = (
        "SELECT image, weights, share FROM outside "
        "WHERE dataset = ? AND method = ? AND seed = ? AND share > 0 ORDER BY image"
    )
    rows = db.execute(query, (dataset, method.id, method.seed))
    return {image: share for image, weights, share in rows if weights == method.weights_of(image)}


def _current_scores(
    db: sqlite3.Connection, dataset: DatasetRecord, method: MethodRecord
) -> Iterator[Score]:
    query = """
        SELECT image, sample, metric, image_sha256, weights, protocol_hash, code, value, reason
        FROM score WHERE dataset = ? AND method = ? AND seed = ?
        ORDER BY image, sample, metric
    """
    for image, sample, metric, sha256, weights, digest, code, value, reason in db.execute(
        query, (dataset.id, method.id, method.seed)
    ):
        found = (sha256, weights, digest, code)
        wanted = (dataset.images.get(image), method.weights_of(image), method.hashes.get(metric))
        # Two protocols may share a number, and whichever ran first stored it: the method's
        # record says under which one it is read.
        if found == (*wanted, method.code.get(metric, "")):
            if not is_score(value):
                raise InputError(
                    f"run folder has {value!r:.60} for {metric} of {image!r:.60}, which is not a "
                    f"score; remove the folder's {FILE} or give another folder"
                )
            yield method.score(
                dataset.id, image, method.seed, sample, metric, value=value, reason=reason
            )


def _facts(
    db: sqlite3.Connection, metrics: Sequence[str] | None, seen: set[str]
) -> tuple[MetricFacts, ...]:
    rows = db.execute("SELECT facts FROM metric ORDER BY position")
    known = {facts.id: facts for facts in (parse(MetricFacts, row[0], FILE) for row in rows)}
    chosen = [name for name in metrics or known if name in known]
    return tuple(known[name] for name in chosen if name in seen)


def _record(record: DatasetRecord | MethodRecord | MetricFacts) -> str:
    """Return a record as JSON; raises InputError for one that its reader would refuse."""
    text = _json(asdict(record))
    parse(type(record), text, record.id, fault="cannot be recorded")
    return text


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
