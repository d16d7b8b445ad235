"""The file of a cache: a SQLite database that is not trusted.

Its schema must be exactly ours, every statement is bounded, and text is read as bytes. A file that is damaged
or not a cache is distinguished from one that is only busy or full.
"""

from __future__ import annotations

import contextlib
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

FORMAT = 3

_APPLICATION = 0x76707267  # "vprg": distinguishes the file from those of other programs

LOCK_SECONDS = 5.0
"""Seconds to wait for another process to finish writing."""

_STRIDE, _STRIDES = 100_000, 100
"""Steps of SQLite's virtual machine in a stride, and maximum number of strides for a piece of work.

No query takes a thousandth of that, unless the file is damaged.
"""

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
"""Error codes that do not mean that the file is damaged."""

FAILURES = (sqlite3.Error, UnicodeError, OverflowError, MemoryError)
"""The errors that a damaged or unusable file causes. Python decodes SQLite's messages, which may fail too."""

SIDECARS = ("-wal", "-shm", "-journal")
"""The endings of the files that SQLite keeps next to a database."""


class NotACache(sqlite3.DatabaseError):
    """The file is not a cache of this version, or is damaged."""


class Connection(sqlite3.Connection):
    """A connection that bounds each piece of work."""

    _spent = 0

    def begin_work(self) -> None:
        """Start a new piece of work."""
        self._spent = 0

    def bound(self) -> None:
        """Interrupt work that takes too many steps, from now on."""
        self.set_progress_handler(self._stride, _STRIDE)

    def _stride(self) -> bool:
        self._spent += 1
        return self._spent > _STRIDES


class Transaction:
    """Writes all of the block, or nothing. The file is locked immediately."""

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
    """Open or create the file. Raises NotACache, or another error if the file cannot be used now."""
    check_is_a_file(path)
    connection = sqlite3.connect(
        path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False, factory=Connection
    )
    try:
        connection.text_factory = bytes  # invalid UTF-8 is then a damaged entry, not an error
        connection.bound()
        _prepare(connection)
    except FAILURES as cause:
        _close_quietly(connection)
        if isinstance(cause, NotACache) or not is_damage(cause):
            raise
        raise NotACache(f"is damaged ({cause})") from cause
    except BaseException:
        _close_quietly(connection)
        raise
    return connection


def check_is_a_file(path: Path) -> None:
    """Raise NotACache if the path, or another path to which SQLite writes, is a link, a pipe or a folder."""
    for each in (path, *(Path(f"{path}{ending}") for ending in SIDECARS)):
        if each.is_symlink():
            raise NotACache("is a link" if each == path else f"has a link next to it, {each.name}")
        if each.exists() and not each.is_file():
            raise NotACache(
                "is not a file" if each == path else f"has {each.name} next to it, which is not a file"
            )


def is_damage(error: Exception) -> bool:
    """Return whether the file is damaged; not locked, unreadable, or without memory or disk space."""
    if isinstance(error, MemoryError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or (code & 0xFF) not in _PASSING


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """Return the value of a pragma, which is a number."""
    row = connection.execute(f"PRAGMA {name}").fetchone()
    if row is None or not isinstance(row[0], int):
        raise NotACache(f"is damaged (it has no {name})")
    return row[0]


def _prepare(connection: Connection) -> None:
    """Check that the file is a cache, and make the tables in a new file. Raises NotACache."""
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {setting}")
    if not _is_ours(connection):
        with Transaction(connection):
            if not _is_ours(connection):  # another process may have been first
                _make_tables(connection)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a crash of the machine loses only the last entries
    connection.execute("PRAGMA journal_size_limit = 16000000")


def _is_ours(connection: Connection) -> bool:
    """Return whether the file has our tables; a new file has none. Raises NotACache for any other file."""
    application, version = pragma(connection, "application_id"), pragma(connection, "user_version")
    schema = connection.execute(_SCHEMA).fetchall()
    if (application, version) == (_APPLICATION, FORMAT):
        if schema != _expected_schema():
            raise NotACache("is damaged (its tables have been changed)")
        return True
    if application == _APPLICATION:
        raise NotACache(f"was written by another version of VisProg (format {version}, here {FORMAT})")
    if schema:
        raise NotACache("belongs to another program")
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
    with contextlib.suppress(sqlite3.Error):  # its last writes may fail too
        connection.close()
