"""One run of a program: the values so far, the steps that still wait, and the events."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from threading import Condition, Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from visprog.engine.batching import Batcher
from visprog.engine.cache.memory import Remembered
from visprog.engine.events import (
    Event,
    StepFailed,
    StepFinished,
    StepProgress,
    StepSkipped,
    StepStarted,
)
from visprog.engine.graph import Graph, Node
from visprog.engine.step_errors import step_error
from visprog.engine.tool_values import arguments_of, check_result
from visprog.engine.workers import WorkerPool
from visprog.errors import DeadlineExceeded, shortened
from visprog.models.progress import listening
from visprog.models.usage import counting
from visprog.tools import Tool
from visprog.values import Image, Regions

if TYPE_CHECKING:
    from visprog.engine.interpreter import Interpreter

Observer = Callable[[Event], None]
"""Called with each event as it happens, one at a time, from whichever thread it happens in."""


class Surroundings(NamedTuple):
    """What a tool's results depend on beside its arguments: its models, and settings.

    In `key` each model stands with its role; `names` are those for the record.
    """

    key: bytes
    names: tuple[str, ...]


class Hands(NamedTuple):
    """The threads that run the steps of a run, and what gathers their calls."""

    workers: WorkerPool
    batcher: Batcher | None


class Execution:
    """One run: the values so far, what still waits, and the events.

    With a `deadline`, in seconds, no step runs in the calling thread: it has to watch the clock.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        graph: Graph,
        inputs: Mapping[str, Image],
        observer: Observer | None,
        deadline: float | None = None,
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
        self._around: dict[str, Surroundings] = {}
        self._keys: dict[str, bytes] = {}
        self._process_local: set[str] = set()  # the steps whose keys mean nothing to another process
        self._observing = Lock()
        self._deadline = deadline
        self._begun: set[int] = set()
        self._ended: set[int] = set()  # steps with their event, or about to have it
        self._over = False
        self._start = perf_counter()
        self.events: list[Event] = []

    def run(self) -> None:
        """Run the steps. What happens is in `events`, and what goes wrong outside of a step is raised."""
        for index in self._graph.unneeded:
            self._emit(StepSkipped(index, None))
        try:
            memo = self._interpreter._memo
            if memo is not None:
                self._derive_keys()
                if memo.store is not None:
                    self._find_passing()
            ready = [index for index, count in self._waiting.items() if count == 0]
            if self._deadline is None:
                with self._hands.workers.working():
                    self._work(ready)
            else:
                for index in ready:
                    self._hands.workers.submit(partial(self._work_apart, index))
            with self._hands.workers.standing_aside(), self._changed:
                self._changed.wait_for(lambda: self._open == 0 or self._broken is not None, self._left())
            if self._open and self._broken is None:
                self._expire()
        finally:
            self._stopped = self._over = True
        if self._broken is not None:
            raise self._broken

    def _left(self) -> float | None:
        """Return the seconds until the deadline, if there is one."""
        return None if self._deadline is None else max(0.0, self._start + self._deadline - perf_counter())

    def _expire(self) -> None:
        """Fail the steps that run or could run now; those that wait for them are skipped."""
        self._stopped = True
        while True:
            with self._changed:
                late = [i for i, count in self._waiting.items() if count == 0 and i not in self._ended]
                self._ended.update(late)
                if not late and self._open:  # a step that ended in time is about to say so
                    self._changed.wait(0.05)
            for index in late:
                self._emit(self._expired(self._graph.nodes[index]))
                with self._changed:
                    self._skip_after(index)
                    self._open -= 1
            if not self._open or self._broken is not None:
                return

    def _expired(self, node: Node) -> StepFailed:
        running = node.index in self._begun
        when = "while this step ran" if running else "before this step began"
        message = f"the run's deadline of {self._deadline:g} s passed {when}"
        cause = DeadlineExceeded(message, help="give the run more time", running=running)
        at = perf_counter() - self._start
        return StepFailed(node.index, at, 0.0, step_error(node, cause), (), ())

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
            lasts = node.tool is None or self._interpreter._is_stable(node.tool)
            if not lasts or not self._process_local.isdisjoint(node.step.uses):
                self._process_local.add(node.name)

    def _key_of(self, name: str) -> bytes:
        key = self._keys.get(name)
        if key is None:
            key = self._keys[name] = bytes.fromhex(self._values[name].digest)
        return key

    def _surroundings(self, tool: Tool) -> Surroundings:
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
                        self._hands.workers.submit(partial(self._work_apart, index))
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
        self._begun.add(node.index)
        event = self._perform(node)
        if self._deadline is not None and not self._ends(node.index):
            return []
        self._emit(event)
        with self._changed:
            if isinstance(event, StepFinished):
                self._values[node.name] = event.value
                ready = self._release(node.index)
            else:
                ready = self._skip_after(node.index)
            self._open -= 1
            if self._open == 0 or self._stopped:
                self._changed.notify_all()
        return ready

    def _ends(self, index: int) -> bool:
        """Note that a step ends now; False if the run has gone on without it."""
        with self._changed:
            if index in self._ended:
                return False
            self._ended.add(index)
            return True

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
        lasting = node.name not in self._process_local
        remembered = memo.begin(key, self._hands.workers, lasting=lasting)
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
            except KeyboardInterrupt:
                raise
            except BaseException as cause:  # a tool that calls `sys.exit` ends its step, not the program
                seconds, error = perf_counter() - self._start - at, step_error(node, cause)
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
            arguments[tool.warn_parameter] = lambda remark: warnings.append(shortened(str(remark)))
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
            with self._hands.workers.resting():
                self._observing.acquire()
        try:
            if not self._over:
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
