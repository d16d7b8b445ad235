"""Runs checked programs: independent steps run at the same time.

The values are the same as if the steps ran in order. If a step fails, the steps that depend on it are
skipped; the others run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock

from visprog.engine.batching import Batcher
from visprog.engine.cache.memory import Memo
from visprog.engine.events import Event
from visprog.engine.execution import Execution
from visprog.engine.graph import Graph, build_graph
from visprog.engine.observing import Observer
from visprog.engine.step_run import Runtime
from visprog.engine.tool_models import ToolModels
from visprog.engine.tool_times import ToolTimes
from visprog.engine.workers import WorkerPool
from visprog.errors import UsageError
from visprog.language.checked import Checked
from visprog.models.roles import Models
from visprog.tools import Registry
from visprog.values import Image

_MAX_GRAPHS = 64
"""Number of programs whose graphs are kept."""


class Interpreter:
    """Runs checked programs with the given tools and models.

    At most `workers` + 1 steps of all runs compute at the same time; steps that wait for a model are not
    counted. Results are cached in `memo`. Without it, every step is computed, even equal steps of one run.
    With `batching`, calls to one model are combined (see `visprog.engine.batching`).
    """

    def __init__(
        self,
        tools: Registry,
        models: Models,
        *,
        memo: Memo | None = None,
        workers: int | None = None,
        batching: bool = True,
    ) -> None:
        self._tools = tools
        self._models = models
        self._memo = memo
        self._slots = 1 + (workers or min(8, (os.cpu_count() or 1) + 2))
        self._batching = batching
        self._times = ToolTimes()
        self._runtime = self._new_runtime()
        self._lock = Lock()
        self._graphs: dict[int, tuple[Checked, Graph]] = {}

    @property
    def workers(self) -> WorkerPool:
        """The threads that run steps. After an interrupted run they are new ones."""
        return self._runtime.workers

    def run(
        self,
        checked: Checked,
        inputs: Mapping[str, Image],
        observer: Observer | None = None,
        deadline: float | None = None,
    ) -> tuple[Event, ...]:
        """Run a program over its inputs and return the events in the order in which they happened.

        After `deadline` seconds, unfinished steps fail with DeadlineExceeded. A step that runs at that time
        continues, but it no longer affects the run.

        Raises UsageError if an input that the program uses is missing. A step's failure is an event.
        """
        missing = sorted(checked.used_inputs - inputs.keys())
        if missing:
            raise UsageError(
                f"the program uses {', '.join(missing)}, but no such picture was given",
                help=f"give a picture for each of {', '.join(sorted(checked.inputs))}",
            )
        roots = {name: image.as_root() for name, image in inputs.items()}
        execution = Execution(self._runtime, self._graph(checked), roots, observer, deadline)
        try:
            execution.run()
        except KeyboardInterrupt:
            self._abandon_workers()
            raise
        return tuple(execution.events)

    def close(self) -> None:
        """End the worker threads. Running steps are not waited for."""
        self._runtime.workers.close()

    def _new_runtime(self) -> Runtime:
        workers = WorkerPool(self._slots)
        batcher = Batcher(workers) if self._batching else None
        models = ToolModels(self._models, workers, batcher, self._times)
        return Runtime(workers, models, self._times, self._memo)

    def _abandon_workers(self) -> None:
        """Leave threads and cache keys to the runs that have them.

        An interruption may come between any two lines, so their state cannot be trusted.
        """
        before, self._runtime = self._runtime, self._new_runtime()
        before.workers.close()
        if self._memo is not None:
            self._memo.release_keys()

    def _graph(self, checked: Checked) -> Graph:
        """Return the program's graph. The last ones are kept, as a program may run over many pictures."""
        with self._lock:
            kept = self._graphs.pop(id(checked), None)
            graph = kept[1] if kept is not None else build_graph(checked, self._tools)
            self._graphs[id(checked)] = checked, graph  # keeping the program keeps its id unique
            if len(self._graphs) > _MAX_GRAPHS:
                del self._graphs[next(iter(self._graphs))]
        return graph
