"""The journal of a batch: a line for each finished task, written as soon as the task is finished.

Each line is written by one system call, so that no written line is lost if the process is killed. Every few
seconds the file is flushed to the disk, in case the machine stops. An incomplete line, or a line with a wrong
checksum, is ignored, and its task is run again. The header, which contains the configuration, is written
twice.
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
"""The version of the format."""

_FORMAT_START = b'{"format": "visprog-batch/'

_HEADER = re.compile(rb'\{"format": "(visprog-batch/[^"]*)"')

_LINE_START = re.compile(rb'\{"(?:format|key)": "')
"""The beginning of every line."""

_HEADER_COPIES = 2
"""Number of copies of the header."""

_CHECKSUM = b', "checksum": "%08x"}'
"""The end of each line, instead of its last brace: the CRC-32 of the line without the checksum."""

_CHECKSUM_LENGTH = len(_CHECKSUM % 0)

FLUSH_INTERVAL = 5.0
"""Seconds between two flushes of the journal to the disk."""


class Journal:
    """The finished tasks, by their keys.

    `is_new` tells whether the file was created. `damaged` is the number of damaged lines.

    Raises UsageError if another process writes the journal, if the file is not a journal, or if it was
    started with another configuration and `changes_allowed` is false.
    """

    def __init__(self, path: Path, configuration: Configuration, *, changes_allowed: bool = False) -> None:
        self.path = path
        self.damaged = 0
        self._positions: dict[bytes, int] = {}
        self._lengths: dict[int, int] = {}
        self._failed: set[bytes] = set()
        self._configuration: Configuration | None = None
        self._header_copies = 0
        self.is_new = not os.path.lexists(path)
        self._file = _open(path)
        try:
            _lock(self._file, path)
            self._end = self._read()
            self._write_header(configuration, changes_allowed)
        except BaseException:
            self._file.close()
            raise
        self._flushed = monotonic()

    def __len__(self) -> int:
        return len(self._positions)

    def has(self, key: bytes) -> bool:
        """Return whether a task is finished."""
        return key in self._positions

    def failed(self, key: bytes) -> bool:
        """Return whether a task is finished without a result."""
        return key in self._failed

    def add(self, key: bytes, outcome: Outcome) -> None:
        """Write the outcome of a task. The next journal ignores a transient outcome. Raises OutputError."""
        position = self._end
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
        self._note(key, position, outcome.ok)
        if monotonic() - self._flushed > FLUSH_INTERVAL:
            self._flush()

    def read(self, key: bytes) -> dict[str, Any]:
        """Return the line of a finished task. Raises OutputError if it has been damaged."""
        position = self._positions[key]
        self._file.seek(position)
        try:
            line = _read_line(self._file)[: self._lengths.get(position)]
            found: dict[str, Any] = json.loads(_without_checksum(line))
            if found["key"] != key.hex():
                raise ValueError("a line is not where it was written")
        except (ValueError, KeyError, TypeError) as cause:
            raise OutputError(
                f"{self.path} was damaged: {cause}",
                help="run the same command again; it repeats the task of this line",
            ) from cause
        return found

    def close(self) -> None:
        """Flush the journal to the disk and close it. Another process can then open it."""
        if not self._file.closed:
            self._flush()
            self._file.close()

    def _read(self) -> int:
        """Read all lines, and remove an incomplete last one. Return the position for the next line."""
        self._file.seek(0)
        position, first, valid, incomplete = 0, b"", 0, False
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                first = first or line
                incomplete = not line.endswith(b"\n")
                if incomplete:
                    break
                valid += self._add_line(line[:-1], position)
                position += len(line)
        is_first_incomplete = incomplete and not position
        if first and not valid and not (is_first_incomplete and _may_be_header(first)):
            raise _not_a_journal(self.path, first)
        if incomplete:
            self._file.truncate(position)
        return position

    def _add_line(self, line: bytes, position: int) -> bool:
        """Add the task or header of a line. Return whether any part of the line is valid."""
        if self._add_valid(line, position):
            return True
        self.damaged += 1
        parts = _joined_lines(line)
        valid = [self._add_valid(line[start:end], position + start, joined=True) for start, end in parts]
        return any(valid)

    def _add_valid(self, line: bytes, position: int, *, joined: bool = False) -> bool:
        """Add the task or header of a line, if its checksum is right. Return whether it is."""
        try:
            found = json.loads(_without_checksum(line))
            if "format" in found:
                self._add_header(found)
                return True
            key, ok = bytes.fromhex(found["key"]), bool(found["record"]["ok"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        if found.get("transient"):  # the task must be run again
            self._positions.pop(key, None)
            self._failed.discard(key)
            return True
        self._note(key, position, ok)
        if joined:
            self._lengths[position] = len(line)
        return True

    def _add_header(self, header: Mapping[str, Any]) -> None:
        if header["format"] != FORMAT:
            raise _other_version(self.path, header["format"])
        same = self._configuration == header["configuration"]
        self._header_copies = self._header_copies + 1 if same else 1
        self._configuration = header["configuration"]

    def _write_header(self, configuration: Configuration, changes_allowed: bool) -> None:
        """Write the header twice if it is missing, or if the configuration changed.

        If both copies are lost, the results stay right: each task's key depends on the configuration too.
        """
        if self._configuration is not None and self._configuration != configuration:
            if not changes_allowed:
                raise UsageError(
                    f"the batch in {self.path.parent} was started with other settings: "
                    f"{differences(self._configuration, configuration)}",
                    help="use the same settings or another folder; or add `--allow-changes` to rerun the "
                    "affected tasks",
                )
            self._header_copies = 0
        self._configuration = configuration
        while self._header_copies < _HEADER_COPIES:
            self._append({"format": FORMAT, "configuration": configuration})
            self._header_copies += 1

    def _note(self, key: bytes, position: int, ok: bool) -> None:
        self._positions[key] = position
        if ok:
            self._failed.discard(key)
        else:
            self._failed.add(key)

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = _with_checksum(json_line(entry)) + b"\n"
        try:
            written = self._file.write(line)
            if written != len(line):
                self._file.truncate(self._end)
                raise OSError(0, "the disk is full")
        except OSError as cause:
            raise OutputError(
                f"{self.path} cannot be written: {cause.strerror}", help="free some space"
            ) from cause
        self._end += len(line)

    def _flush(self) -> None:
        os.fsync(self._file.fileno())
        self._flushed = monotonic()


def json_line(entry: Mapping[str, Any]) -> bytes:
    """Return JSON in one line. Values that JSON cannot express are written as text."""
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
    """Open or create the journal. A link is never followed, and opening a pipe never blocks."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UsageError(f"{path} is not a regular file", help="remove it, or choose another folder")
        return os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)
    except OSError as cause:
        raise UsageError(
            f"{path} cannot be written: {cause.strerror}", help="choose another folder"
        ) from cause


