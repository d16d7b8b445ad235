"""Checks of a tasks file before anything runs: invalid lines, missing pictures and misspelt fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from visprog.batch.tasks import FIELDS, InvalidLine, Task, did_you_mean, parse_tasks, similar_fields
from visprog.errors import UsageError
from visprog.language.types import Type
from visprog.planner.task_selection import choose_task
from visprog.session import VisProg

_MAX_SHOWN = 20
"""Number of invalid lines, or of misspelt fields, that are reported."""

_CACHED_PROGRAMS = 1_000
"""Number of checked programs that are remembered."""

_USUAL_INPUTS = ("IMAGE", "LEFT", "RIGHT")
_EDITING_BANKS = ("imgedit", "knowtag")


class Overview(NamedTuple):
    """The number of tasks, whether any must be planned, and how many certainly result in a picture.

    `remarks` are hints about fields that may be misspelt.
    """

    tasks: int
    has_instructions: bool
    pictures: int
    remarks: tuple[str, ...]


def check_tasks(file: Path, bank: str = "auto", session: VisProg | None = None) -> Overview:
    """Read a tasks file without keeping it. Raises UsageError with a list of the invalid lines.

    With a session, also check that each task has the pictures it needs. This loads no model and no picture.
    """
    tasks, has_instructions, pictures, invalid = 0, False, 0, list[str]()
    misspelt, checker = _MisspeltFields(), _PictureChecker(session) if session else None
    for number, found in parse_tasks(file, bank):
        if isinstance(found, InvalidLine):
            invalid.append(f"line {number}: {found}")
            continue
        tasks += 1
        has_instructions = has_instructions or bool(found.instruction)
        misspelt.add(found, number)
        if checker and (fault := checker.fault(found)):
            invalid.append(f"line {number}: {fault}{did_you_mean(_similar_to_missing(found))}")
        elif checker and checker.makes_picture(found):
            pictures += 1
    if invalid:
        raise _invalid_file(file, invalid)
    if not tasks:
        raise UsageError(f"{file} contains no task", help="write one JSON object per line")
    return Overview(tasks, has_instructions, pictures, misspelt.remarks())


def _invalid_file(file: Path, invalid: list[str]) -> UsageError:
    lines = "lines" if len(invalid) > 1 else "line"
    more = [f"and {len(invalid) - _MAX_SHOWN} more"] if len(invalid) > _MAX_SHOWN else []
    shown = "\n".join(f"  {each}" for each in [*invalid[:_MAX_SHOWN], *more])
    return UsageError(
        f"{file} has {len(invalid)} invalid {lines}, so nothing was run\n{shown}",
        help=f"each line must be a JSON object with some of the fields {', '.join(FIELDS)}",
    )


class _MisspeltFields:
    """Fields that are probably misspelt. Each one is reported once, with its first line."""

    def __init__(self) -> None:
        self._first_lines: dict[tuple[str, str], int] = {}
        self._counts = Counter[tuple[str, str]]()

    def add(self, task: Task, number: int) -> None:
        for pair in _similar_to_missing(task):
            self._first_lines.setdefault(pair, number)
            self._counts[pair] += 1

    def remarks(self) -> tuple[str, ...]:
        return tuple(
            f"line {number}: did you mean `{known}` instead of `{name}`? It is only copied to the results"
            + (f" ({self._counts[name, known]:,} lines)" if self._counts[name, known] > 1 else "")
            for (name, known), number in list(self._first_lines.items())[:_MAX_SHOWN]
        )


def _similar_to_missing(task: Task) -> Iterator[tuple[str, str]]:
    """Yield the other fields of a task that look like a known field that the task does not have."""
    request = [] if task.instruction or task.program else ["instruction", "program"]
    return similar_fields(task.fields, [*request, *([] if task.paths else ["image", "images"])])


class _PictureChecker:
    """Finds tasks that lack a picture, and tasks that result in one, by checking their programs."""

    def __init__(self, session: VisProg) -> None:
        self._session = session
        self._inspect = lru_cache(_CACHED_PROGRAMS)(self._inspect_program)

    def fault(self, task: Task) -> str:
        """Return a sentence about the pictures that the task lacks; "" if it lacks none."""
        if task.instruction:
            return "" if task.paths else "it has no picture: give `image` or `images`"
        used, _ = self._inspect(task.program, tuple(task.paths))
        missing = [f"`{name}`" for name in sorted(used.difference(task.paths))]
        if not missing:
            return ""
        given = ", ".join(f"`{name}`" for name in task.paths)
        has = f"the line gives {given}" if given else "the line gives no picture (`image` or `images`)"
        return f"its program uses {' and '.join(missing)}, but {has}"

    def makes_picture(self, task: Task) -> bool:
        """Return whether the result is certainly a picture, as far as is known without planning."""
        if task.program:
            return self._inspect(task.program, tuple(task.paths))[1]
        bank = choose_task(task.instruction, len(task.paths)) if task.bank == "auto" else task.bank
        return bank in _EDITING_BANKS

    def _inspect_program(self, program: str, names: tuple[str, ...]) -> tuple[frozenset[str], bool]:
        """Return the inputs that a program uses, and whether its result is a picture."""
        checked = self._session.check(program, (*_USUAL_INPUTS, *names))
        kinds = (step.returns for step in checked.steps if step.name == checked.result)
        return checked.used_inputs, next(kinds, Type.ANY) in (Type.IMAGE, Type.IMAGES)
