"""The output folder of a batch: its files, and the checks that a batch overwrites only its own files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from visprog.batch.tasks import Task, read_tasks
from visprog.errors import OutputError, UsageError, WorkerDied
from visprog.files import open_file, remove_leftovers

JOURNAL = "journal.jsonl"
RESULTS = "results.jsonl"

ENDINGS = {"pictures": ".png", "traces": ".html"}
"""The subfolders for the files that are saved for each task, and the endings of these files."""

_FILE_FIELDS = ("picture", "pictures", "trace")
"""The fields of a record with the path of a saved file, or a list of paths, relative to the output folder."""

_NUMBERED = re.compile(r"(.*),[0-9]+")
"""The name, without its ending, of one of several pictures of a task. A task's own name has no comma."""

_CACHED_FOLDERS = 10_000
"""Number of folders whose real paths are remembered."""


def check_output_folder(tasks: Path, out: Path, subfolders: Collection[str]) -> None:
    """Raise UsageError if the batch would overwrite anything but its own files.

    `tasks` is a valid tasks file. The batch will write to these `subfolders`.
    """
    _check_tasks_file(tasks, out)
    _check_links(out)
    _check_ownership(out, subfolders)
    if subfolders:
        _check_pictures(tasks, {out / name: ENDINGS[name] for name in subfolders})


@contextlib.contextmanager
def created_folders(out: Path, subfolders: Iterable[str]) -> Iterator[list[Path]]:
    """Create the output folder and its subfolders.

    If the batch cannot start, delete the files in the list that is yielded, then the folders that are new.
    """
    needed, unused = [out, *(out / name for name in subfolders)], list[Path]()
    parents = [each for each in reversed(out.parents) if not each.exists()]
    new = [each for each in [*parents, *needed] if not each.exists()]
    try:
        for folder in needed:
            _create(folder)
        yield unused
    except (UsageError, WorkerDied):
        for file in unused:
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a folder that is not empty is kept
            for folder in reversed(new):
                folder.rmdir()
        raise


def remove_unfinished_files(out: Path) -> None:
    """Delete the unfinished files that killed processes left. No other batch may be writing in the folder."""
    remove_leftovers(out)
    for folder in (out / name for name in ENDINGS):
        if not folder.is_symlink():
            remove_leftovers(folder)


def output_file(folder: Path, name: str) -> Path:
    """Return the path of a file that the batch will write. Delete a link that has this path."""
    path = folder / name
    if path.is_symlink():
        with contextlib.suppress(OSError):  # writing the file reports why it fails
            path.unlink()
    return path


def numbered_name(task: Task, number: int) -> str:
    """Return the file name of one of several pictures of a task. No other task has a file of this name."""
    return f"{task.file_name},{number}{ENDINGS['pictures']}"


def remove_numbered(folder: Path, task: Task, first: int) -> None:
    """Delete the pictures from the number `first` on, which an earlier run of the task wrote."""
    with contextlib.suppress(OSError):
        while os.path.lexists(path := folder / numbered_name(task, first)):
            path.unlink()
            first += 1


def file_digest(path: Path) -> str:
    """Return a file's size and a digest of its content; "" if it cannot be read or is a link."""
    if path.is_symlink():
        return ""
    try:
        with open_file(path, OutputError) as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
            return f"{file.tell()}:{digest.hexdigest()}"
    except (OSError, OutputError):
        return ""


