"""The proxy that a tool gets instead of a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from visprog.models.roles import Models


class ModelHandle:
    """A proxy for the model that fills a role. Tools call models only through handles.

    The model is loaded on the first call, so a tool that does not use it never loads it. `call`, if given,
    makes the calls: it gets the role, the model, the name of the method and its arguments.
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
