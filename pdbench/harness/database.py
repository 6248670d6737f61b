"""SQLite file of a run folder: its tables, its lock, its errors in plain words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pdbench.errors import InputError

__all__ = ["FILE", "connect", "explained", "make_tables", "open_read_only", "take_lock"]

FILE = "scores.sqlite"
VERSION = 4
"""Format of the file; raised when the tables change."""

_LOCK = "run.lock"

KEY = "dataset, image, image_sha256, method, weights, seed, metric, protocol_hash"

_SCHEMA = f"""
CREATE TABLE score (
    dataset TEXT, image TEXT, image_sha256 TEXT, method TEXT, weights TEXT, seed INTEGER,
    metric TEXT, protocol_hash TEXT, code TEXT, sample INTEGER,
    protocol TEXT NOT NULL, value REAL, reason TEXT NOT NULL, final INTEGER NOT NULL,
    PRIMARY KEY ({KEY}, code, sample)
) WITHOUT ROWID;
CREATE TABLE outside (
    dataset TEXT, image TEXT, method TEXT, weights TEXT, seed INTEGER, share REAL NOT NULL,
    PRIMARY KEY (dataset, image, method, weights, seed)
) WITHOUT ROWID;
CREATE TABLE file (
    dataset TEXT, image TEXT, content TEXT NOT NULL, sha256 TEXT NOT NULL, pixels INTEGER NOT NULL,
    lr_psnr REAL NOT NULL,
    PRIMARY KEY (dataset, image)
) WITHOUT ROWID;
CREATE TABLE dataset (position INTEGER PRIMARY KEY, id TEXT UNIQUE, record TEXT NOT NULL);
CREATE TABLE method (
    position INTEGER PRIMARY KEY, dataset TEXT, id TEXT, protocol TEXT, seed INTEGER,
    record TEXT NOT NULL, UNIQUE (dataset, id, protocol, seed)
);
CREATE TABLE metric (position INTEGER PRIMARY KEY, id TEXT UNIQUE, facts TEXT NOT NULL);
CREATE TABLE latest (
    only INTEGER PRIMARY KEY CHECK (only = 0), dataset TEXT NOT NULL, protocol TEXT NOT NULL,
    metrics TEXT NOT NULL
);
-- how long a method of an image took
CREATE TABLE time (
    dataset TEXT, image TEXT, method TEXT, metrics TEXT, pixels INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (dataset, image, method, metrics)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""


@contextlib.contextmanager
def open_read_only(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open a store in one read transaction; an empty file is read as an empty store."""
    with (
        contextlib.closing(connect(folder / FILE, read_only=True)) as db,
        contextlib.closing(sqlite3.connect(":memory:")) as copy,
        explained(folder),
    ):
        if _is_new(db):
            make_tables(copy, folder)
            yield copy
        else:
            make_tables(db, folder)
            db.execute("BEGIN")
            yield db


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _is_new(db: sqlite3.Connection) -> bool:
    """Tell whether a file has neither a format nor tables."""
    return _version(db) == 0 and not db.execute("SELECT 1 FROM sqlite_schema").fetchone()


def make_tables(db: sqlite3.Connection, folder: Path) -> None:
    """Make the tables of an empty file; refuse a file of another format."""
    if _is_new(db):
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
    elif (version := _version(db)) != VERSION:
        raise InputError(
            f"'{folder / FILE}' was written by another version of pdbench (format {version}, here "
            f"{VERSION}) or by another program; give another run folder"
        )


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the file of a run folder; raises InputError where it cannot be opened."""
    mode = "mode=rwc"
    if read_only:
        # A reader, too, has to undo what a killed writer left; without a place beside the file it
        # reads along with a writer that is at work, and takes the file as it is where none is.
        if os.access(path.parent, os.W_OK):
            mode = "mode=rw"
        elif path.with_name(f"{path.name}-wal").exists():
            mode = "mode=ro"
        else:
            mode = "mode=ro&immutable=1"
    address = f"{path.resolve().as_uri()}?{mode}"
    with explained(path.parent):
        return sqlite3.connect(address, uri=True, timeout=10)


def take_lock(folder: Path) -> sqlite3.Connection:
    """Lock the folder through SQLite, whose locks are portable and die with the process.

    Returns:
        A connection that holds the lock until it is closed.

    Raises:
        InputError: Another process holds it, or the folder cannot be written.
    """
    lock = connect(folder / _LOCK)
    lock.isolation_level = None
    try:
        with explained(folder):
            lock.execute("PRAGMA busy_timeout = 200")
            lock.execute("BEGIN EXCLUSIVE")
    except InputError:
        lock.close()
        raise
    return lock


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what SQLite says about the file of a run folder into one sentence."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            why = (
                f"another run is writing to '{folder}'; wait for it or give another folder with -o"
            )
        elif code == sqlite3.SQLITE_FULL:
            why = (
                f"the disk of run folder '{folder}' is full; what was scored is kept, make room "
                "and run the same command again"
            )
        elif code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            why = (
                f"'{folder / FILE}' is damaged or not a score file; remove it or give another "
                "folder"
            )
        else:
            why = (
                f"cannot use the score file in run folder '{folder}' ({error}); check its "
                "permissions and disk, or give another folder"
            )
        raise InputError(why) from error
