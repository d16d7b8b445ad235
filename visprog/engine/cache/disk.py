"""The results of steps on disk, for later and other processes: a SQLite file of bounded size.

A problem with the file never stops a run. Results that cannot be read are computed again, and `tell` is
called with a message.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

from visprog.engine.cache.codec import Part, decode, encode, to_png
from visprog.engine.cache.edition import edition, source_digest
from visprog.engine.cache.file import (
    FAILURES,
    SIDECARS,
    Connection,
    NotACache,
    Transaction,
    connect,
    is_damage,
    pragma,
)
from visprog.engine.cache.memory import CacheEntry
from visprog.errors import UsageError

DEFAULT_DISK_BYTES = 8 * 10**9
"""Maximum size of the file, about, if the user sets none."""

_USES = 200
"""Number of uses of entries that are recorded together, so that not every read causes a write."""

_ENTRY = """
SELECT content, results.checksum, part, parts.checksum, png
FROM results LEFT JOIN holds USING (key) LEFT JOIN parts ON parts.name = part
WHERE key = ?
"""
"""Reads an entry with its parts in one statement, as other processes may remove it at any moment."""

_FORGET_PARTS = "DELETE FROM parts WHERE name IN (SELECT part FROM holds WHERE key = ?)"
_HAS_PART = "SELECT 1 FROM parts WHERE name = ?"
_EDITION = "SELECT edition, checksum FROM editions WHERE source = ?"


def _warn(words: str) -> None:
    warnings.warn(words, RuntimeWarning, stacklevel=2)


class DiskMemo:
    """Keeps results in `folder`, up to about `limit` bytes; the least recently used are removed first.

    Safe between threads and between processes. If the file is damaged, a link or of another version, it is
    renamed; it is never deleted or written to. Raises UsageError if the folder cannot be written.
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
        self._connection: Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._known_edition: bytes | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except (OSError, *FAILURES) as cause:
            what = f"{self.path.parent} cannot be used as a cache: {_reason(cause)}"
            raise UsageError(what, help="choose another folder") from cause

    def get(self, key: bytes) -> CacheEntry | None:
        """Return the entry under the key, if there is one."""
        own = self._own(key)
        rows = self._read(_ENTRY, own)
        if not rows:
            return None
        try:
            text, checksum = rows[0][:2]
            _check("its text", own, text, checksum)
            found = decode(text.decode(), _checked_parts(rows).__getitem__)
        except Exception as cause:  # a damaged entry may raise any error
            reason = f"{cause} is missing" if isinstance(cause, KeyError) else cause
            self._say(f"a result in {self.path} is damaged and will be computed again: {reason}")
            self._write(lambda connection: connection.execute(_FORGET_PARTS, (own,)))
            return None  # the computed result will replace it
        with self._lock:
            self._used[own] = time.time()
            if len(self._used) >= _USES:
                self._write()
        return found

    def put(self, key: bytes, entry: CacheEntry) -> None:
        """Keep an entry, if its type is supported and it is not larger than the limit."""
        try:
            text, parts = encode(entry)
        except Exception:  # UnsupportedValue; and a custom tool's values and warnings may raise any error
            return
        try:
            pngs = {name: to_png(part) for name, part in parts.items() if not self._read(_HAS_PART, name)}
        except (OSError, ValueError):  # the picture is too large for PNG
            return
        if sum(map(len, pngs.values())) + len(text) <= self._limit:
            own = self._own(key)
            self._write(lambda connection: _insert(connection, own, text, parts, pngs))

    def close(self) -> None:
        """Record which entries were used, and close the file. The cache is empty afterwards."""
        with self._lock:
            self._leave()

    def _own(self, key: bytes) -> bytes:
        """Return the key in this edition of the engine, as results of other editions are not reused."""
        if self._known_edition is None:
            self._known_edition = self._find_edition()
        return hashlib.blake2b(key, digest_size=16, key=self._known_edition).digest()

    def _find_edition(self) -> bytes:
        """Return the edition. The file keeps it for the same sources, as computing it takes a while."""
        source = source_digest()
        for found, checksum in self._read(_EDITION, source):
            if isinstance(found, bytes) and _checksum(source, found) == checksum:
                return found
        found = edition()
        row = (source, found, _checksum(source, found))
        self._write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO editions VALUES (?, ?, ?)", row)
        )
        return found

    def _read(self, query: str, value: object) -> list[Any]:
        with self._lock:  # held during the repair too: other threads fail with the same file
            if self._connection is None:
                return []
            try:
                self._connection.begin_work()
                return self._connection.execute(query, (value,)).fetchall()
            except FAILURES as cause:
                self._recover(cause)
                return []

    def _write(self, work: Callable[[Connection], object] | None = None) -> None:
        """Do some work in one transaction, record the uses, and remove entries above the limit."""
        with self._lock:
            if self._connection is None:
                return
            try:
                self._connection.begin_work()
                with Transaction(self._connection):
                    if work is not None:
                        work(self._connection)
                    _record_uses(self._connection, self._used)
                    self._make_room(self._connection)
            except FAILURES as cause:
                self._recover(cause)

    def _make_room(self, connection: Connection) -> None:
        while _bytes_in_use(connection) > self._limit:
            connection.begin_work()
            row = connection.execute("SELECT key FROM results ORDER BY used LIMIT 1").fetchone()
            if row is None:
                return
            removed = connection.execute("DELETE FROM results WHERE key = ?", row).rowcount
            if removed != 1:
                raise NotACache("an index does not match its table")
            connection.execute(
                "DELETE FROM parts WHERE name IN (SELECT part FROM holds WHERE key = ?1) "
                "AND NOT EXISTS (SELECT 1 FROM holds WHERE part = name AND key != ?1)",
                row,
            )
            connection.execute("DELETE FROM holds WHERE key = ?", row)

    def _open(self) -> None:
        """Open the file. If it is not a cache, rename it and open a new one."""
        self._opened = _identity(self.path)
        try:
            connection = connect(self.path)
        except NotACache as cause:
            self._set_aside(str(cause))
            self._opened = None
            connection = connect(self.path)
        self._opened = self._opened or _identity(self.path)
        self._connection = connection
        self._finalizer = weakref.finalize(self, _close, connection, self._used)  # also when the process ends

    def _recover(self, cause: Exception) -> None:
        """Continue after a failure: without this entry, or with a new file if this one is damaged."""
        if not is_damage(cause):
            self._say(f"{self.path} cannot be used: {cause}")
            return
        self._leave()
        try:
            self._set_aside(f"is damaged ({cause})")
            self._open()
        except (OSError, *FAILURES) as failure:
            self._say(f"{self.path} is damaged and no longer used: {_reason(failure)}")

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection = None
            self._finalizer()

    def _set_aside(self, fault: str) -> None:
        """Rename the file, unless another process has already replaced it."""
        if _identity(self.path) != self._opened:
            return
        place = self.path.with_name(f"{self.path.name}.{time.time_ns():x}.set-aside")
        for ending in (*SIDECARS, ""):  # the file itself last: from then on the others belong to a new file
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{ending}").replace(f"{place}{ending}")
        self._say(f"{self.path} {fault}; it was renamed to {place.name}, and a new file was started")

    def _say(self, words: str) -> None:
        """Report a message once."""
        if words not in self._told:
            self._told.add(words)
            self._tell(words)


