"""Runs the graph of a checked program: steps that do not depend on each other run side by side.

The values are those of running the steps in order. A step that fails takes the steps that depend on it
along; the others are completed.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from functools import partial
from threading import Lock
from typing import Any

from visprog.engine.batching import Batcher
from visprog.engine.cache.memory import Memo
from visprog.engine.events import (
    Event,
)
from visprog.engine.execution import Execution, Hands, Observer, Surroundings
from visprog.engine.graph import Graph, build_graph
from visprog.engine.workers import WorkerPool
from visprog.errors import UsageError
from visprog.language.checker import Checked
from visprog.models.handle import ModelHandle
from visprog.models.roles import Models
from visprog.tools import Registry, Tool
from visprog.values import Image

_GRAPHS = 64

_HANDOFF = 200e-6
"""Seconds. A tool that takes less is not worth handing to another thread."""


class Interpreter:
    """Runs checked programs with the given tools and models.

    At most `workers` steps and one more compute at once, of all runs together; those that wait for a model
    do not count. What was computed once is remembered in `memo`; None remembers nothing, within a run
    neither. With `batching`, calls to one model are gathered, as `visprog.engine.batching` says.
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
        self._at_once = 1 + (workers or min(8, (os.cpu_count() or 1) + 2))
        self._batching = batching
        self._hands = self._gathered_hands()
        self._gathering: set[str] = set()  # tools whose calls wait for others
        self._lock = Lock()
        self._seconds: dict[str, float] = {}
        self._graphs: dict[int, tuple[Checked, Graph]] = {}

    def run(
        self,
        checked: Checked,
        inputs: Mapping[str, Image],
        observer: Observer | None = None,
        deadline: float | None = None,
    ) -> tuple[Event, ...]:
        """Run a program over its inputs and return what happened, in the order in which it did.

        When `deadline` seconds have passed, the steps that are not done fail with DeadlineExceeded. A step
        that runs at that time is left to itself, and nothing it does has an effect on the run.

        Raises UsageError if an input that the program uses is not given. A step's failure is an event.
        """
        missing = sorted(checked.used_inputs - inputs.keys())
        if missing:
            raise UsageError(
                f"the program uses {', '.join(missing)}, which is not given",
                help=f"give a picture for each of {', '.join(sorted(checked.inputs))}",
            )
        execution = Execution(self, self._graph(checked), inputs, observer, deadline)
        try:
            execution.run()
        except KeyboardInterrupt:
            self._begin_anew()
            raise
        return tuple(execution.events)

    def _gathered_hands(self) -> Hands:
        workers = WorkerPool(self._at_once)
        return Hands(workers, Batcher(workers) if self._batching else None)

    def _begin_anew(self) -> None:
        """Leave threads and keys to the runs that have them: an interruption may come between any lines."""
        before, self._hands = self._hands, self._gathered_hands()
        before.workers.close()
        if self._memo is not None:
            self._memo.forget_the_busy()

    def _graph(self, checked: Checked) -> Graph:
        """Return the program's graph; the last ones are kept, as one program runs over many pictures."""
        with self._lock:
            kept = self._graphs.pop(id(checked), None)
            graph = kept[1] if kept is not None else build_graph(checked, self._tools)
            self._graphs[id(checked)] = checked, graph  # holding the program keeps its id its own
            if len(self._graphs) > _GRAPHS:
                del self._graphs[next(iter(self._graphs))]
        return graph

    def close(self) -> None:
        """Let the worker threads go. Steps under way are not waited for."""
        self._hands.workers.close()

    def _is_quick(self, tool: Tool | None) -> bool:
        if tool is None:
            return True
        return self._seconds.get(tool.name, _HANDOFF) < _HANDOFF and tool.name not in self._gathering

    def _took(self, tool: Tool, seconds: float) -> None:
        """Follow the median of what a tool takes: on a busy machine any call may be held up for long.

        A lost update between threads does no harm.
        """
        before = self._seconds.get(tool.name)
        self._seconds[tool.name] = seconds if before is None else before * (1.25 if seconds > before else 0.8)

    def _lend(self, tool: Tool, hands: Hands, passes: list[int]) -> dict[str, object]:
        call = partial(self._call_model, tool, hands, passes)
        return {
            parameter: ModelHandle(self._models, need.role, call)
            if not need.optional or self._models.has(need.role)
            else None
            for parameter, need in tool.needs.items()
        }

    def _call_model(
        self,
        tool: Tool,
        hands: Hands,
        passes: list[int],
        role: str,
        model: object,
        method: str,
        *given: Any,
        **named: Any,
    ) -> Any:
        """Call a model for a step: together with other steps where the model can, and resting meanwhile.

        How many calls were made together is added to `passes`.
        """
        function = getattr(model, method)
        if hands.batcher is not None and hands.batcher.can_take(model, method):
            if named:
                bound = inspect.signature(function).bind(*given, **named)
                given, named = bound.args, bound.kwargs
            if not named:
                self._gathering.add(tool.name)
                answer = hands.batcher.call(model, self._models.fingerprint(role), method, given)
                passes.append(answer.together)
                return answer.value
        with hands.workers.resting():
            return function(*given, **named)

    def _settings(self, tool: Tool) -> dict[str, Any]:
        """Return what the profile says of the tool."""
        return dict(self._models.settings(tool.name)) if tool.settings else {}

    def _is_stable(self, tool: Tool) -> bool:
        """Whether the tool's keys mean the same in another process."""
        roles = (need.role for need in tool.needs.values() if self._models.has(need.role))
        return tool.is_stable and all(map(self._models.is_stable, roles))

    def _surroundings(self, tool: Tool) -> Surroundings:
        found = {
            parameter: self._models.fingerprint(need.role) if self._models.has(need.role) else None
            for parameter, need in tool.needs.items()
        }
        settings = [f"{name}={value!r}" for name, value in sorted(self._settings(tool).items())]
        roles = [f"{parameter}={fingerprint!r}" for parameter, fingerprint in found.items()]
        names = (*(each for each in found.values() if each is not None), *settings)
        return Surroundings("\0".join(["", *roles, *settings, ""]).encode(), names)
