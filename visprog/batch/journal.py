"""The journal of a batch: a line for each finished task, written as soon as it is finished.

Each line is written by one system call, so that no written line is lost when the process is killed; every
few seconds the file is forced to the disk, in case the machine itself stops. A line that was cut off, or
whose checksum is wrong, counts as not written, and its task is run again. The header, which names the
configuration, is written twice.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO
from zlib import crc32

from visprog.batch.configuration import Configuration, differences
from visprog.batch.outcome import Outcome
from visprog.errors import OutputError, UsageError
from visprog.printable import json_text

FORMAT = "visprog-batch/3"
"""Tells this layout from later ones."""

_BEGINNING = b'{"format": "visprog-batch/'

_HEADER = re.compile(rb'\{"format": "(visprog-batch/[^"]*)"')

_START = re.compile(rb'\{"(?:format|key)": "')
"""How every line begins."""

_HEADERS = 2
"""So many copies of the header are written."""

_SEAL = b', "checksum": "%08x"}'
"""Ends each line, in place of its last brace: the CRC-32 of the line without it."""

_SEAL_LENGTH = len(_SEAL % 0)

FORCED_EVERY = 5.0
"""Seconds."""


class Journal:
    """The finished tasks, by their keys.

    Raises UsageError if another process writes the journal, if the file is not a journal, or if it was begun
    with another configuration and `changes_allowed` is not set. `is_new` says that there was no file, and
    `damaged` counts the lines that were found damaged.
    """

    def __init__(self, path: Path, configuration: Configuration, *, changes_allowed: bool = False) -> None:
        self.path = path
        self.damaged = 0
        self._places: dict[bytes, int] = {}
        self._lengths: dict[int, int] = {}
        self._failed: set[bytes] = set()
        self._last: Configuration | None = None
        self._copies = 0
        self.is_new = not os.path.lexists(path)
        self._file = _open(path)
        try:
            _lock(self._file, path)
            self._end = self._read()
            self._begin(configuration, changes_allowed)
        except BaseException:
            self._file.close()
            raise
        self._forced = monotonic()

    def __len__(self) -> int:
        return len(self._places)

    def has(self, key: bytes) -> bool:
        """Whether the task is finished."""
        return key in self._places

    def failed(self, key: bytes) -> bool:
        """Whether the task is finished, without a result."""
        return key in self._failed

    def add(self, key: bytes, outcome: Outcome) -> None:
        """Write down the outcome of a task; a transient one is forgotten at the end. Raises OutputError."""
        place = self._end
        facts: dict[str, Any] = {
            "key": key.hex(),
            "seconds": round(outcome.seconds, 6),
            "input_tokens": outcome.tokens.input_tokens,
            "output_tokens": outcome.tokens.output_tokens,
        }
        if outcome.files:
            facts["kept"] = outcome.files
        if outcome.transient:
            facts["transient"] = True
        self._append({**facts, "record": outcome.record})
        self._note(key, place, outcome.ok)
        if monotonic() - self._forced > FORCED_EVERY:
            self._force()

    def read(self, key: bytes) -> dict[str, Any]:
        """Return the line of a finished task. Raises OutputError if it was damaged since it was written."""
        place = self._places[key]
        self._file.seek(place)
        try:
            line = _line(self._file)[: self._lengths.get(place)]
            found: dict[str, Any] = json.loads(_unsealed(line))
            if found["key"] != key.hex():
                raise ValueError("a line has moved")
        except (ValueError, KeyError, TypeError) as cause:
            raise OutputError(
                f"{self.path} was damaged: {cause}",
                help="run the same command again: it repeats the task of that line",
            ) from cause
        return found

    def close(self) -> None:
        """Force everything to the disk, and let another process have the journal."""
        if not self._file.closed:
            self._force()
            self._file.close()

    def _read(self) -> int:
        """Read all lines, and cut off one that was not written to its end. Return where to go on."""
        self._file.seek(0)
        place, first, valid, cut = 0, b"", 0, False
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                first = first or line
                cut = not line.endswith(b"\n")
                if cut:
                    break
                valid += self._take(line[:-1], place)
                place += len(line)
        if (
            first
            and not valid
            and not (cut and not place and _BEGINNING.startswith(first[: len(_BEGINNING)]))
        ):
            raise _foreign(self.path, first)
        if cut:
            self._file.truncate(place)
        return place

    def _take(self, line: bytes, place: int) -> bool:
        """Take in a line; return whether any of it is valid."""
        if self._take_sound(line, place):
            return True
        self.damaged += 1
        pieces = _pieces(line)
        sound = [self._take_sound(line[start:end], place + start, cut=True) for start, end in pieces]
        return any(sound)

    def _take_sound(self, line: bytes, place: int, *, cut: bool = False) -> bool:
        """Take in a line if its checksum is right: a damaged one counts for nothing."""
        try:
            found = json.loads(_unsealed(line))
            if "format" in found:
                self._take_header(found)
                return True
            key, ok = bytes.fromhex(found["key"]), bool(found["record"]["ok"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        if found.get("transient"):  # the task is to be run again
            self._places.pop(key, None)
            self._failed.discard(key)
            return True
        self._note(key, place, ok)
        if cut:
            self._lengths[place] = len(line)
        return True

    def _take_header(self, header: Mapping[str, Any]) -> None:
        if header["format"] != FORMAT:
            raise _of_another_version(self.path, header["format"])
        same = self._last == header["configuration"]
        self._copies = self._copies + 1 if same else 1
        self._last = header["configuration"]

    def _begin(self, configuration: Configuration, changes_allowed: bool) -> None:
        """Write the header if it is new, changed or lost. It stands there twice, in case one is damaged.

        If both are lost, nothing goes wrong: a task's key depends on the configuration too.
        """
        if self._last is not None and self._last != configuration:
            if not changes_allowed:
                raise UsageError(
                    f"the batch in {self.path.parent} was started with other settings: "
                    f"{differences(self._last, configuration)}",
                    help="use the same settings or another folder; or add `--allow-changes` to rerun the "
                    "affected tasks",
                )
            self._copies = 0
        self._last = configuration
        while self._copies < _HEADERS:
            self._append({"format": FORMAT, "configuration": configuration})
            self._copies += 1

    def _note(self, key: bytes, place: int, ok: bool) -> None:
        self._places[key] = place
        if ok:
            self._failed.discard(key)
        else:
            self._failed.add(key)

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = _sealed(json_line(entry)) + b"\n"
        try:
            written = self._file.write(line)
            if written != len(line):
                self._file.truncate(self._end)
                raise OSError(0, "the disk is full")
        except OSError as cause:
            raise OutputError(f"{self.path} cannot be written: {cause.strerror}", help="make room") from cause
        self._end += len(line)

    def _force(self) -> None:
        os.fsync(self._file.fileno())
        self._forced = monotonic()


def json_line(entry: Mapping[str, Any]) -> bytes:
    """Return JSON in one line; what JSON has no name for stands as text."""
    try:
        text = json_text(entry, indent=None, allow_nan=False, default=repr)
    except ValueError:
        text = json_text(_finite(entry), indent=None, default=repr)
    return text.encode()


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return str(value) if isinstance(value, float) and value - value != 0 else value


def _open(path: Path) -> BinaryIO | Any:
    """Open the journal, or make it; never follow a link, and never wait on a pipe."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UsageError(f"{path} is not a regular file", help="remove it, or choose another folder")
        return os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)
    except OSError as cause:
        raise UsageError(
            f"{path} cannot be written: {cause.strerror}", help="choose another folder"
        ) from cause