def _insert(
    connection: Connection,
    key: bytes,
    text: str,
    parts: Mapping[str, Part],
    pngs: Mapping[str, bytes],
) -> None:
    """Write an entry. `pngs` has the parts that were missing in the file; more may be missing now."""
    connection.execute(
        "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)",
        (key, text, _checksum(key, text.encode()), time.time()),
    )
    for name, part in parts.items():
        if not connection.execute(_HAS_PART, (name,)).fetchone():
            png = pngs.get(name) or to_png(part)
            connection.execute(
                "INSERT INTO parts VALUES (?, ?, ?)", (name, _checksum(name.encode(), png), png)
            )
        connection.execute("INSERT OR IGNORE INTO holds VALUES (?, ?)", (key, name))


def _reason(failure: Exception) -> object:
    return getattr(failure, "strerror", None) or failure


def _identity(path: Path) -> tuple[int, int] | None:
    """Return the identity of the file at a path; None if there is none."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _record_uses(connection: Connection, used: dict[bytes, float]) -> None:
    rows = [(at, key) for key, at in used.items()]
    connection.executemany("UPDATE results SET used = ? WHERE key = ?", rows)
    used.clear()


def _close(connection: Connection, used: dict[bytes, float]) -> None:
    connection.begin_work()
    with contextlib.suppress(*FAILURES), contextlib.closing(connection), Transaction(connection):
        _record_uses(connection, used)


def _bytes_in_use(connection: Connection) -> int:
    pages = pragma(connection, "page_count") - pragma(connection, "freelist_count")
    return pages * pragma(connection, "page_size")


def _checked_parts(rows: Sequence[Any]) -> dict[str, bytes]:
    """Return an entry's parts by their names. Raises ValueError if one is damaged.

    The checks of PNG are not enough: Pillow reads wrong pixels from many damaged files without an error.
    """
    parts = {}
    for *_, name, checksum, png in rows:
        if png is not None:
            _check(name.decode(errors="replace"), name, png, checksum)
            parts[name.decode()] = png
    return parts


def _check(what: str, name: object, content: object, checksum: object) -> None:
    if not isinstance(name, bytes) or not isinstance(content, bytes):
        raise TypeError(f"{what} has another type")
    if _checksum(name, content) != checksum:
        raise ValueError(f"the checksum of {what} is wrong")


def _checksum(name: bytes, content: bytes) -> bytes:
    """Hash content together with its name, as a damaged index may lead to the content of another name."""
    digest = hashlib.blake2b(len(name).to_bytes(8), digest_size=16)
    digest.update(name)
    digest.update(content)
    return digest.digest()
