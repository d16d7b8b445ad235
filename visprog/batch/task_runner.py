"""Runs single tasks in a session and returns their outcomes.

Long results, warnings and errors are shortened in the record, which then has the field `shortened`.
`visprog run -o FILE` saves a whole result.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

from visprog.batch.failures import LINE, describe_error, is_transient
from visprog.batch.outcome import Outcome, new_record
from visprog.batch.output_folder import (
    ENDINGS,
    numbered_name,
    output_file,
    remove_numbered,
    saved_file_digests,
)
from visprog.batch.picture_pool import PicturePool
from visprog.batch.tasks import Task
from visprog.images import save_image
from visprog.language.checked import Checked
from visprog.models.usage import NOTHING, counting, total
from visprog.planner.plan import Plan
from visprog.session import VisProg
from visprog.trace.pictures import is_pictures
from visprog.trace.run import Run
from visprog.trace.shortening import Shortener
from visprog.values import Image

_CACHED_PROGRAMS = 1_000
"""Number of checked programs that are remembered."""


class TaskRunner:
    """Runs tasks in a session. May be called from several threads.

    `pictures` is the folder for results that are pictures, `traces` the folder for traces. None: not saved.
    """

    def __init__(self, session: VisProg, pictures: Path | None = None, traces: Path | None = None) -> None:
        self._session = session
        self._pictures = pictures
        self._traces = traces
        self._check = lru_cache(_CACHED_PROGRAMS)(session.check)
        self._pool = PicturePool()

    def __call__(self, task: Task) -> Outcome:
        """Plan a task if it has an instruction, run it, and save its files. Raises OutputError."""
        before = perf_counter()
        with counting() as planning:
            program = self._program(task)
        with ExitStack() as until_saved:
            run = program if isinstance(program, Exception) else self._run(program, task, until_saved)
            if isinstance(run, Run):
                record = self._run_record(run, task)
            else:
                record = _error_record(run, program, task)
        error = run.error if isinstance(run, Run) else run
        tokens = total([planning.tokens, run.tokens if isinstance(run, Run) else NOTHING])
        seconds, files = perf_counter() - before, self._file_digests(record)
        return Outcome(record, seconds, tokens, files, error is not None and is_transient(error))

    def _program(self, task: Task) -> Plan | Checked | Exception:
        names = tuple(task.pictures)
        try:
            if task.program:
                return self._check(task.program, names)
            return self._session.plan(task.instruction, names, task=task.bank)
        except Exception as error:  # the failure of one task must not end the batch
            return error

    def _run(self, program: Plan | Checked, task: Task, until_saved: ExitStack) -> Run | Exception:
        checked = program.checked if isinstance(program, Plan) else program
        try:
            if not checked.ok:  # raises ProgramError; the pictures need not be read
                return self._session.execute(program, task.pictures)
            pictures = until_saved.enter_context(self._pool.load(task.pictures))
            return self._session.execute(program, pictures)
        except Exception as error:  # as in `_program`
            return error

    def _run_record(self, run: Run, task: Task) -> dict[str, Any]:
        record, shortener = new_record(task), Shortener(LINE)
        if run.ok:
            record["ok"] = True
            record["result"] = shortener.data(run.result)
            self._save_pictures(run, task, record)
        record["program"] = str(run.program)
        if run.warnings:
            record["warnings"] = list(shortener.lines(run.warnings))
        if run.error is not None:
            record["error"] = describe_error(run.error)
        if shortener.cut:
            record["shortened"] = True
        self._save_trace(run, task, record)
        return record

    def _save_pictures(self, run: Run, task: Task, record: dict[str, Any]) -> None:
        """Save a result that is a picture or a list of pictures."""
        folder = self._pictures
        if folder is None:
            return
        if isinstance(run.result, Image):
            record["picture"] = _save_picture(run.result, folder, f"{task.file_name}{ENDINGS['pictures']}")
        elif is_pictures(run.result):
            record["pictures"] = [
                _save_picture(picture, folder, numbered_name(task, number))
                for number, picture in enumerate(run.result, start=1)
            ]
            remove_numbered(folder, task, len(run.result) + 1)

    def _save_trace(self, run: Run, task: Task, record: dict[str, Any]) -> None:
        if self._traces is not None:
            path = output_file(self._traces, f"{task.file_name}{ENDINGS['traces']}")
            run.save(path)
            record["trace"] = f"{self._traces.name}/{path.name}"

    def _file_digests(self, record: dict[str, Any]) -> dict[str, str]:
        folder = self._pictures or self._traces
        return saved_file_digests(folder.parent, record) if folder is not None else {}


def _save_picture(picture: Image, folder: Path, name: str) -> str:
    """Write a picture, and return its path relative to the output folder."""
    path = output_file(folder, name)
    save_image(picture, path)
    return f"{folder.name}/{path.name}"


def _error_record(error: Exception, program: Plan | Checked | Exception, task: Task) -> dict[str, Any]:
    record = new_record(task)
    if isinstance(program, Plan):
        record["program"] = str(program)
    record["error"] = describe_error(error)
    return record
