"""Reading and writing files. Only regular files are read, up to a size limit. Writing is atomic."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote

from visprog.errors import OutputError, UsageError, VisProgError

if sys.platform != "win32":
    import fcntl


class Limit(NamedTuple):
    """The maximum number of bytes to read, and the advice and the error for larger files."""

    most: int
    advice: str
    error: type[VisProgError]


_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/|data:[^/]*[/;,]", re.IGNORECASE)
"""`https://...`, `s3://...`, `data:...`. A single letter before the colon is a Windows drive."""

_MAX_SHOWN = 60
"""Characters of an address that a message shows. A `data:` address contains a whole picture."""

_OPENING = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
"""O_NONBLOCK: otherwise opening a named pipe waits until another process writes to it."""


def read_file(path: Path, limit: Limit) -> bytes:
    """Return a file's content. Raises the limit's error if it cannot be read or is too large."""
    with open_file(path, limit.error) as file:
        check_size(str(path), os.fstat(file.fileno()).st_size, limit)
        return read_stream(file, str(path), limit)


def read_text(path: Path, limit: Limit) -> str:
    """Return the text of a UTF-8 file, with every line end as a newline. Raises the limit's error."""
    return decode_text(read_file(path, limit), str(path), limit.error)


def decode_text(content: bytes, name: str, error: type[VisProgError]) -> str:
    """Decode UTF-8, and convert every line end to a newline. Raises `error`."""
    try:
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as cause:
        raise error(f"{name} is not text in UTF-8", help="save it as text in UTF-8") from cause


def read_lines(file: BinaryIO, name: str, limit: Limit) -> Iterator[bytes]:
    """Yield the lines of an open file. The limit applies to each line."""
    while line := file.readline(limit.most + 1):
        check_size(f"a line of {name}", len(line), limit)
        yield line


def read_stream(file: BinaryIO, name: str, limit: Limit) -> bytes:
    """Return the rest of an open file, which may be endless. Raises the limit's error."""
    try:
        content = file.read(limit.most + 1)
    except OSError as cause:
        raise _unreadable(name, cause, limit.error) from cause
    check_size(name, len(content), limit)
    return content


@contextlib.contextmanager
def open_file(path: Path, error: type[VisProgError]) -> Iterator[BufferedReader]:
    """Open a regular file for reading. Raises `error` immediately for pipes, devices, sockets and folders."""
    try:
        number = os.open(path, _OPENING)
    except (OSError, ValueError) as cause:
        if is_address(path):
            message, advice = _about_address(path)
            raise error(message, help=advice) from None
        raise _missing(path, cause, error) from cause
    kind = os.fstat(number).st_mode
    if not stat.S_ISREG(kind):
        os.close(number)
        raise error(f"{path} is {_kind(kind)}", help="give the path of a file")
    with os.fdopen(number, "rb") as file:
        yield file


def check_file(path: Path, kind: str, error: type[VisProgError], lead: str = "") -> None:
    """Raise `error` if there is no regular file at this path. `kind` names the expected file: "a picture".

    `lead` is put before the message.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        if is_address(path):
            message, advice = _about_address(path)
            raise error(f"{lead}{message}", help=advice) from None
        raise error(f"{lead}the file {path} does not exist", help="check the path") from None
    if not stat.S_ISREG(mode):
        raise error(f"{lead}{path} is {_kind(mode)}", help=f"give the path of {kind}")


def check_size(name: str, size: int, limit: Limit) -> None:
    """Raise the limit's error if `size` in bytes is too large."""
    if size > limit.most:
        most = f"at most {limit.most / 1e6:.0f} MB are read"
        raise limit.error(f"{name} has {size / 1e6:.1f} MB or more, {most}", help=limit.advice)


