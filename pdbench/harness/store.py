"""The run store: one SQLite file in the run folder, one row per score. Needs no torch."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from pdbench.errors import InputError
from pdbench.harness.database import (
    FILE,
    SCHEMA,
    VERSION,
    check_version,
    connect,
    explain,
    take_lock,
)
from pdbench.harness.run_info import DatasetRecord, MethodRecord
from pdbench.scores import MetricFacts, Score

__all__ = ["Done", "RunStore", "SeenFile", "Verdict"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A score, and whether asking again could change it.

    Attributes:
        score: The score, with or without a value.
        final: False where a later run may succeed: missing weights, out of memory.
    """

    score: Score
    final: bool


@dataclass(frozen=True, kw_only=True)
class SeenFile:
    """An image that was checked.

    Attributes:
        stamp: `Pair.stamp` at that time.
        sha256: Digest over its pixels.
        pixels: Pixels of its HR.
    """

    stamp: str
    sha256: str
    pixels: int


@dataclass(frozen=True, kw_only=True, order=True)
class Done:
    """What one row of the store answers, whatever its sample."""

    image: str
    image_sha256: str
    method: str
    weights: str
    seed: int
    metric: str
    protocol_hash: str


class RunStore:
    """The store of one run folder, opened for writing by at most one process.

    Use it as a context manager. The lock is the operating system's: it ends with the process,
    however that ends. Each write is one transaction, so that a killed run leaves whole rows only.

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
            with self._explained():
                self._db.execute("PRAGMA journal_mode = WAL")
                if self._version() == 0:
                    # One transaction: a kill during creation leaves an empty file, not half a one.
                    self._db.executescript(
                        f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
                    )
            check_version(self._version(), folder)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> RunStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and give the folder free."""
        self._db.close()
        self._lock.close()

    def _version(self) -> int:
        with self._explained():
            return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into one sentence."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise explain(error, self.folder) from error

    def begin(
        self,
        dataset: DatasetRecord,
        files: Mapping[str, SeenFile],
        methods: Iterable[MethodRecord],
        metrics: Iterable[MetricFacts],
    ) -> None:
        """Record what is about to be scored; readers see a method's latest record per protocol.

        Hashes of metrics that this run leaves out are kept.

        Args:
            dataset: The dataset.
            files: Image name -> what was seen of it.
            methods: The methods of this run.
            metrics: Facts of the metrics of this run, in column order.
        """
        with self._explained(), self._db:
            self._put("dataset", {"id": dataset.id, "record": _json(asdict(dataset))})
            self._db.executemany(
                "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)",
                [(dataset.id, name, *astuple(file)) for name, file in files.items()],
            )
            for method in methods:
                entry = asdict(method)
                earlier = self._earlier(dataset.id, method)
                for known in ("hashes", "choices"):
                    entry[known] = {**earlier.get(known, {}), **entry[known]}
                key = {"dataset": dataset.id, "id": method.id, "protocol": method.protocol}
                self._put("method", {**key, "record": _json(entry)})
            for facts in metrics:
                self._put("metric", {"id": facts.id, "facts": _json(asdict(facts))})
            self._db.execute("INSERT OR REPLACE INTO latest VALUES (0, ?)", (dataset.id,))

    def _put(self, table: str, entry: Mapping[str, str]) -> None:
        """Insert an entry, or replace its last column where it exists, keeping its position."""
        *key, content = entry
        self._db.execute(
            f"INSERT INTO {table} ({', '.join(entry)}) VALUES ({', '.join('?' * len(entry))}) "
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {content} = excluded.{content}",
            tuple(entry.values()),
        )

    def _earlier(self, dataset: str, method: MethodRecord) -> Mapping[str, Any]:
        """Return the method's record under this protocol if its outputs were the same, else {}."""
        query = "SELECT record FROM method WHERE dataset = ? AND id = ? AND protocol = ?"
        row = self._db.execute(query, (dataset, method.id, method.protocol)).fetchone()
        earlier: Mapping[str, Any] = json.loads(row[0]) if row else {}
        same = all(earlier.get(key) == getattr(method, key) for key in ("weights", "seed"))
        return earlier if same else {}

    def done(self, dataset: str, seed: int) -> dict[Done, int]:
        """Return what needs no scoring any more -> how many samples it has."""
        query = """
            SELECT image, image_sha256, method, weights, seed, metric, protocol_hash, COUNT(*)
            FROM score WHERE dataset = ? AND seed = ?
            GROUP BY image, image_sha256, method, weights, seed, metric, protocol_hash
            HAVING MIN(final) = 1
        """
        names = tuple(Done.__dataclass_fields__)
        with self._explained():
            rows = self._db.execute(query, (dataset, seed)).fetchall()
        return {Done(**dict(zip(names, row[:-1], strict=True))): row[-1] for row in rows}

    def write(self, image_sha256: str, verdicts: Iterable[Verdict]) -> None:
        """Store scores in one transaction; they replace all samples stored under their keys.

        Args:
            image_sha256: Digest of the image they all belong to.
            verdicts: The scores.

        Raises:
            InputError: The disk is full or the file cannot be written.
        """
        rows = [_row(image_sha256, verdict) for verdict in verdicts]
        with self._explained(), self._db:
            self._db.executemany(
                "DELETE FROM score WHERE dataset = ? AND image = ? AND image_sha256 = ? AND "
                "method = ? AND weights = ? AND seed = ? AND metric = ? AND protocol_hash = ?",
                sorted({row[:8] for row in rows}),
            )
            self._db.executemany(
                f"INSERT INTO score VALUES ({', '.join('?' * 13)})",
                rows,
            )


def _row(image_sha256: str, verdict: Verdict) -> tuple[Any, ...]:
    """Return the columns of the table `score`, in their order."""
    score = verdict.score
    return (
        *(score.dataset, score.image, image_sha256, score.method, score.weights, score.seed),
        *(score.metric, score.protocol_hash, score.sample, score.protocol),
        *(score.value, score.reason, int(verdict.final)),
    )


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
