"""The SQLite file of a run folder: its tables, its lock, and its complaints in plain words."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from pdbench.errors import InputError

__all__ = ["FILE", "SCHEMA", "VERSION", "check_version", "connect", "explain", "take_lock"]

FILE = "scores.sqlite"

_LOCK = "run.lock"
VERSION = 2
"""Format of the file; raised when the tables change."""

SCHEMA = """
CREATE TABLE score (
    dataset TEXT, image TEXT, image_sha256 TEXT, method TEXT, weights TEXT, seed INTEGER,
    metric TEXT, protocol_hash TEXT, sample INTEGER,
    protocol TEXT NOT NULL, value REAL, reason TEXT NOT NULL, final INTEGER NOT NULL,
    PRIMARY KEY (
        dataset, image, image_sha256, method, weights, seed, metric, protocol_hash, sample
    )
) WITHOUT ROWID;
CREATE TABLE file (
    dataset TEXT, image TEXT, stamp TEXT NOT NULL, sha256 TEXT NOT NULL, pixels INTEGER NOT NULL,
    PRIMARY KEY (dataset, image)
) WITHOUT ROWID;
CREATE TABLE dataset (position INTEGER PRIMARY KEY, id TEXT UNIQUE, record TEXT NOT NULL);
CREATE TABLE method (
    position INTEGER PRIMARY KEY, dataset TEXT, id TEXT, protocol TEXT, record TEXT NOT NULL,
    UNIQUE (dataset, id, protocol)
);
CREATE TABLE metric (position INTEGER PRIMARY KEY, id TEXT UNIQUE, facts TEXT NOT NULL);
CREATE TABLE latest (only INTEGER PRIMARY KEY CHECK (only = 0), dataset TEXT NOT NULL);
"""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the file of a run folder; raises InputError where it cannot be opened."""
    mode = "mode=ro" if read_only else "mode=rwc"
    if read_only and not os.access(path.parent, os.W_OK):
        mode += "&immutable=1"  # a reader of a WAL file otherwise wants to write beside it
    address = f"{path.resolve().as_uri()}?{mode}"
    try:
        return sqlite3.connect(address, uri=True, timeout=10)
    except sqlite3.DatabaseError as error:
        raise explain(error, path.parent) from error


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
        lock.execute("PRAGMA busy_timeout = 200")
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.DatabaseError as error:
        lock.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise InputError(
                f"another run is writing to '{folder}'; wait for it or give another folder with -o"
            ) from None
        raise explain(error, folder) from error
    return lock


def explain(error: sqlite3.DatabaseError, folder: Path) -> InputError:
    """Turn what SQLite says about the file of a run folder into one sentence."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return InputError(
            f"the disk of run folder '{folder}' is full; what was scored is kept, make room and "
            "run the same command again"
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return InputError(
            f"'{folder / FILE}' is damaged or no score file; remove it or give another folder"
        )
    return InputError(
        f"cannot use the score file in run folder '{folder}' ({error}); check its permissions and "
        "disk, or give another folder"
    )


def check_version(version: int, folder: Path) -> None:
    """Refuse a file of another format."""
    if version != VERSION:
        raise InputError(
            f"'{folder / FILE}' was written by another version of pdbench (format {version}, here "
            f"{VERSION}); give another run folder"
        )
