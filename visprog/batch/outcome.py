"""What comes of one task, as plain data: the line of the results, and what it took.

Long results, warnings and errors are cut, and `shortened` says so. `visprog run -o FILE` keeps a whole
result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

from visprog.batch.pictures import Pictures
from visprog.batch.places import ENDINGS, own_file
from visprog.batch.tasks import Task
from visprog.batch.truth import is_transient
from visprog.errors import OutputError, StepError, VisProgError
from visprog.files import open_file
from visprog.images import save_image
from visprog.language.checker import Checked
from visprog.models.usage import NOTHING, Tokens, counting, total
from visprog.planner.plan import Plan
from visprog.session import VisProg
from visprog.trace.limits import Limits, shorten
from visprog.trace.run import Run
from visprog.trace.shortening import Shortener
from visprog.values import Image

KEPT = ("picture", "trace")
"""The fields of a record that name a file, by its path in the batch's folder."""

LINE = Limits(text=20_000, items=1_000, value=100_000, total=200_000)
"""How much of the result, the warnings and the error a line of the results holds."""

_PROGRAMS = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """The line of the results, which is the same whenever the task is run, and what it took this time.

    `kept` describes the files that belong to the record, by its fields: their size and digest. A `transient`
    failure is not the task's own: the next run of the batch tries the task again.
    """

    record: dict[str, Any]
    seconds: float
    tokens: Tokens
    kept: Mapping[str, str] = field(default_factory=dict)
    transient: bool = False

    @property
    def ok(self) -> bool:
        """Whether the task has its result."""
        return bool(self.record["ok"])


class Performer:
    """Performs tasks in a session. `pictures` and `traces` are folders for results and for pages, or None.

    May be called from several threads.
    """

    def __init__(self, session: VisProg, pictures: Path | None = None, traces: Path | None = None) -> None:
        self._session = session
        self._pictures = pictures
        self._traces = traces
        self._checked = lru_cache(_PROGRAMS)(session.check)
        self._lent = Pictures()

    def __call__(self, task: Task) -> Outcome:
        """Plan the task, if need be, and run it. Raises OutputError where what came of it cannot be kept."""
        before = perf_counter()
        record = _unanswered(task)
        with counting() as planning:
            program = self._program(task)
        with ExitStack() as until_kept:
            run = self._run(program, task, until_kept) if not isinstance(program, Exception) else program
            if isinstance(run, Run):
                self._describe(run, task, record)
            else:
                if isinstance(program, Plan):
                    record["program"] = str(program)
                record["error"] = _error(run)
        error = run.error if isinstance(run, Run) else run
        spent = total([planning.tokens, *([run.tokens] if isinstance(run, Run) else [])])
        seconds, kept = perf_counter() - before, self._kept(record)
        return Outcome(record, seconds, spent, kept, error is not None and is_transient(error))

    def _program(self, task: Task) -> Plan | Checked | Exception:
        names = tuple(task.pictures)
        try:
            if task.program:
                return self._checked(task.program, names)
            return self._session.plan(task.instruction, names, task=task.bank)
        except Exception as error:  # one task's failure is no other's
            return error

    def _run(self, program: Plan | Checked, task: Task, until_kept: ExitStack) -> Run | Exception:
        checked = program.checked if isinstance(program, Plan) else program
        try:
            if not checked.ok:  # said before any picture is read
                return self._session.execute(program, task.pictures)
            pictures = until_kept.enter_context(self._lent.lend(task.pictures))
            return self._session.execute(program, pictures)
        except Exception as error:  # likewise
            return error

    def _describe(self, run: Run, task: Task, record: dict[str, Any]) -> None:
        shortener = Shortener(LINE)
        if run.ok:
            record["ok"] = True
            record["result"] = shortener.data(run.result)
            if self._pictures is not None and isinstance(run.result, Image):
                place = own_file(self._pictures, f"{task.file_name}{ENDINGS['pictures']}")
                save_image(run.result, place)
                record["picture"] = f"{self._pictures.name}/{place.name}"
        record["program"] = str(run.program)
        if run.warnings:
            record["warnings"] = list(shortener.lines(run.warnings))
        if run.error is not None:
            record["error"] = _error(run.error)
        if shortener.cut:
            record["shortened"] = True
        if self._traces is not None:
            page = own_file(self._traces, f"{task.file_name}{ENDINGS['traces']}")
            run.save(page)
            record["trace"] = f"{self._traces.name}/{page.name}"

    def _kept(self, record: Mapping[str, Any]) -> dict[str, str]:
        folders = {"picture": self._pictures, "trace": self._traces}
        return {
            name: file_digest(folder.parent / record[name])
            for name, folder in folders.items()
            if folder is not None and name in record
        }


def file_digest(path: Path) -> str:
    """Return a file's size and a digest of its content; "" if it cannot be read, or is a link."""
    if path.is_symlink():
        return ""
    try:
        with open_file(path, OutputError) as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
            return f"{file.tell()}:{digest.hexdigest()}"
    except (OSError, OutputError):
        return ""


def given_up(task: Task, error: VisProgError) -> Outcome:
    """Return what comes of a task that could not even be tried to its end."""
    record = {**_unanswered(task), "error": _error(error)}
    return Outcome(record, 0.0, NOTHING, transient=is_transient(error))


def _unanswered(task: Task) -> dict[str, Any]:
    asked = {"instruction": task.instruction} if task.instruction else {}
    return {"id": task.id, "ok": False, **asked}


def _error(error: Exception) -> dict[str, Any]:
    described = _described(error)
    return {**described, "transient": True} if is_transient(error) else described


def _described(error: Exception) -> dict[str, Any]:
    if not isinstance(error, VisProgError):
        return {"type": type(error).__name__, "message": shorten(str(error), LINE.text), "help": None}
    place = {"step": error.step, "line": error.line} if isinstance(error, StepError) else {}
    return {
        "type": type(error).__name__,
        "message": shorten(error.message, LINE.text),
        "help": error.help,
        **place,
    }
