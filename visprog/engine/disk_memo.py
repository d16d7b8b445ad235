"""Results on disk, for the next process and for others beside this one: a SQLite file, bounded in bytes.

Nothing that goes wrong with it stops a run: what cannot be read is computed again, and `tell` says in words
what was found.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import sys
import time
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from visprog.engine.memo import Remembered
from visprog.engine.value_codec import Part, decode, encode, to_png
from visprog.errors import UsageError
from visprog.models.fingerprints import package_version

DEFAULT_DISK_BYTES = 8 * 10**9

_FORMAT = 2
_APPLICATION = 0x76707267  # "vprg": tells the file from those of other programs
_PATIENCE = 5.0
"""Seconds that a process waits for another one to have written."""

_USES = 200
"""So many uses of entries are noted at once: reading must not mean writing."""

_TABLES = """
CREATE TABLE results
    (key BLOB PRIMARY KEY, content TEXT NOT NULL, checksum BLOB NOT NULL, used REAL NOT NULL);
CREATE INDEX results_by_use ON results (used);
CREATE TABLE parts (name TEXT PRIMARY KEY, checksum BLOB NOT NULL, png BLOB NOT NULL);
CREATE TABLE holds (key BLOB NOT NULL, part TEXT NOT NULL, PRIMARY KEY (key, part)) WITHOUT ROWID;
CREATE INDEX holds_by_part ON holds (part);
"""

_ENTRY = """
SELECT content, results.checksum, part, parts.checksum, png
FROM results LEFT JOIN holds USING (key) LEFT JOIN parts ON parts.name = part
WHERE key = ?
"""
"""An entry with its parts: in one statement, as others may make room at any moment."""

_FORGET_PARTS = "DELETE FROM parts WHERE name IN (SELECT part FROM holds WHERE key = ?)"
_HAS_PART = "SELECT 1 FROM parts WHERE name = ?"


def _warn(words: str) -> None:
    warnings.warn(words, RuntimeWarning, stacklevel=2)


class DiskMemo:
    """Keeps results in `folder`, up to about `limit` bytes: the longest unused make room.

    Safe between threads and between processes. A file that is damaged or of another version is set aside,
    never deleted. Raises UsageError where the folder cannot be written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        limit: int = DEFAULT_DISK_BYTES,
        *,
        tell: Callable[[str], None] = _warn,
    ) -> None:
        self.path = Path(folder) / "results.sqlite"
        self._limit = limit
        self._tell = tell
        self._told: set[str] = set()
        self._used: dict[bytes, float] = {}
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._edition = _edition()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except (OSError, sqlite3.Error) as cause:
            what = f"no results can be kept in {self.path.parent}: {_reason(cause)}"
            raise UsageError(what, help="choose another folder") from cause

    def get(self, key: bytes) -> Remembered | None:
        """Return what is kept under the key."""
        own = self._own(key)
        rows = self._read(_ENTRY, own)
        if not rows:
            return None
        try:
            text, checksum = rows[0][:2]
            _check("its text", text.encode(), checksum)
            found = decode(text, _sound(rows).__getitem__)
        except Exception as cause:  # whatever a damaged entry leads to
            reason = f"{cause} is missing" if isinstance(cause, KeyError) else cause
            self._say(f"a result in {self.path} is damaged, and computed again: {reason}")
            self._write(lambda connection: connection.execute(_FORGET_PARTS, (own,)))
            return None  # what is computed is written over it
        with self._lock:
            self._used[own] = time.time()
            if len(self._used) >= _USES:
                self._write()
        return found

    def put(self, key: bytes, entry: Remembered) -> None:
        """Keep an entry, if it is of a kind that can be kept, and not larger than the bound."""
        try:
            text, parts = encode(entry)
        except Exception:  # Unkeepable, and whatever a tool's own values and warnings lead to
            return
        try:
            pngs = {name: to_png(part) for name, part in parts.items() if not self._read(_HAS_PART, name)}
        except (OSError, ValueError):  # a picture larger than PNG can be
            return
        if sum(map(len, pngs.values())) + len(text) <= self._limit:
            own = self._own(key)
            self._write(lambda connection: _insert(connection, own, text, parts, pngs))

    def close(self) -> None:
        """Note which entries were used, and close the file. Nothing is kept or found any more."""
        with self._lock:
            self._leave()

    def _own(self, key: bytes) -> bytes:
        """Return the key in this edition of the engine: another's results are none of this one's."""
        return hashlib.blake2b(key, digest_size=16, key=self._edition).digest()

    def _read(self, query: str, value: object) -> list[Any]:
        with self._lock:  # until it is mended too: other threads have failed at the same file
            try:
                return self._connection.execute(query, (value,)).fetchall() if self._connection else []
            except sqlite3.Error as cause:
                self._mend(cause)
                return []

    def _write(self, work: Callable[[sqlite3.Connection], object] | None = None) -> None:
        """Do some work in one transaction, with what there is to note, and make room."""
        with self._lock:
            if self._connection is None:
                return
            try:
                with _Transaction(self._connection):
                    if work is not None:
                        work(self._connection)
                    _note_uses(self._connection, self._used)
                    self._make_room(self._connection)
            except sqlite3.Error as cause:
                self._mend(cause)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        while _bytes_in_use(connection) > self._limit:
            row = connection.execute("SELECT key FROM results ORDER BY used LIMIT 1").fetchone()
            if row is None:
                return
            connection.execute("DELETE FROM results WHERE key = ?", row)
            connection.execute(
                "DELETE FROM parts WHERE name IN (SELECT part FROM holds WHERE key = ?1) "
                "AND NOT EXISTS (SELECT 1 FROM holds WHERE part = name AND key != ?1)",
                row,
            )
            connection.execute("DELETE FROM holds WHERE key = ?", row)

    def _open(self) -> None:
        """Open the file, or a new one where it cannot be ours."""
        try:
            connection = self._connect()
        except _NotOurs as cause:
            self._set_aside(str(cause))
            connection = self._connect()
        self._connection = connection
        self._finalizer = weakref.finalize(self, _close, connection, self._used)  # at the process's end too

    def _connect(self) -> sqlite3.Connection:
        there = _identity(self.path)
        connection = sqlite3.connect(
            self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._opened = there or _identity(self.path)
        try:
            _prepare(connection)
        except BaseException as cause:
            connection.close()
            if type(cause) is sqlite3.DatabaseError:  # others have classes of their own
                raise _NotOurs(f"is damaged ({cause})") from cause
            raise
        return connection

    def _mend(self, cause: sqlite3.Error) -> None:
        """Go on after a failure of the file: without this entry, and with a new file where it is damaged."""
        if type(cause) is not sqlite3.DatabaseError:
            self._say(f"{self.path} cannot be used: {cause}")
            return
        self._leave()
        try:
            self._set_aside(f"is damaged ({cause})")
            self._open()
        except (OSError, sqlite3.Error) as failure:
            self._say(f"{self.path} is damaged, and nothing is kept or found any more: {_reason(failure)}")

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection = None
            self._finalizer()

    def _set_aside(self, fault: str) -> None:
        """Make room for a new file, unless another process has put one there already."""
        if _identity(self.path) != self._opened:
            return
        place = self.path.with_name(f"{self.path.name}.{time.time_ns():x}.set-aside")
        for ending in ("-wal", "-shm", ""):  # the file itself last: what lies beside it then is a new one's
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{ending}").replace(f"{place}{ending}")
        self._say(f"{self.path} {fault}; it is set aside as {place.name}, and results are kept anew")

    def _say(self, words: str) -> None:
        """Tell it, once."""
        if words not in self._told:
            self._told.add(words)
            self._tell(words)


class _NotOurs(sqlite3.Error):
    """What the file is instead of ours."""


class _Transaction:
    """All of the block is written, or nothing. The lock on the file is taken at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _prepare(connection: sqlite3.Connection) -> None:
    """See whose file it is, and make the tables in a new one. Raises _NotOurs."""
    if not _is_ours(connection):
        with _Transaction(connection):
            if not _is_ours(connection):  # another process may have come first
                for statement in _TABLES.strip().split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # a crash of the machine loses the last entries only
    connection.execute("PRAGMA journal_size_limit = 16000000")


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the file has our tables; a new one has none. Raises _NotOurs for any other."""
    application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    if (application, version) == (_APPLICATION, _FORMAT):
        return True
    if application == _APPLICATION:
        raise _NotOurs(f"was written by another version of VisProg (format {version}, here {_FORMAT})")
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise _NotOurs("is another program's")
    return False


def _insert(
    connection: sqlite3.Connection,
    key: bytes,
    text: str,
    parts: Mapping[str, Part],
    pngs: Mapping[str, bytes],
) -> None:
    """Write an entry. `pngs` has the parts that were not in the file; others may have left it since."""
    connection.execute(
        "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)",
        (key, text, _checksum(text.encode()), time.time()),
    )
    for name, part in parts.items():
        if not connection.execute(_HAS_PART, (name,)).fetchone():
            png = pngs.get(name) or to_png(part)
            connection.execute("INSERT INTO parts VALUES (?, ?, ?)", (name, _checksum(png), png))
        connection.execute("INSERT OR IGNORE INTO holds VALUES (?, ?)", (key, name))


def _reason(failure: Exception) -> object:
    return getattr(failure, "strerror", None) or failure


def _identity(path: Path) -> tuple[int, int] | None:
    """Tell a file from others that have had its name; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _note_uses(connection: sqlite3.Connection, used: dict[bytes, float]) -> None:
    rows = [(at, key) for key, at in used.items()]
    connection.executemany("UPDATE results SET used = ? WHERE key = ?", rows)
    used.clear()


def _close(connection: sqlite3.Connection, used: dict[bytes, float]) -> None:
    with contextlib.suppress(sqlite3.Error), contextlib.closing(connection), _Transaction(connection):
        _note_uses(connection, used)


def _bytes_in_use(connection: sqlite3.Connection) -> int:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _sound(rows: Sequence[Any]) -> dict[str, bytes]:
    """Return an entry's parts by their names. Raises ValueError for one that is damaged.

    PNG's own checks are not enough: Pillow makes other pixels of many a damaged file without a word.
    """
    parts = {}
    for *_, name, checksum, png in rows:
        if png is not None:
            _check(name, png, checksum)
            parts[name] = png
    return parts


def _check(what: str, content: bytes, checksum: bytes) -> None:
    if _checksum(content) != checksum:
        raise ValueError(f"the checksum of {what} is wrong")


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


@cache
def _edition() -> bytes:
    """Hash what results depend on beside their keys: the engine's source, Python, and the base libraries."""
    content = hashlib.blake2b(sys.version.encode(), digest_size=16)
    for package in ("numpy", "pillow", "opencv-python"):
        content.update(f"{package} {package_version(package)}".encode())
    for folder, folders, files in os.walk(Path(__file__).parent.parent, followlinks=True):
        folders.sort()
        for name in sorted(files):
            if name.endswith(".py"):
                content.update(Path(folder, name).read_bytes())
    return content.digest()
