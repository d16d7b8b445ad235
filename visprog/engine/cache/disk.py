"""Results on disk, for the next process and for others beside this one: a SQLite file, bounded in bytes.

Nothing that goes wrong with it stops a run: what cannot be read is computed again, and `tell` says in words
what was found.
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
    NotOurs,
    Transaction,
    connect,
    is_damage,
    pragma,
)
from visprog.engine.cache.memory import CacheEntry
from visprog.errors import UsageError

DEFAULT_DISK_BYTES = 8 * 10**9

_USES = 200
"""Uses of entries are noted so many at once: reading must not mean writing."""

_ENTRY = """
SELECT content, results.checksum, part, parts.checksum, png
FROM results LEFT JOIN holds USING (key) LEFT JOIN parts ON parts.name = part
WHERE key = ?
"""
"""An entry with its parts: in one statement, as others may make room at any moment."""

_FORGET_PARTS = "DELETE FROM parts WHERE name IN (SELECT part FROM holds WHERE key = ?)"
_HAS_PART = "SELECT 1 FROM parts WHERE name = ?"
_EDITION = "SELECT edition, checksum FROM editions WHERE source = ?"


def _warn(words: str) -> None:
    warnings.warn(words, RuntimeWarning, stacklevel=2)


class DiskMemo:
    """Keeps results in `folder`, up to about `limit` bytes: the longest unused make room.

    Safe between threads and between processes. A file that is damaged, of another version or a link is set
    aside, never deleted or written through. Raises UsageError if the folder cannot be written.
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
            what = f"no results can be kept in {self.path.parent}: {_reason(cause)}"
            raise UsageError(what, help="choose another folder") from cause

    def get(self, key: bytes) -> CacheEntry | None:
        """Return what is kept under the key."""
        own = self._own(key)
        rows = self._read(_ENTRY, own)
        if not rows:
            return None
        try:
            text, checksum = rows[0][:2]
            _check("its text", own, text, checksum)
            found = decode(text.decode(), _sound(rows).__getitem__)
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

    def put(self, key: bytes, entry: CacheEntry) -> None:
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
        """Return the key in this edition of the engine. Results of other editions are not reused."""
        if self._known_edition is None:
            self._known_edition = self._find_edition()
        return hashlib.blake2b(key, digest_size=16, key=self._known_edition).digest()

    def _find_edition(self) -> bytes:
        """Return the edition, which the file knows for the same sources: working it out takes a while."""
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
        with self._lock:  # until it is mended too: other threads have failed at the same file
            if self._connection is None:
                return []
            try:
                self._connection.begin_work()
                return self._connection.execute(query, (value,)).fetchall()
            except FAILURES as cause:
                self._mend(cause)
                return []

    def _write(self, work: Callable[[Connection], object] | None = None) -> None:
        """Do some work in one transaction, note the uses, and make room."""
        with self._lock:
            if self._connection is None:
                return
            try:
                self._connection.begin_work()
                with Transaction(self._connection):
                    if work is not None:
                        work(self._connection)
                    _note_uses(self._connection, self._used)
                    self._make_room(self._connection)
            except FAILURES as cause:
                self._mend(cause)

    def _make_room(self, connection: Connection) -> None:
        while _bytes_in_use(connection) > self._limit:
            connection.begin_work()
            row = connection.execute("SELECT key FROM results ORDER BY used LIMIT 1").fetchone()
            if row is None:
                return
            removed = connection.execute("DELETE FROM results WHERE key = ?", row).rowcount
            if removed != 1:
                raise NotOurs("an index does not fit its table")
            connection.execute(
                "DELETE FROM parts WHERE name IN (SELECT part FROM holds WHERE key = ?1) "
                "AND NOT EXISTS (SELECT 1 FROM holds WHERE part = name AND key != ?1)",
                row,
            )
            connection.execute("DELETE FROM holds WHERE key = ?", row)

    def _open(self) -> None:
        """Open the file, or a new one if it cannot be ours."""
        self._opened = _identity(self.path)
        try:
            connection = connect(self.path)
        except NotOurs as cause:
            self._set_aside(str(cause))
            self._opened = None
            connection = connect(self.path)
        self._opened = self._opened or _identity(self.path)
        self._connection = connection
        self._finalizer = weakref.finalize(self, _close, connection, self._used)  # at the process's end too

    def _mend(self, cause: Exception) -> None:
        """Go on after a failure: without this entry, and with a new file if this one is damaged."""
        if not is_damage(cause):
            self._say(f"{self.path} cannot be used: {cause}")
            return
        self._leave()
        try:
            self._set_aside(f"is damaged ({cause})")
            self._open()
        except (OSError, *FAILURES) as failure:
            self._say(f"{self.path} is damaged; nothing is kept or found any more: {_reason(failure)}")

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection = None
            self._finalizer()

    def _set_aside(self, fault: str) -> None:
        """Make room for a new file, unless another process has put one there already."""
        if _identity(self.path) != self._opened:
            return
        place = self.path.with_name(f"{self.path.name}.{time.time_ns():x}.set-aside")
        for ending in (*SIDECARS, ""):  # the file itself last: what lies beside it then is a new one's
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{ending}").replace(f"{place}{ending}")
        self._say(f"{self.path} {fault}; it is set aside as {place.name}, and a new one is begun")

    def _say(self, words: str) -> None:
        """Tell it, once."""
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
    """Write an entry. `pngs` has the parts that were not in the file; others may have left it since."""
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
    """Tell a file from others that have had its name; None where there is none."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _note_uses(connection: Connection, used: dict[bytes, float]) -> None:
    rows = [(at, key) for key, at in used.items()]
    connection.executemany("UPDATE results SET used = ? WHERE key = ?", rows)
    used.clear()


def _close(connection: Connection, used: dict[bytes, float]) -> None:
    connection.begin_work()
    with contextlib.suppress(*FAILURES), contextlib.closing(connection), Transaction(connection):
        _note_uses(connection, used)


def _bytes_in_use(connection: Connection) -> int:
    pages = pragma(connection, "page_count") - pragma(connection, "freelist_count")
    return pages * pragma(connection, "page_size")


def _sound(rows: Sequence[Any]) -> dict[str, bytes]:
    """Return an entry's parts by their names. Raises ValueError for one that is damaged.

    PNG's own checks are not enough: Pillow makes other pixels of many a damaged file without a word.
    """
    parts = {}
    for *_, name, checksum, png in rows:
        if png is not None:
            _check(name.decode(errors="replace"), name, png, checksum)
            parts[name.decode()] = png
    return parts


def _check(what: str, name: object, content: object, checksum: object) -> None:
    if not isinstance(name, bytes) or not isinstance(content, bytes):
        raise TypeError(f"{what} is not of its type")
    if _checksum(name, content) != checksum:
        raise ValueError(f"the checksum of {what} is wrong")


def _checksum(name: bytes, content: bytes) -> bytes:
    """Hash content together with the name under which it is found: a damaged index leads to another's."""
    digest = hashlib.blake2b(len(name).to_bytes(8), digest_size=16)
    digest.update(name)
    digest.update(content)
    return digest.digest()
