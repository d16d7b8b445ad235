"""Runs one step: its value comes from the cache or from a call of its tool."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from visprog.engine.cache.memory import CacheEntry, Memo
from visprog.engine.events import StepFailed, StepFinished, StepStarted
from visprog.engine.graph import Graph, Node
from visprog.engine.observing import Notifier, ObserverFailed
from visprog.engine.step_errors import step_error
from visprog.engine.step_keys import process_local, step_keys
from visprog.engine.tool_models import Dependencies, ToolModels
from visprog.engine.tool_times import ToolTimes
from visprog.engine.tool_values import arguments_of, check_result
from visprog.engine.workers import WorkerPool
from visprog.errors import shortened
from visprog.models.progress import listening
from visprog.models.usage import counting
from visprog.tools import Tool
from visprog.values import Image, Regions


class Runtime(NamedTuple):
    """The parts of an interpreter that all its runs share."""

    workers: WorkerPool
    models: ToolModels
    times: ToolTimes
    cache: Memo | None


class StepRunner:
    """Runs the steps of one run. `values` has the values of inputs and of the steps finished so far."""

    def __init__(self, runtime: Runtime, values: Mapping[str, Any], notifier: Notifier | None) -> None:
        self._runtime = runtime
        self._values = values
        self._notifier = notifier
        self._start = perf_counter()
        self._keys: Mapping[str, bytes] = {}
        self._process_local: frozenset[str] = frozenset()
        self._dependencies: dict[str, Dependencies] = {}

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
            return StepFinished(node.index, at, self.seconds - at, value, key, True, warnings, models)
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
                value = self._value(node, tool, warnings, batch_sizes)
            except ObserverFailed as failure:
                raise failure.error from None
            except KeyboardInterrupt:
                raise
            except BaseException as cause:  # a tool that calls `sys.exit` ends its step, not the program
                seconds, error = self.seconds - at, step_error(node, cause)
                return StepFailed(node.index, at, seconds, error, tuple(warnings), models, usage.tokens)
        seconds = self.seconds - at
        self._runtime.times.record(tool, seconds)
        if isinstance(value, Regions) and value.empty:
            warnings.append("found nothing")
        together = max(batch_sizes) if batch_sizes else 1
        key, remarks = self._key_of(node), tuple(warnings)
        return StepFinished(
            node.index, at, seconds, value, key, False, remarks, models, usage.tokens, together
        )

    def _value(self, node: Node, tool: Tool, warnings: list[str], batch_sizes: list[int]) -> Any:
        arguments = arguments_of(node, self._values)
        if tool.needs:
            arguments |= self._runtime.models.handles(tool, batch_sizes)
        if tool.settings:
            arguments |= self._runtime.models.settings(tool)
        if tool.warn_parameter is not None:
            arguments[tool.warn_parameter] = lambda remark: warnings.append(shortened(str(remark)))
        if self._notifier is None:
            value = tool.function(**arguments)
        else:
            with listening(partial(self._notifier.report_progress, node.index)):
                value = tool.function(**arguments)
        check_result(tool, value)
        return value

    def _key_of(self, node: Node) -> bytes:
        return self._keys.get(node.name, b"")

    def _dependencies_of(self, tool: Tool) -> Dependencies:
        found = self._dependencies.get(tool.name)
        if found is None:
            found = self._dependencies[tool.name] = self._runtime.models.dependencies(tool)
        return found
