"""Runs one step: its value comes from the cache or from a call of its tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from visprog.engine.cache.memory import CacheEntry, Memo, copied
from visprog.engine.events import Elements, StepFailed, StepFinished, StepStarted
from visprog.engine.frames import framed, in_one_frame
from visprog.engine.graph import Graph, Node
from visprog.engine.lifting import ElementRunner, count_elements, merged_warnings
from visprog.engine.observing import Notifier, ObserverFailed
from visprog.engine.step_errors import step_error
from visprog.engine.step_keys import element_base, element_key, process_local, step_keys
from visprog.engine.tool_models import Dependencies, ToolModels
from visprog.engine.tool_times import ToolTimes
from visprog.engine.tool_values import arguments_of, checked_result, converted
from visprog.engine.workers import WorkerPool
from visprog.errors import shortened
from visprog.language.limits import check_size
from visprog.models.progress import listening
from visprog.models.usage import counting
from visprog.tools import Tool
from visprog.values import Image, Regions


def _report_nothing() -> None:
    """Ignore a finished element: nobody observes the run."""


class Runtime(NamedTuple):
    """The parts of an interpreter that all its runs share."""

    workers: WorkerPool
    models: ToolModels
    times: ToolTimes
    cache: Memo | None


class StepRunner:
    """Runs the steps of one run. `values` has the values of inputs and of the steps finished so far.

    After `is_stopped` is set, no further elements of lifted steps start.
    """

    def __init__(self, runtime: Runtime, values: Mapping[str, Any], notifier: Notifier | None) -> None:
        self._runtime = runtime
        self._values = values
        self._notifier = notifier
        self._start = perf_counter()
        self._keys: Mapping[str, bytes] = {}
        self._process_local: frozenset[str] = frozenset()
        self._dependencies: dict[str, Dependencies] = {}
        self.is_stopped = False

    @property
    def seconds(self) -> float:
        """Seconds since the start of the run."""
        return perf_counter() - self._start

    def prepare(self, graph: Graph, inputs: Mapping[str, Image]) -> None:
        """Derive the keys of the steps, if results are cached."""
        cache = self._runtime.cache
        if cache is not None:
            self._keys = step_keys(graph, inputs, self._dependencies_of)
            if cache.store is not None:
                self._process_local = process_local(graph, self._runtime.models.is_stable)

    def run(self, node: Node) -> StepFinished | StepFailed:
        """Return the step's value or failure."""
        at = self.seconds
        if self._notifier is not None:
            self._notifier.notify(StepStarted(node.index, at))
        if node.tool is None:
            value = self._values[node.step.uses[0]]
            return StepFinished(node.index, at, 0.0, value, self._key_of(node), False, (), ())
        cache = self._runtime.cache
        if cache is None:
            return self._call(node, node.tool, at)
        return self._from_cache(cache, node, node.tool, at)

    def _from_cache(self, cache: Memo, node: Node, tool: Tool, at: float) -> StepFinished | StepFailed:
        key = self._keys[node.name]
        lasting = node.name not in self._process_local
        cached = cache.begin(key, self._runtime.workers, lasting=lasting)
        if cached is not None:
            value, warnings, models = cached
            elements = Elements(len(value), len(value)) if node.step.lifted else None
            seconds = self.seconds - at
            return StepFinished(
                node.index, at, seconds, value, key, True, warnings, models, elements=elements
            )
        computed = None
        try:
            event = self._call(node, tool, at)
            if isinstance(event, StepFinished):
                computed = CacheEntry(event.value, event.warnings, event.models)
        finally:
            cache.end(key, computed, lasting=lasting)
        return event

    def _call(self, node: Node, tool: Tool, at: float) -> StepFinished | StepFailed:
        warnings: list[str] = []
        batch_sizes: list[int] = []
        models = self._dependencies_of(tool).names
        with counting() as usage:
            try:
                value, elements = self._value(node, tool, warnings, batch_sizes)
            except ObserverFailed as failure:
                raise failure.error from None
            except KeyboardInterrupt:
                raise
            except BaseException as cause:  # a tool that calls `sys.exit` ends its step, not the program
                seconds, error = self.seconds - at, step_error(node, cause)
                return StepFailed(node.index, at, seconds, error, tuple(warnings), models, usage.tokens)
        seconds = self.seconds - at
        together = max(batch_sizes) if batch_sizes else 1
        key, remarks = self._key_of(node), tuple(warnings)
        return StepFinished(
            node.index, at, seconds, value, key, False, remarks, models, usage.tokens, together, elements
        )

    def _value(
        self, node: Node, tool: Tool, warnings: list[str], batch_sizes: list[int]
    ) -> tuple[Any, Elements | None]:
        arguments = arguments_of(node, self._values, warnings.append)
        if node.step.lifted:
            return self._lifted(node, tool, arguments, warnings, batch_sizes)
        if self._notifier is None:
            return self._invoke(node, tool, arguments, warnings, batch_sizes), None
        with listening(partial(self._notifier.report_progress, node.index)):
            return self._invoke(node, tool, arguments, warnings, batch_sizes), None

    def _invoke(
        self,
        node: Node,
        tool: Tool,
        arguments: Mapping[str, Any],
        warnings: list[str],
        batch_sizes: list[int],
    ) -> Any:
        """Call the tool's function once, and return its checked value."""

        def warn(remark: object) -> None:
            warnings.append(shortened(str(remark)))

        given = converted(node, arguments)
        if node.takes_regions:
            given = in_one_frame(tool.signature, given, warn)
        injected: dict[str, Any] = {}
        if tool.needs:
            injected |= self._runtime.models.handles(tool, batch_sizes)
        if tool.settings:
            injected |= self._runtime.models.settings(tool)
        if tool.warn_parameter is not None:
            injected[tool.warn_parameter] = warn
        start = perf_counter()
        value = checked_result(node, tool, tool.function(**given, **injected))
        self._runtime.times.record(tool, perf_counter() - start)
        if isinstance(value, Regions) and value.empty:
            warnings.append("found nothing")
        return framed(tool.signature, given, value) if tool.signature.frame_from else value

    def _lifted(
        self,
        node: Node,
        tool: Tool,
        arguments: Mapping[str, Any],
        warnings: list[str],
        batch_sizes: list[int],
    ) -> tuple[list[Any], Elements]:
        """Call the tool for each item of its lifted arguments."""
        lists = {name: arguments[name] for name in node.step.lifted}
        count = count_elements(lists)
        if not count:
            warnings.append(f"the list of `{node.step.lifted[0]}` is empty, so {tool.name} was not called")
            return [], Elements(0)
        shared = {name: value for name, value in arguments.items() if name not in lists}
        base = self._element_base(node, tool)

        def compute(place: int) -> tuple[CacheEntry, bool]:
            items = {name: items[place] for name, items in lists.items()}
            given = {name: copied(value) for name, value in shared.items()} | items
            call = partial(self._element, node, tool, given, batch_sizes)
            return call() if base is None else self._cached_element(node, element_key(base, items), call)

        report = _report_nothing
        if self._notifier is not None:
            report = partial(self._notifier.report_element, node.index, count)
        most = self._runtime.models.most_elements(tool)
        runner = ElementRunner(count, compute, self._runtime.workers, most, report, lambda: self.is_stopped)
        found = runner.run()
        warnings += merged_warnings((entry.warnings for entry, _ in found), count)
        values = [entry.value for entry, _ in found]
        check_size(values)
        return values, Elements(count, sum(cached for _, cached in found))

    def _element_base(self, node: Node, tool: Tool) -> bytes | None:
        """Return what the keys of the elements share; None if results are not cached."""
        if self._runtime.cache is None:
            return None
        keys = {name: self._keys[name].hex() for name in node.step.uses}
        return element_base(node, tool, self._dependencies_of(tool), keys)

    def _element(
        self, node: Node, tool: Tool, arguments: Mapping[str, Any], batch_sizes: list[int]
    ) -> tuple[CacheEntry, bool]:
        warnings: list[str] = []
        value = self._invoke(node, tool, arguments, warnings, batch_sizes)
        return CacheEntry(value, tuple(warnings), self._dependencies_of(tool).names), False

    def _cached_element(
        self, node: Node, key: bytes, compute: Callable[[], tuple[CacheEntry, bool]]
    ) -> tuple[CacheEntry, bool]:
        cache, lasting = self._runtime.cache, node.name not in self._process_local
        assert cache is not None, "only cached runs have keys"  # noqa: S101
        cached = cache.begin(key, self._runtime.workers, lasting=lasting)
        if cached is not None:
            return cached, True
        computed = None
        try:
            computed, _ = compute()
        finally:
            cache.end(key, computed, lasting=lasting)
        return computed, False

    def _key_of(self, node: Node) -> bytes:
        return self._keys.get(node.name, b"")

    def _dependencies_of(self, tool: Tool) -> Dependencies:
        found = self._dependencies.get(tool.name)
        if found is None:
            found = self._dependencies[tool.name] = self._runtime.models.dependencies(tool)
        return found
