"""The interface between a batch and the engine that runs its tasks: in this process, or with Ray."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from visprog.batch.configuration import Configuration, configuration_of, differences, has_planner
from visprog.batch.outcome import Outcome
from visprog.batch.task_runner import TaskRunner
from visprog.batch.tasks import Task
from visprog.models.roles import ROLES
from visprog.session import VisProg

Job: TypeAlias = tuple[bytes, Task]
"""A task with its key."""

Outcomes: TypeAlias = Generator[tuple[Job, Outcome], None, None]
"""Yields each job with its outcome as soon as it is finished. Closing it stops the work."""


class Options(NamedTuple):
    """The files to save for each task besides its line of the results, and the bank for tasks without one."""

    bank: str = "auto"
    pictures: bool = False
    traces: bool = False

    @property
    def subfolders(self) -> list[str]:
        """The subfolders of the output folder for the saved files."""
        return [name for name in ("pictures", "traces") if getattr(self, name)]


class BatchSetup(NamedTuple):
    """The facts that an engine needs to run the tasks of a batch.

    Each session that runs tasks must have this `configuration`, and runs up to `workers` tasks at the same
    time. `uses_server` tells whether the planner or a model uses a server, and so may need a key.
    """

    options: Options
    out: Path
    configuration: Configuration
    workers: int
    uses_server: bool

    def task_runner(self, session: VisProg) -> TaskRunner:
        """Return a runner of tasks in a session."""
        folders = {name: self.out / name for name in self.options.subfolders}
        return TaskRunner(session, folders.get("pictures"), folders.get("traces"))

    def differences(self, session: VisProg) -> str:
        """Return how a session's configuration differs from that of the batch; "" if it does not."""
        found = configuration_of(session, *self.options, plans=has_planner(self.configuration))
        return differences(self.configuration, found)


Engine: TypeAlias = Callable[[BatchSetup, Iterator[Job]], Outcomes]
"""Runs jobs. It takes each job when it can start it."""


def batch_setup(session: VisProg, options: Options, out: Path, workers: int, *, plans: bool) -> BatchSetup:
    """Return the setup of a batch with the session's models and tools. `plans`: some tasks are planned."""
    configuration = configuration_of(session, *options, plans=plans)
    planner_uses_server = plans and getattr(session.planner, "is_remote", False)
    uses_server = planner_uses_server or any(map(session.models.is_remote, ROLES))
    return BatchSetup(options, out, configuration, workers, uses_server)
