"""Gives tools their models and settings, and identifies those that affect results."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from visprog.engine.batching import DEFAULT_BATCH_SIZE, Batcher
from visprog.engine.tool_times import ToolTimes
from visprog.engine.workers import WorkerPool
from visprog.models.handle import ModelHandle
from visprog.models.roles import Models
from visprog.tools import Tool


class Dependencies(NamedTuple):
    """The models and settings that affect a tool's results, besides its arguments.

    `key` tells them apart: it has each model's role and fingerprint. `names` are shown in the record.
    """

    key: bytes
    names: tuple[str, ...]


_NO_DEPENDENCIES = Dependencies(b"\0", ())


class ToolModels:
    """Fills the roles and settings of tools, and passes their calls on to models."""

    def __init__(
        self, models: Models, workers: WorkerPool, batcher: Batcher | None, times: ToolTimes
    ) -> None:
        self._models = models
        self._workers = workers
        self._batcher = batcher
        self._times = times

    def handles(self, tool: Tool, batch_sizes: list[int]) -> dict[str, object]:
        """Return a handle for each model that the tool needs, by parameter; None for a missing, optional one.

        For each batched call, the number of calls in its batch is added to `batch_sizes`.
        """
        call = partial(self._call, tool, batch_sizes)
        return {
            parameter: ModelHandle(self._models, need.role, call)
            if not need.optional or self._models.has(need.role)
            else None
            for parameter, need in tool.needs.items()
        }

    def most_elements(self, tool: Tool) -> int:
        """Return how many elements of a list the tool may be called for at the same time.

        They fill the batch that runs and the next one. A quick tool is called for one after the other. A
        model that is not loaded yet counts with the default batch size.
        """
        if not tool.needs:
            return 1 if self._times.is_quick(tool) else self._workers.slots
        models = (self._models.loaded(need.role) for need in tool.needs.values())
        return 2 * min(getattr(model, "batch_size", DEFAULT_BATCH_SIZE) for model in models)

    def settings(self, tool: Tool) -> dict[str, Any]:
        """Return the profile's settings of the tool."""
        return dict(self._models.settings(tool.name)) if tool.settings else {}

    def dependencies(self, tool: Tool) -> Dependencies:
        """Return the models and settings that affect the tool's results."""
        if not tool.needs and not tool.settings:
            return _NO_DEPENDENCIES
        found = {
            parameter: self._models.fingerprint(need.role) if self._models.has(need.role) else None
            for parameter, need in tool.needs.items()
        }
        settings = [f"{name}={value!r}" for name, value in sorted(self.settings(tool).items())]
        roles = [f"{parameter}={fingerprint!r}" for parameter, fingerprint in found.items()]
        names = (*(each for each in found.values() if each is not None), *settings)
        return Dependencies("\0".join(["", *roles, *settings, ""]).encode(), names)

    def is_stable(self, tool: Tool) -> bool:
        """Return whether the keys of the tool's results mean the same in another process."""
        roles = (need.role for need in tool.needs.values() if self._models.has(need.role))
        return tool.is_stable and all(map(self._models.is_stable, roles))

    def _call(
        self,
        tool: Tool,
        batch_sizes: list[int],
        role: str,
        model: object,
        method: str,
        *given: Any,
        **named: Any,
    ) -> Any:
        """Call a model for a step, in a batch if the model can. The thread counts as blocked."""
        function: Callable[..., Any] = getattr(model, method)
        if self._batcher is not None and self._batcher.can_take(model, method):
            if named:
                bound = inspect.signature(function).bind(*given, **named)
                given, named = bound.args, bound.kwargs
            if not named:
                self._times.mark_batched(tool)
                answer = self._batcher.call(model, self._models.fingerprint(role), method, given)
                batch_sizes.append(answer.batch_size)
                return answer.value
        with self._workers.blocked():
            return function(*given, **named)