def _foreign(path: Path, first: bytes) -> UsageError:
    header = _HEADER.match(first)
    version = header[1].decode(errors="replace") if header else FORMAT
    if version != FORMAT:
        return _of_another_version(path, version)
    what = f"{path} is not the journal of a batch, or all of its lines are damaged"
    return UsageError(what, help="choose another folder, or move the file away to run all tasks again")


def _of_another_version(path: Path, version: str) -> UsageError:
    return UsageError(
        f"{path} was written by another version of VisProg ({version}, here {FORMAT})",
        help="finish it with that version, or choose another folder",
    )


def _pieces(line: bytes) -> list[tuple[int, int]]:
    """Return where the lines may be that became one when the line break between them was damaged."""
    starts = [found.start() for found in _START.finditer(line)]
    ends = [start - 1 for start in starts[1:]]
    return list(zip(starts, [*ends, len(line)], strict=True)) if starts else []


def _sealed(content: bytes) -> bytes:
    return content[:-1] + _SEAL % crc32(content)


def _unsealed(line: bytes) -> bytes:
    """Return a line as it was before it was sealed. Raises ValueError where it was damaged since."""
    content = line[:-_SEAL_LENGTH] + b"}"
    if _sealed(content) != line:
        raise ValueError("the checksum of a line is wrong")
    return content


def _line(file: Any) -> bytes:
    """Read a line at once: an unbuffered file would be asked for every byte."""
    parts = [file.read(4096)]
    while parts[-1] and b"\n" not in parts[-1]:
        parts.append(file.read(65536))
    return b"".join(parts).partition(b"\n")[0]


def _lock(file: BinaryIO | Any, path: Path) -> None:
    """Keep other processes out until this one ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; two batches in one folder are then the user's care
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        raise UsageError(f"another batch is at work in {path.parent}", help="wait for its end") from cause
