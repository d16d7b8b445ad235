"""What can be said of a task before anything runs: whether a picture is missing, and whether it makes one."""

from __future__ import annotations

from functools import lru_cache

from visprog.batch.tasks import Task
from visprog.language.types import Type
from visprog.planner.task_selection import choose_task
from visprog.session import VisProg

_PROGRAMS = 1_000
_USUAL = ("IMAGE", "LEFT", "RIGHT")
_BANKS_OF_EDITS = ("imgedit", "knowtag")


class Precheck:
    """Looks at tasks by the tools of a session. No model is loaded and no picture is read."""

    def __init__(self, session: VisProg) -> None:
        self._session = session
        self._look = lru_cache(_PROGRAMS)(self._look_at)

    def fault(self, task: Task) -> str:
        """Say which pictures the task lacks; "" if it lacks none."""
        if task.instruction:
            return "" if task.paths else "it has no picture: give `image` or `images`"
        used, _ = self._look(task.program, tuple(task.paths))
        missing = [f"`{name}`" for name in sorted(used.difference(task.paths))]
        if not missing:
            return ""
        given = ", ".join(f"`{name}`" for name in task.paths)
        has = f"the line gives {given}" if given else "the line gives no picture (`image` or `images`)"
        return f"its program uses {' and '.join(missing)}, but {has}"

    def makes_picture(self, task: Task) -> bool:
        """Return whether the result will be a picture, as far as can be told without planning."""
        if task.program:
            return self._look(task.program, tuple(task.paths))[1]
        bank = choose_task(task.instruction, len(task.paths)) if task.bank == "auto" else task.bank
        return bank in _BANKS_OF_EDITS

    def _look_at(self, program: str, names: tuple[str, ...]) -> tuple[frozenset[str], bool]:
        checked = self._session.check(program, (*_USUAL, *names))
        kinds = (step.returns for step in checked.steps if step.name == checked.result)
        return checked.used_inputs, next(kinds, Type.ANY) is Type.IMAGE