def _may_be_header(content: bytes) -> bool:
    """Return whether the content is the beginning of a header, perhaps incomplete."""
    return content[: len(_FORMAT_START)] == _FORMAT_START[: len(content)]


def _not_a_journal(path: Path, first: bytes) -> UsageError:
    header = _HEADER.match(first)
    version = header[1].decode(errors="replace") if header else FORMAT
    if version != FORMAT:
        return _other_version(path, version)
    message = f"{path} is not the journal of a batch, or all of its lines are damaged"
    return UsageError(message, help="choose another folder, or move the file away to run all tasks again")


def _other_version(path: Path, version: str) -> UsageError:
    return UsageError(
        f"{path} was written by another version of VisProg ({version}, here {FORMAT})",
        help="finish the batch with that version, or choose another folder",
    )


def _joined_lines(line: bytes) -> list[tuple[int, int]]:
    """Return the starts and ends of lines whose line breaks were damaged, so that they read as one line."""
    starts = [found.start() for found in _LINE_START.finditer(line)]
    ends = [start - 1 for start in starts[1:]]
    return list(zip(starts, [*ends, len(line)], strict=True)) if starts else []


def _with_checksum(content: bytes) -> bytes:
    return content[:-1] + _CHECKSUM % crc32(content)


def _without_checksum(line: bytes) -> bytes:
    """Return a line without its checksum. Raises ValueError if the checksum is wrong."""
    content = line[:-_CHECKSUM_LENGTH] + b"}"
    if _with_checksum(content) != line:
        raise ValueError("the checksum of a line is wrong")
    return content


def _read_line(file: Any) -> bytes:
    """Read a line in blocks. `readline` of an unbuffered file reads each byte by a system call."""
    parts = [file.read(4096)]
    while parts[-1] and b"\n" not in parts[-1]:
        parts.append(file.read(65536))
    return b"".join(parts).partition(b"\n")[0]


def _lock(file: BinaryIO | Any, path: Path) -> None:
    """Lock the journal. The system releases the lock when the process ends."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock: there the user must not run two batches in one folder
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        raise UsageError(
            f"another batch is running in {path.parent}", help="wait until it has finished"
        ) from cause
