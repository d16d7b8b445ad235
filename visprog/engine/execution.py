"""One run of a program: which steps are ready, which threads run them, and the events."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from threading import Condition, Lock
from typing import Any

from visprog.engine.events import Event, StepFailed, StepFinished, StepSkipped
from visprog.engine.graph import Graph, Node
from visprog.engine.observing import Notifier, Observer
from visprog.engine.step_errors import step_error
from visprog.engine.step_run import Runtime, StepRunner
from visprog.errors import DeadlineExceeded
from visprog.values import Image


class Execution:
    """One run. With a `deadline`, in seconds, the calling thread runs no step: it watches the clock."""

    def __init__(
        self,
        runtime: Runtime,
        graph: Graph,
        inputs: Mapping[str, Image],
        observer: Observer | None,
        deadline: float | None = None,
    ) -> None:
        self._workers = runtime.workers
        self._times = runtime.times
        self._graph = graph
        self._inputs = inputs
        self._values: dict[str, Any] = dict(inputs)
        self._notifier = Notifier(observer, runtime.workers) if observer is not None else None
        self._runner = StepRunner(runtime, self._values, self._notifier)
        self._changed = Condition(Lock())
        self._waiting = {index: len(node.depends) for index, node in graph.nodes.items()}
        self._unfinished = len(graph.nodes)
        self._is_stopped = False
        self._failure: BaseException | None = None
        self._deadline = deadline
        self._started: set[int] = set()
        self._ended: set[int] = set()  # steps with their event, or about to have it
        self.events: list[Event] = []

    def run(self) -> None:
        """Run the steps, and collect the events. Raise errors that happen outside of steps."""
        for index in self._graph.unneeded:
            self._emit(StepSkipped(index, None))
        try:
            self._runner.prepare(self._graph, self._inputs)
            self._run_steps([index for index, count in self._waiting.items() if count == 0])
        finally:
            self._is_stopped = self._runner.is_stopped = True
            if self._notifier is not None:
                self._notifier.close()
        if self._failure is not None:
            raise self._failure

    def _run_steps(self, ready: list[int]) -> None:
        if self._deadline is None:
            with self._workers.as_worker():
                self._work(ready)
        else:
            for index in ready:
                self._workers.submit(partial(self._work_in_pool, index))
        if self._unfinished:
            with self._workers.waiting_for_run(), self._changed:
                self._changed.wait_for(self._is_finished, self._seconds_left())
        if self._unfinished and self._failure is None:
            self._expire()

    def _is_finished(self) -> bool:
        return self._unfinished == 0 or self._failure is not None

    def _seconds_left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - self._runner.seconds)

    def _expire(self) -> None:
        """Fail the steps that run or could run now, and skip those that wait for them."""
        self._is_stopped = self._runner.is_stopped = True
        while True:
            with self._changed:
                late = [i for i, count in self._waiting.items() if count == 0 and i not in self._ended]
                self._ended.update(late)
                if not late and self._unfinished:  # a step finished in time, and is about to emit its event
                    self._changed.wait(0.05)
            for index in late:
                self._emit(self._expired(self._graph.nodes[index]))
                with self._changed:
                    self._skip_after(index)
                    self._unfinished -= 1
            if self._is_finished():
                return

    def _expired(self, node: Node) -> StepFailed:
        running = node.index in self._started
        when = "while this step ran" if running else "before this step started"
        message = f"the deadline of {self._deadline:g} s passed {when}"
        cause = DeadlineExceeded(
            message, help="use a longer deadline (`--deadline SECONDS`)", running=running
        )
        return StepFailed(node.index, self._runner.seconds, 0.0, step_error(node, cause), (), ())

    def _work(self, ready: Iterable[int]) -> None:
        """Run the ready steps and the steps that they make ready.

        This thread runs the quick steps, and then one slow step. It gives the other slow steps to the pool.
        """
        queue, slow = deque(ready), None
        while (queue or slow is not None) and not self._is_stopped:
            if queue:
                index = queue.popleft()
                if not self._times.is_quick(self._graph.nodes[index].tool):
                    if slow is None:
                        slow = index
                    else:
                        self._workers.submit(partial(self._work_in_pool, index))
                    continue
            else:
                assert slow is not None, "the loop's condition"  # noqa: S101
                index, slow = slow, None
            queue.extend(self._complete(self._graph.nodes[index]))

    def _work_in_pool(self, index: int) -> None:
        """Run a step in a thread of the pool. An error of the engine itself stops the run."""
        try:
            self._work([index])
        except BaseException as failure:
            with self._changed:
                self._failure = failure
                self._changed.notify_all()

    def _complete(self, node: Node) -> list[int]:
        """Run one step, and return the steps that are ready now."""
        self._started.add(node.index)
        event = self._runner.run(node)
        if self._deadline is not None and not self._end(node.index):
            return []
        self._emit(event)
        with self._changed:
            if isinstance(event, StepFinished):
                self._values[node.name] = event.value
                ready = self._release(node.index)
            else:
                ready = []
                self._skip_after(node.index)
            self._unfinished -= 1
            if self._unfinished == 0 or self._is_stopped:
                self._changed.notify_all()
        return ready

    def _end(self, index: int) -> bool:
        """Mark a step as ended. Return False if the deadline ended it before."""
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

    def _skip_after(self, failed: int) -> None:
        """Skip all steps that depend on a failed step."""
        rest, skipped = [failed], set[int]()
        while rest:
            for later in self._graph.dependents[rest.pop()]:
                if later not in skipped and self._waiting[later] > 0:
                    skipped.add(later)
                    rest.append(later)
        for later in sorted(skipped):
            self._waiting[later] = -1
            self._unfinished -= 1
            self._emit(StepSkipped(later, failed))

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        if self._notifier is not None:
            self._notifier.notify(event)
