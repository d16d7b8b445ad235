"""Runs the graph of a checked program: steps that do not depend on each other run side by side.

The values are those of running the steps in order. A step that fails takes the steps that depend on it
along; the others are completed.
"""

from __future__ import annotations

import hashlib
import inspect
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from threading import Condition, Lock
from time import perf_counter
from typing import Any, NamedTuple

from visprog.engine.batching import Gatherer
from visprog.engine.crew import Crew
from visprog.engine.events import (
    Event,
    StepFailed,
    StepFinished,
    StepProgress,
    StepSkipped,
    StepStarted,
)
from visprog.engine.graph import Graph, Node, build_graph
from visprog.engine.memo import Memo, Remembered
from visprog.engine.tool_values import arguments_of, check_result
from visprog.errors import StepError, UsageError, VisProgError
from visprog.language.checker import Checked
from visprog.models.progress import listening
from visprog.models.roles import Models
from visprog.models.usage import counting
from visprog.tools import Registry, Tool
from visprog.values import Image, Regions

Observer = Callable[[Event], None]
"""Called with each event as it happens, one at a time, from whichever thread it happens in."""

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
        self, checked: Checked, inputs: Mapping[str, Image], observer: Observer | None = None
    ) -> tuple[Event, ...]:
        """Run a program over its inputs and return what happened, in the order in which it did.

        Raises UsageError where an input that the program uses is not given; a step's failure is an event.
        """
        missing = sorted(checked.used_inputs - inputs.keys())
        if missing:
            raise UsageError(
                f"the program uses {', '.join(missing)}, which is not given",
                help=f"give a picture for each of {', '.join(sorted(checked.inputs))}",
            )
        execution = _Execution(self, self._graph(checked), inputs, observer)
        try:
            execution.run()
        except KeyboardInterrupt:
            self._begin_anew()
            raise
        return tuple(execution.events)

    def _gathered_hands(self) -> _Hands:
        crew = Crew(self._at_once)
        return _Hands(crew, Gatherer(crew) if self._batching else None)

    def _begin_anew(self) -> None:
        """Leave threads and keys to the runs that have them: an interruption may come between any lines."""
        before, self._hands = self._hands, self._gathered_hands()
        before.crew.close()
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
        self._hands.crew.close()

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

    def _lend(self, tool: Tool, hands: _Hands, passes: list[int]) -> dict[str, object]:
        call = partial(self._call_model, tool, hands, passes)
        return {
            parameter: Lent(self._models, need.role, call)
            if not need.optional or self._models.has(need.role)
            else None
            for parameter, need in tool.needs.items()
        }

    def _call_model(
        self,
        tool: Tool,
        hands: _Hands,
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
        if hands.gatherer is not None and hands.gatherer.can_take(model, method):
            if named:
                bound = inspect.signature(function).bind(*given, **named)
                given, named = bound.args, bound.kwargs
            if not named:
                self._gathering.add(tool.name)
                answer = hands.gatherer.call(model, self._models.fingerprint(role), method, given)
                passes.append(answer.together)
                return answer.value
        with hands.crew.resting():
            return function(*given, **named)

    def _settings(self, tool: Tool) -> dict[str, Any]:
        """Return what the profile says of the tool."""
        return dict(self._models.settings(tool.name)) if tool.settings else {}

    def _lasts(self, tool: Tool) -> bool:
        """Whether the tool's keys mean the same in another process."""
        roles = (need.role for need in tool.needs.values())
        return tool.lasts and all(self._models.lasts(role) for role in roles if self._models.has(role))

    def _surroundings(self, tool: Tool) -> _Surroundings:
        found = {
            parameter: self._models.fingerprint(need.role) if self._models.has(need.role) else None
            for parameter, need in tool.needs.items()
        }
        settings = [f"{name}={value!r}" for name, value in sorted(self._settings(tool).items())]
        roles = [f"{parameter}={fingerprint!r}" for parameter, fingerprint in found.items()]
        names = (*(each for each in found.values() if each is not None), *settings)
        return _Surroundings("\0".join(["", *roles, *settings, ""]).encode(), names)


class _Surroundings(NamedTuple):
    """What a tool's results depend on beside its arguments: its models, and settings.

    In `key` each model stands with its role; `names` are those for the record.
    """

    key: bytes
    names: tuple[str, ...]


class _Hands(NamedTuple):
    """The threads that run the steps of a run, and what gathers their calls."""

    crew: Crew
    gatherer: Gatherer | None


class Lent:
    """Stands for the model that fills a role: every call of a tool to a model goes through one.

    The model is asked for on the first call, so that a tool which can do without it never loads it. Its
    methods are called by `call`, which is given the role, the model, and the method's name and arguments.
    """

    __slots__ = ("_call", "_models", "_role")

    def __init__(self, models: Models, role: str, call: Callable[..., Any] | None = None) -> None:
        self._models = models
        self._role = role
        self._call = call

    def __getattr__(self, name: str) -> Any:
        model = self._models.get(self._role)
        found = getattr(model, name)
        if self._call is None or not callable(found):
            return found
        return partial(self._call, self._role, model, name)


class _Execution:
    """One run: the values so far, what still waits, and the events."""

    def __init__(
        self, interpreter: Interpreter, graph: Graph, inputs: Mapping[str, Image], observer: Observer | None
    ) -> None:
        self._interpreter = interpreter
        self._hands = interpreter._hands
        self._graph = graph
        self._values: dict[str, Any] = dict(inputs)
        self._observer = observer
        self._changed = Condition(Lock())
        self._waiting = {index: len(node.depends) for index, node in graph.nodes.items()}
        self._open = len(graph.nodes)
        self._stopped = False
        self._broken: BaseException | None = None
        self._around: dict[str, _Surroundings] = {}
        self._keys: dict[str, bytes] = {}
        self._passing: set[str] = set()  # the steps whose keys mean nothing to another process
        self._observing = Lock()
        self._start = perf_counter()
        self.events: list[Event] = []

    def run(self) -> None:
        for index in self._graph.unneeded:
            self._emit(StepSkipped(index, None))
        try:
            memo = self._interpreter._memo
            if memo is not None:
                self._derive_keys()
                if memo.store is not None:
                    self._find_passing()
            with self._hands.crew.working():
                self._work([index for index, count in self._waiting.items() if count == 0])
            with self._hands.crew.standing_aside(), self._changed:
                self._changed.wait_for(lambda: self._open == 0 or self._broken is not None)
        finally:
            self._stopped = True
        if self._broken is not None:
            raise self._broken

    def _derive_keys(self) -> None:
        """Derive every key from the inputs: none needs a step to have run."""
        for node in self._graph.nodes.values():
            tool = node.tool
            if tool is None:
                self._keys[node.name] = self._key_of(node.step.uses[0])
                continue
            content = hashlib.blake2b(node.identity, digest_size=16)
            content.update(self._surroundings(tool).key)
            for name in node.step.uses:
                content.update(self._key_of(name))
            self._keys[node.name] = content.digest()

    def _find_passing(self) -> None:
        for node in self._graph.nodes.values():
            lasts = node.tool is None or self._interpreter._lasts(node.tool)
            if not lasts or not self._passing.isdisjoint(node.step.uses):
                self._passing.add(node.name)

    def _key_of(self, name: str) -> bytes:
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = bytes.fromhex(self._values[name].digest)
        return key

    def _surroundings(self, tool: Tool) -> _Surroundings:
        found = self._around.get(tool.name)
        if found is None:
            found = self._around[tool.name] = self._interpreter._surroundings(tool)
        return found

    def _work(self, ready: Iterable[int]) -> None:
        """Run the ready steps and what they make ready: the quick ones and one other here, the rest apart."""
        queue, own = deque(ready), None
        while (queue or own is not None) and not self._stopped:
            if queue:
                index = queue.popleft()
                if not self._interpreter._is_quick(self._graph.nodes[index].tool):
                    if own is None:
                        own = index
                    else:
                        self._hands.crew.submit(partial(self._work_apart, index))
                    continue
            else:
                assert own is not None, "the loop's condition"  # noqa: S101
                index, own = own, None
            queue.extend(self._complete(self._graph.nodes[index]))

    def _work_apart(self, index: int) -> None:
        """In a worker thread: whatever goes wrong here, the run must not wait for ever."""
        try:
            self._work([index])
        except BaseException as cause:
            with self._changed:
                self._broken = cause
                self._changed.notify_all()

    def _complete(self, node: Node) -> list[int]:
        """Run one step; return the steps that now have all they wait for."""
        event = self._perform(node)
        self._emit(event)
        with self._changed:
            if isinstance(event, StepFinished):
                self._values[node.name] = event.value
                ready = self._release(node.index)
            else:
                ready = self._skip_after(node.index)
            self._open -= 1
            if self._open == 0:
                self._changed.notify_all()
        return ready

    def _release(self, index: int) -> list[int]:
        ready = []
        for later in self._graph.dependents[index]:
            self._waiting[later] -= 1
            if self._waiting[later] == 0:
                ready.append(later)
        return ready

    def _skip_after(self, failed: int) -> list[int]:
        """Skip all that depends on a failed step."""
        rest, skipped = [failed], set[int]()
        while rest:
            for later in self._graph.dependents[rest.pop()]:
                if later not in skipped and self._waiting[later] > 0:
                    skipped.add(later)
                    rest.append(later)
        for later in sorted(skipped):
            self._waiting[later] = -1
            self._open -= 1
            self._emit(StepSkipped(later, failed))
        return []

    def _perform(self, node: Node) -> StepFinished | StepFailed:
        at = perf_counter() - self._start
        if self._observer is not None:
            self._observe(StepStarted(node.index, at))
        if node.tool is None:
            value = self._values[node.step.uses[0]]
            return StepFinished(node.index, at, 0.0, value, self._keys.get(node.name, b""), False, (), ())
        memo = self._interpreter._memo
        if memo is None:
            return self._call(node, node.tool, at)
        key = self._keys[node.name]
        lasting = node.name not in self._passing
        remembered = memo.begin(key, self._hands.crew, lasting=lasting)
        if remembered is not None:
            seconds = perf_counter() - self._start - at
            value, warnings, models = remembered
            return StepFinished(node.index, at, seconds, value, key, True, warnings, models)
        computed = None
        try:
            event = self._call(node, node.tool, at)
            if isinstance(event, StepFinished):
                computed = Remembered(event.value, event.warnings, event.models)
        finally:
            memo.end(key, computed, lasting=lasting)
        return event

    def _call(self, node: Node, tool: Tool, at: float) -> StepFinished | StepFailed:
        warnings: list[str] = []
        passes: list[int] = []
        models = self._surroundings(tool).names
        with counting() as usage:
            try:
                value = self._value(node, tool, warnings, passes)
            except _ObserverFailed as failure:
                raise failure.error from None
            except Exception as cause:
                seconds, error = perf_counter() - self._start - at, _step_error(node, tool, cause)
                return StepFailed(node.index, at, seconds, error, tuple(warnings), models, usage.tokens)
        seconds = perf_counter() - self._start - at
        self._interpreter._took(tool, seconds)
        if isinstance(value, Regions) and value.empty:
            warnings.append("found nothing")
        key = self._keys.get(node.name, b"")
        together = max(passes) if passes else 1
        return StepFinished(
            node.index, at, seconds, value, key, False, tuple(warnings), models, usage.tokens, together
        )

    def _value(self, node: Node, tool: Tool, warnings: list[str], passes: list[int]) -> Any:
        arguments = arguments_of(node, self._values)
        if tool.needs:
            arguments |= self._interpreter._lend(tool, self._hands, passes)
        if tool.settings:
            arguments |= self._interpreter._settings(tool)
        if tool.warn_parameter is not None:
            arguments[tool.warn_parameter] = lambda remark: warnings.append(str(remark))
        if self._observer is None:
            value = tool.function(**arguments)
        else:
            with listening(partial(self._report, node.index)):
                value = tool.function(**arguments)
        check_result(tool, value)
        return value

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        if self._observer is not None:
            self._observe(event)

    def _observe(self, event: Event) -> None:
        """Tell the observer. Who waits for its turn rests: the observer may run a program meanwhile."""
        assert self._observer is not None, "asked only where there is one"  # noqa: S101
        if not self._observing.acquire(blocking=False):
            with self._hands.crew.resting():
                self._observing.acquire()
        try:
            self._observer(event)
        finally:
            self._observing.release()

    def _report(self, index: int, done: int, total: int) -> None:
        """Tell of a model's progress. What the observer raises is no failure of the step."""
        try:
            self._observe(StepProgress(index, done, total))
        except Exception as error:
            raise _ObserverFailed(error) from error


class _ObserverFailed(BaseException):
    """Carries what an observer raised through a tool and a model, which must not take it for their own."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _step_error(node: Node, tool: Tool, cause: Exception) -> StepError:
    step = node.step.step
    ours = isinstance(cause, VisProgError)
    reason = cause.message if isinstance(cause, VisProgError) else f"{type(cause).__name__}: {cause}"
    error = StepError(
        f"{step.target} (line {step.span.line}, {tool.name}): {reason}",
        step=step.target,
        line=step.span.line,
        help=getattr(cause, "help", None) if ours else None,
    )
    error.__cause__ = cause
    return error
