"""Where a batch writes, looked at beforehand: over nothing that was given, and nothing that is another's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection
from functools import lru_cache
from pathlib import Path

from visprog.batch.tasks import read_tasks
from visprog.errors import UsageError

JOURNAL = "journal.jsonl"
RESULTS = "results.jsonl"

ENDINGS = {"pictures": ".png", "traces": ".html"}
"""The folders for what is kept of each task, and how the names of the files in them end."""

_LEFTOVERS = ".visprog-*.part"
"""The names under which files are written before they are moved to their places."""

_FOLDERS = 10_000


def check_places(tasks: Path, out: Path, kept: Collection[str]) -> None:
    """See before anything runs that a batch writes over nothing but its own. Raises UsageError.

    `tasks` is a file without faults, and `kept` names those of the folders that will be written.
    """
    _check_file(tasks, out)
    _check_links(out)
    _check_ours(out, kept)
    if kept:
        _check_pictures(tasks, {out / name: ENDINGS[name] for name in kept})


def _check_file(tasks: Path, out: Path) -> None:
    for name in (RESULTS, JOURNAL):
        if os.path.realpath(out / name) == os.path.realpath(tasks):
            raise UsageError(
                f"{tasks} holds the tasks, and the batch would write its {name} over it",
                help="choose another folder, or rename the file of the tasks",
            )


def _check_links(out: Path) -> None:
    """Refuse to write through a link, or onto what is not a file."""
    for path in (out / RESULTS, out / JOURNAL, *(out / name for name in ENDINGS)):
        is_wrong = path.exists() and path.name not in ENDINGS and not path.is_file()
        if path.is_symlink() or is_wrong:
            what = "a link" if path.is_symlink() else "not a file"
            raise UsageError(
                f"{path} is {what}: a batch writes only to files and folders of its own",
                help="remove it, or choose another folder",
            )


def own_file(folder: Path, name: str) -> Path:
    """Return the place of a file in a batch's folder. A link that somebody put there is removed."""
    place = folder / name
    if place.is_symlink():
        with contextlib.suppress(OSError):  # writing to it says why it cannot be
            place.unlink()
    return place


def remove_leftovers(out: Path) -> None:
    """Remove what a killed process left half written. Nobody else may be writing in the folder."""
    for folder in (out, *(out / name for name in ENDINGS)):
        if folder.is_symlink() and folder != out:
            continue
        for path in folder.glob(_LEFTOVERS):
            with contextlib.suppress(OSError):
                path.unlink()


def _check_ours(out: Path, kept: Collection[str]) -> None:
    """Refuse a folder without our journal that has what would be written over."""
    if os.path.lexists(out / JOURNAL):
        return  # whether it is one of ours, the journal itself finds out
    found = [RESULTS] if os.path.lexists(out / RESULTS) else []
    found += [f"{name}{os.sep}" for name in kept if _holds_something(out / name)]
    if found:
        raise UsageError(
            f"{out} has {' and '.join(found)} but no journal of a batch: it may be another's work",
            help="choose another folder, or move away what is there",
        )


def _holds_something(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:  # there is none yet, or it cannot be one: making it says so
        return False


def _check_pictures(tasks: Path, folders: dict[Path, str]) -> None:
    """Refuse where what comes of a task would be written over a picture, its own or another task's."""
    real = _resolver()
    inside = {os.path.realpath(folder) for folder in folders}
    linked = {target for folder in folders for target in _linked(folder)}
    endangered = {
        path
        for task in read_tasks(tasks)
        for path in map(real, task.pictures.values())
        if path in linked or os.path.dirname(path) in inside  # noqa: PTH120 - for each of a million pictures
    }
    for task in read_tasks(tasks) if endangered else ():
        for folder, ending in folders.items():
            place = folder / f"{task.file_name}{ending}"
            if real(place) in endangered:
                raise UsageError(
                    f"what comes of the task {task.id!r} would be written to {place}, which is one of the "
                    "given pictures",
                    help="choose another folder",
                )


def _linked(folder: Path) -> list[str]:
    """Return where the links in a folder lead: what is written to them is written there."""
    try:
        with os.scandir(folder) as entries:
            return [os.path.realpath(entry.path) for entry in entries if entry.is_symlink()]
    except OSError:
        return []


def _resolver() -> Callable[[Path], str]:
    """Return what finds the real path of a file, and asks for each folder only once."""
    real_folder = lru_cache(_FOLDERS)(os.path.realpath)

    def real(path: Path) -> str:
        try:
            folder, name = os.path.split(path)
            if name in ("", ".", ".."):
                return os.path.realpath(path)
            place = os.path.join(real_folder(folder), name)  # noqa: PTH118 - likewise
            return os.path.realpath(place) if os.path.islink(place) else place  # noqa: PTH114 - likewise
        except ValueError:  # no path at all, as reading it will tell
            return str(path)

    return real