def saved_file_digests(out: Path, record: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the files that a record names, by the record's fields.

    Several files have one digest, which is "" if one of them cannot be read.
    """
    return {field: _digest(out, record[field]) for field in _FILE_FIELDS if field in record}


def _digest(out: Path, saved: str | list[str]) -> str:
    if isinstance(saved, str):
        return file_digest(out / saved)
    found = [file_digest(out / path) for path in saved]
    return hashlib.blake2b(" ".join(found).encode(), digest_size=16).hexdigest() if all(found) else ""


def has_saved_files(out: Path, record: Mapping[str, Any], digests: Mapping[str, str]) -> bool:
    """Return whether all files that a record names exist with the given digests."""
    found = saved_file_digests(out, record)
    return all(digest and digest == digests.get(field) for field, digest in found.items())


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise UsageError(
            f"{folder} cannot be created: {cause.strerror}", help="choose another folder"
        ) from cause


def _check_tasks_file(tasks: Path, out: Path) -> None:
    for name in (RESULTS, JOURNAL):
        if os.path.realpath(out / name) == os.path.realpath(tasks):
            raise UsageError(
                f"{tasks} contains the tasks, and the batch would overwrite it with its {name}",
                help="choose another folder, or rename the tasks file",
            )


def _check_links(out: Path) -> None:
    for path in (out / RESULTS, out / JOURNAL, *(out / name for name in ENDINGS)):
        is_wrong = path.exists() and path.name not in ENDINGS and not path.is_file()
        if path.is_symlink() or is_wrong:
            what = "a link" if path.is_symlink() else "not a file"
            raise UsageError(
                f"{path} is {what}; a batch writes only to its own files and folders",
                help="remove it, or choose another folder",
            )


def _check_ownership(out: Path, subfolders: Collection[str]) -> None:
    """Raise UsageError if a folder without a journal contains files that would be overwritten."""
    if os.path.lexists(out / JOURNAL):
        return  # opening the journal checks that it is one
    found = [RESULTS] if os.path.lexists(out / RESULTS) else []
    found += [f"{name}{os.sep}" for name in subfolders if _has_content(out / name)]
    if found:
        raise UsageError(
            f"{out} contains {' and '.join(found)} but no journal of a batch; it may belong to other work",
            help="choose another folder, or move these files away",
        )


def _has_content(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:  # it does not exist; if it cannot be created, that is reported later
        return False


def _check_pictures(tasks: Path, subfolders: Mapping[Path, str]) -> None:
    """Raise UsageError if a saved file would overwrite a picture of any task."""
    real_path = _real_path_function()
    inside = {os.path.realpath(folder) for folder in subfolders}
    linked = {target for folder in subfolders for target in _link_targets(folder)}
    endangered = {
        path
        for task in read_tasks(tasks)
        for path in map(real_path, task.pictures.values())
        if path in linked or os.path.dirname(path) in inside  # noqa: PTH120 - runs for a million pictures
    }
    numbered = {path for path in map(_without_number, endangered) if path is not None}
    for task in read_tasks(tasks) if endangered else ():
        for folder, ending in subfolders.items():
            path = folder / f"{task.file_name}{ending}"
            if real_path(path) in endangered or real_path(path) in numbered:
                raise UsageError(
                    f"the output of the task {task.id!r} would be written to {path}, which is one of the "
                    "input pictures",
                    help="choose another folder",
                )


def _without_number(path: str) -> str | None:
    """Return the path of a task's single picture if `path` is that of one of several pictures, else None."""
    stem, ending = os.path.splitext(path)  # noqa: PTH122 - as above
    found = _NUMBERED.fullmatch(stem)
    return f"{found[1]}{ending}" if found else None


def _link_targets(folder: Path) -> list[str]:
    """Return the targets of the links in a folder."""
    try:
        with os.scandir(folder) as entries:
            return [os.path.realpath(entry.path) for entry in entries if entry.is_symlink()]
    except OSError:
        return []


def _real_path_function() -> Callable[[Path], str]:
    """Return a function for the real path of a file that looks up each folder only once."""
    real_folder = lru_cache(_CACHED_FOLDERS)(os.path.realpath)

    def real_path(path: Path) -> str:
        try:
            folder, name = os.path.split(path)
            if name in ("", ".", ".."):
                return os.path.realpath(path)
            place = os.path.join(real_folder(folder), name)  # noqa: PTH118 - as above
            return os.path.realpath(place) if os.path.islink(place) else place  # noqa: PTH114 - as above
        except ValueError:  # not a valid path; reading the picture reports it
            return str(path)

    return real_path
