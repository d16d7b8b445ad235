"""The file of a cache: a SQLite database that is trusted in nothing.

Its schema must be ours to the letter, no statement runs without a bound, text comes as bytes, and what is not
ours or damaged is told from what is only busy or full.
"""

from __future__ import annotations

import contextlib
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

FORMAT = 3

_APPLICATION = 0x76707267  # "vprg": tells the file from those of other programs
_PATIENCE = 5.0
"""Seconds to wait for another process to finish writing."""

_STRIDE, _STRIDES = 100_000, 100
"""A piece of work takes at most so many steps of SQLite's virtual machine, counted in strides: of the queries
here none takes a thousandth of that, unless the file is damaged."""

_TABLES = """
CREATE TABLE results
    (key BLOB PRIMARY KEY, content TEXT NOT NULL, checksum BLOB NOT NULL, used REAL NOT NULL);
CREATE INDEX results_by_use ON results (used);
CREATE TABLE parts (name TEXT PRIMARY KEY, checksum BLOB NOT NULL, png BLOB NOT NULL);
CREATE TABLE holds (key BLOB NOT NULL, part TEXT NOT NULL, PRIMARY KEY (key, part)) WITHOUT ROWID;
CREATE INDEX holds_by_part ON holds (part);
CREATE TABLE editions (source BLOB PRIMARY KEY, edition BLOB NOT NULL, checksum BLOB NOT NULL);
"""

_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"

_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
"""What says nothing about the file's content."""

FAILURES = (sqlite3.Error, UnicodeError, OverflowError, MemoryError)
"""What comes of a damaged file, or of one that cannot be used now: SQLite's messages are decoded too."""

SIDECARS = ("-wal", "-shm", "-journal")
"""The endings of the files that SQLite keeps beside a database."""


class NotOurs(sqlite3.DatabaseError):
    """The file is something else than ours, or damaged."""


class Connection(sqlite3.Connection):
    """A connection on which each piece of work is bounded."""

    _spent = 0

    def begin_work(self) -> None:
        """Start counting anew."""
        self._spent = 0

    def bound(self) -> None:
        """From now on interrupt what takes too many steps."""
        self.set_progress_handler(self._stride, _STRIDE)

    def _stride(self) -> bool:
        self._spent += 1
        return self._spent > _STRIDES


class Transaction:
    """Writes all of the block, or nothing. The lock on the file is taken at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def connect(path: Path) -> Connection:
    """Open the file, or make it. Raises NotOurs if it cannot be used, and another error if it cannot now."""
    check_is_a_file(path)
    connection = sqlite3.connect(
        path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, factory=Connection
    )
    try:
        connection.text_factory = bytes  # what is no text in UTF-8 is then a damaged entry, not an error
        connection.bound()
        _prepare(connection)
    except FAILURES as cause:
        _close_quietly(connection)
        if isinstance(cause, NotOurs) or not is_damage(cause):
            raise
        raise NotOurs(f"is damaged ({cause})") from cause
    except BaseException:
        _close_quietly(connection)
        raise
    return connection


def check_is_a_file(path: Path) -> None:
    """Raise NotOurs for a link, a pipe or a folder, there or at a place where SQLite would write too."""
    for each in (path, *(Path(f"{path}{ending}") for ending in SIDECARS)):
        if each.is_symlink():
            raise NotOurs("is a link" if each == path else f"has a link beside it, {each.name}")
        if each.exists() and not each.is_file():
            raise NotOurs(
                "is not a file" if each == path else f"has {each.name} beside it, which is not a file"
            )


def is_damage(error: Exception) -> bool:
    """Tell what is wrong with the file from what is wrong for now: locks, permissions, memory, the disk."""
    if isinstance(error, MemoryError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or (code & 0xFF) not in _PASSING


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """Return the number that a pragma gives."""
    row = connection.execute(f"PRAGMA {name}").fetchone()
    if row is None or not isinstance(row[0], int):
        raise NotOurs(f"is damaged (it has no {name})")
    return row[0]


def _prepare(connection: Connection) -> None:
    """Check that the file is ours, and make the tables in a new one. Raises NotOurs."""
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {setting}")
    if not _is_ours(connection):
        with Transaction(connection):
            if not _is_ours(connection):  # another process may have come first
                _make_tables(connection)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a crash of the machine loses the last entries only
    connection.execute("PRAGMA journal_size_limit = 16000000")


def _is_ours(connection: Connection) -> bool:
    """Return whether the file has our tables; a new one has none. Raises NotOurs for any other."""
    application, version = pragma(connection, "application_id"), pragma(connection, "user_version")
    schema = connection.execute(_SCHEMA).fetchall()
    if (application, version) == (_APPLICATION, FORMAT):
        if schema != _expected_schema():
            raise NotOurs("is damaged (its tables are not as they were made)")
        return True
    if application == _APPLICATION:
        raise NotOurs(f"was written by another version of VisProg (format {version}, here {FORMAT})")
    if schema:
        raise NotOurs("is another program's")
    return False


@cache
def _expected_schema() -> list[Any]:
    made = sqlite3.connect(":memory:", isolation_level=None)
    try:
        made.text_factory = bytes
        _make_tables(made)
        return made.execute(_SCHEMA).fetchall()
    finally:
        made.close()


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.strip().split(";\n"):
        connection.execute(statement)


def _close_quietly(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):  # what it still wanted to write is damaged too
        connection.close()