def is_address(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is written as an address (`https://...`, `file://...`, `data:...`)."""
    return _ADDRESS.match(os.fspath(path)) is not None


def address_fault(path: str | os.PathLike[str]) -> str:
    """Return a message about an address that was given instead of a file, with advice."""
    return ": ".join(_about_address(path))


def _about_address(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the message about an address that was given as a path, and the advice."""
    scheme, _, rest = os.fspath(path).partition(":")
    local = scheme.casefold() == "file"
    slashes = "///" if local else "//" if rest.startswith("/") else ""  # a Path has joined them
    written = f"{scheme}:{slashes}{rest.lstrip('/')}"
    shown = written if len(written) <= _MAX_SHOWN else f"{written[:_MAX_SHOWN]}..."
    advice = "download it and give the path of the file"
    if local:
        place = rest.lstrip("/").removeprefix("localhost/")
        advice = f"give the path: /{unquote(place)}"
    elif scheme.casefold() == "data":
        advice = "save its content as a file and give the path"
    return f"{shown} is an address, not a file", advice


_KINDS = (
    (stat.S_ISDIR, "a folder, not a file"),
    (stat.S_ISFIFO, "a named pipe, not a regular file"),
    (stat.S_ISSOCK, "a socket, not a regular file"),
    (stat.S_ISCHR, "a device, not a regular file"),
    (stat.S_ISBLK, "a device, not a regular file"),
)


def _kind(mode: int) -> str:
    return next((words for test, words in _KINDS if test(mode)), "not a regular file")


def _missing(path: Path, cause: OSError | ValueError, error: type[VisProgError]) -> VisProgError:
    """Return the error for a path that cannot be opened, such as a socket, or a folder on Windows."""
    if isinstance(cause, FileNotFoundError | NotADirectoryError):
        return error(f"the file {path} does not exist", help="check the path")
    with contextlib.suppress(OSError, ValueError):
        mode = os.stat(path).st_mode  # noqa: PTH116 - the path may be one that Path rejects
        if not stat.S_ISREG(mode):
            return error(f"{path} is {_kind(mode)}", help="give the path of a file")
    return _unreadable(str(path), cause, error)


def _unreadable(name: str, cause: OSError | ValueError, error: type[VisProgError]) -> VisProgError:
    reason = getattr(cause, "strerror", None) or cause
    return error(f"{name} cannot be read: {reason}", help="check the path and its permissions")


def write_atomically(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file completely or not at all, even if the machine stops. Raises OutputError.

    The content is written to a temporary file in the same folder and flushed to the disk (about a
    millisecond). The temporary file is then renamed. A link is followed: its target is replaced. A file that
    is replaced keeps its permissions. Text is written as UTF-8; lone surrogates are escaped.
    """
    with replacing(path) as file:
        file.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` if the block succeeds. Raises OutputError."""
    target = Path(os.path.realpath(path))
    try:
        mode = _replaceable(target)
        _remove_old_leftovers(target.parent)
        temporary = target.with_name(f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}")
        try:
            number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0),
                             0o666 if mode is None else 0o600)  # fmt: skip
            with os.fdopen(number, "wb") as file:
                if mode is not None:
                    _set_mode(temporary, mode)
                _lock(file)
                yield file
                file.flush()
                os.fsync(file.fileno())  # else the file may be empty after a power cut
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        folder = target.parent
        advice = f"create the folder {folder} first" if not folder.is_dir() else "choose another path"
        raise OutputError(f"{target} cannot be written: {reason}", help=advice) from cause


