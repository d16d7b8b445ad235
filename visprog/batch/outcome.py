"""The outcome of a task as plain data: its line of the results, and its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from visprog.batch.failures import describe_error, is_transient
from visprog.batch.tasks import Task
<<<<<<< HEAD
from visprog.errors import VisProgError
from visprog.models.usage import NOTHING, Tokens
=======
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
>>>>>>> trace


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a task.

    `record` is the task's line of the results. It is the same whenever the task is run; `seconds` and
    `tokens` are those of this run. `files` maps each field of the record that names a saved file to the
    file's size and digest. The next run of the batch repeats a task with a `transient` failure.
    """

    record: dict[str, Any]
    seconds: float
    tokens: Tokens
    files: Mapping[str, str] = field(default_factory=dict)
    transient: bool = False

    @property
    def ok(self) -> bool:
        """Whether the task has a result."""
        return bool(self.record["ok"])


<<<<<<< HEAD
def new_record(task: Task) -> dict[str, Any]:
    """Return the record of a task that has no result yet."""
    instruction = {"instruction": task.instruction} if task.instruction else {}
    return {"id": task.id, "ok": False, **instruction}
=======
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
>>>>>>> trace


def failed_outcome(task: Task, error: VisProgError) -> Outcome:
    """Return the outcome of a task that could not be completed because of `error`."""
    record = {**new_record(task), "error": describe_error(error)}
    return Outcome(record, 0.0, NOTHING, transient=is_transient(error))
