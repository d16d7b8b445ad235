"""The journal of a batch: a line for each finished task, written as soon as it is finished.

A line is written by one call to the system, so that the end of the process, however sudden, takes no line
that was written; every few seconds the file is forced to the disk, in case the machine itself stops. A line
that was cut off, or whose checksum is wrong, is as good as not written, and its task is run again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, TypeAlias
from zlib import crc32

from visprog.batch.differences import differences
from visprog.batch.outcome import Outcome
from visprog.errors import OutputError, UsageError

FORMAT = "visprog-batch/2"
"""Tells this layout from later ones."""

_BEGINNING = b'{"format": "visprog-batch/'

_HEADER = re.compile(rb'\{"format": "(visprog-batch/[^"]*)"')

_SEAL = b', "checksum": "%08x"}'
"""Ends each line, in place of its last brace: the CRC-32 of the line without it."""

_SEAL_LENGTH = len(_SEAL % 0)

FORCED_EVERY = 5.0
"""Seconds."""

Configuration: TypeAlias = Mapping[str, Any]
"""What the outcomes depend on beside the tasks, as JSON's own kinds."""


class Journal:
    """What is finished, by the keys of tasks.

    Raises UsageError where another process writes it, it is none of ours, or it was begun with another
    configuration and `changes_allowed` does not say otherwise.
    """

    def __init__(self, path: Path, configuration: Configuration, *, changes_allowed: bool = False) -> None:
        self.path = path
        self.damaged = 0
        self._places: dict[bytes, int] = {}
        self._failed: set[bytes] = set()
        self._last: Configuration | None = None
        try:
            self._file = path.open("a+b", buffering=0)
        except OSError as cause:
            raise UsageError(
                f"{path} cannot be written: {cause.strerror}", help="choose another folder"
            ) from cause
        try:
            _lock(self._file, path)
            self._end = self._read()
            self._begin(configuration, changes_allowed)
        except BaseException:
            self._file.close()
            raise
        self._forced = monotonic()

    def has(self, key: bytes) -> bool:
        """Whether the task is finished."""
        return key in self._places

    def failed(self, key: bytes) -> bool:
        """Whether the task is finished, without a result."""
        return key in self._failed

    def add(self, key: bytes, outcome: Outcome) -> None:
        """Write down what came of a task. Raises OutputError."""
        place = self._end
        spent = {"input_tokens": outcome.tokens.input_tokens, "output_tokens": outcome.tokens.output_tokens}
        self._append(
            {"key": key.hex(), "seconds": round(outcome.seconds, 6), **spent, "record": outcome.record}
        )
        self._note(key, place, outcome.ok)
        if monotonic() - self._forced > FORCED_EVERY:
            self._force()

    def read(self, key: bytes) -> dict[str, Any]:
        """Return the line of a finished task. Raises OutputError where it was damaged meanwhile."""
        self._file.seek(self._places[key])
        try:
            found: dict[str, Any] = json.loads(_unsealed(_line(self._file)))
        except ValueError as cause:
            raise OutputError(
                f"{self.path} was damaged: {cause}",
                help="start the batch again: what stood there is done anew",
            ) from cause
        return found

    def close(self) -> None:
        """Force everything to the disk, and let another process have the journal."""
        if not self._file.closed:
            self._force()
            self._file.close()

    def _read(self) -> int:
        """Take in what is there, and cut off what was not written to its end. Return where to go on."""
        self._file.seek(0)
        place = 0
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    if self._last is None and not _BEGINNING.startswith(line[: len(_BEGINNING)]):
                        raise _foreign(self.path)
                    self._file.truncate(place)
                    break
                self._take(line, place)
                place += len(line)
        return place

    def _take(self, line: bytes, place: int) -> None:
        if self._last is None:
            self._recognise(line)
        try:
            found = json.loads(_unsealed(line[:-1]))
            if "format" in found:
                self._last = found["configuration"]
            else:
                self._note(bytes.fromhex(found["key"]), place, bool(found["record"]["ok"]))
        except (ValueError, KeyError, TypeError):
            if self._last is None:
                raise _foreign(self.path) from None
            self.damaged += 1  # by the disk, in the middle: its task is run again

    def _recognise(self, line: bytes) -> None:
        """Refuse a journal of another version by its first line, whose layout may be another too."""
        header = _HEADER.match(line)
        version = header[1].decode(errors="replace") if header else FORMAT
        if version != FORMAT:
            raise UsageError(
                f"{self.path} was written by another version of VisProg ({version}, here {FORMAT})",
                help="finish it with that version, or choose another folder",
            )

    def _begin(self, configuration: Configuration, changes_allowed: bool) -> None:
        if self._last == configuration:
            return
        if self._last is not None and not changes_allowed:
            raise UsageError(
                f"{self.path.parent} was begun otherwise: {differences(self._last, configuration)}",
                help="take the same as before, or another folder; or say `--allow-changes`, and what was "
                "done otherwise is done anew",
            )
        self._append({"format": FORMAT, "configuration": configuration})

    def _note(self, key: bytes, place: int, ok: bool) -> None:
        self._places[key] = place
        if ok:
            self._failed.discard(key)
        else:
            self._failed.add(key)

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = _sealed(dump(entry)) + b"\n"
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


def dump(entry: Mapping[str, Any]) -> bytes:
    """Return JSON in one line; what JSON has no name for stands as text."""
    try:
        text = json.dumps(entry, ensure_ascii=False, allow_nan=False, default=repr)
    except ValueError:
        text = json.dumps(_finite(entry), ensure_ascii=False, default=repr)
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's own escape


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return str(value) if isinstance(value, float) and value - value != 0 else value


def _foreign(path: Path) -> UsageError:
    what = f"{path} is no journal of a batch, or its first line is damaged"
    return UsageError(what, help="choose another folder")


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