def _replaceable(target: Path) -> int | None:
    """Return the permissions of a file that will be replaced; None if it does not exist."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise OutputError(f"{target} is {_kind(mode)}", help="give the name of a file")
    return stat.S_IMODE(mode)


def _set_mode(path: Path, mode: int) -> None:
    with contextlib.suppress(PermissionError):  # some network drives have no permissions
        path.chmod(mode)


_PREFIX, _SUFFIX = ".visprog-", ".part"
"""The beginning and the end of the names of temporary files."""

_MIN_AGE = 3600
"""Seconds since its last change before an unfinished file may be removed from a folder that others use."""

_cleaned = set[Path]()


def _lock(file: BinaryIO) -> None:
    """Lock a file that is being written. The system releases the lock when the process ends."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # some network drives have no locks; the file's age protects it
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_leftovers(folder: Path, min_age: float | None = None) -> None:
    """Delete the unfinished files that killed processes left in a folder.

    Keep the files of other users, the files that a running process has locked, and files that were changed
    less than `min_age` seconds ago. Without `min_age`, no other process may be writing in the folder: the age
    is then ignored.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    _remove_if_abandoned(Path(entry.path), min_age)


def _remove_old_leftovers(folder: Path) -> None:
    """Remove leftovers that are old enough, once per process and folder."""
    if folder not in _cleaned:
        _cleaned.add(folder)
        remove_leftovers(folder, _MIN_AGE)


def _remove_if_abandoned(path: Path, min_age: float | None) -> None:
    number = os.open(path, _OPENING | getattr(os, "O_NOFOLLOW", 0))
    try:
        is_abandoned = _is_abandoned(number, min_age)
    finally:
        os.close(number)
    if is_abandoned:
        path.unlink()  # Windows raises an error if a process has the file open


def _is_abandoned(number: int, min_age: float | None) -> bool:
    found = os.fstat(number)
    is_old = min_age is None or time.time() - found.st_mtime > min_age
    if not stat.S_ISREG(found.st_mode) or not is_old:
        return False
    if sys.platform == "win32":
        return True
    return found.st_uid == os.geteuid() and not _is_locked(number)


def _is_locked(number: int) -> bool:
    if sys.platform != "win32":
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
        except OSError:  # some network drives have no locks
            return False
    return False


class OutputFile(NamedTuple):
    """A file that will be written, unless `path` is None. `what` names its content: "the trace".

    If it `may_be_folder`, the path may be that of a folder.
    """

    what: str
    path: Path | None
    endings: tuple[str, ...] = ()
    may_be_folder: bool = False


PAGE_ENDINGS = (".html", ".htm")
"""The allowed endings of pages."""


def check_output_files(*outputs: OutputFile, given: Sequence[Path] = ()) -> None:
    """Raise UsageError if files cannot be written, are the same, or would overwrite a `given` picture."""
    checked: list[tuple[str, Path]] = []
    for what, path, endings, may_be_folder in outputs:
        if path is None:
            continue
        _check_output_path(path, may_be_folder)
        _check_ending(what, path, endings)
        if any(_is_same(path, picture) for picture in given):
            raise UsageError(f"{path} is one of the input pictures", help="write to another file")
        for other, other_path in checked:
            if _is_same(path, other_path):
                raise UsageError(
                    f"{other} and {what} cannot be the same file", help="give each of them its own path"
                )
        checked.append((what, path))


def _check_ending(what: str, path: Path, endings: tuple[str, ...]) -> None:
    if endings and path.suffix.casefold() not in endings:
        *others, last = endings
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise UsageError(f"{what} cannot be written to {path.name}", help=f"use the ending {allowed}")


def _check_output_path(path: Path, may_be_folder: bool) -> None:
    try:
        if path.is_dir():
            if may_be_folder:
                _check_writable(path)
                return
            raise UsageError(f"{path} is a folder", help="give the name of a file")
        if not path.parent.is_dir():
            raise UsageError(
                f"the folder {path.parent} does not exist", help="create it, or choose another folder"
            )
        _check_writable(path.parent)
    except OSError as cause:
        raise UsageError(f"{path} cannot be a file: {cause.strerror}", help="choose another name") from cause


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK):
        raise UsageError(f"the folder {folder} is not writable", help="choose another path")


def _is_same(one: Path, other: Path) -> bool:
    """Return whether two paths lead to the same file, which need not exist."""
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    return one.exists() and other.exists() and one.samefile(other)
