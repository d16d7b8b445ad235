"""Backends: what loads the models of one library or service, and what VisProg knows of it without loading it.

A backend is a package in `visprog.models.backends` that exports one record, `BACKEND`. Packages of others
add backends by the entry point group `visprog.backends`: its names are those of the backends, and each entry
leads to a record.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from visprog.errors import UsageError

BUILT_IN = ("opencv", "openai", "transformers", "diffusers", "segment_anything", "open_clip")
"""The backends that come with VisProg."""

GROUP = "visprog.backends"


def _nothing_to_configure(_options: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Backend:
    """What can load models, named before the colon of `backend:identifier`.

    `loader` is "module:function", imported when a model is loaded. The function takes a role, an identifier
    and options, and returns the model. It raises ModelUnavailable for a role, a package or a file that is
    missing, and UsageError for an option. A model may have `nbytes`, the memory of its weights.

    `packages` are the names under which the packages are imported that the backend cannot do without.
    `distributions` are those whose versions can change results. A `remote` backend asks a server; a model of
    one that is `placed` runs on a device, in a precision; identifiers of one that is `pulled` are
    repositories of the Hugging Face hub, or folders.
    """

    name: str
    loader: str
    roles: tuple[str, ...]
    packages: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    remote: bool = False
    placed: bool = False
    pulled: bool = False
    repository: Callable[[str], str] = str
    """Returns the repository of the hub, or the folder, that an identifier means."""
    surroundings: Callable[[], list[str]] = list
    """Returns what the environment adds to a model's fingerprint; no secret may stand in it."""
    is_configured: Callable[[Mapping[str, Any]], bool] = _nothing_to_configure
    """Whether a model with these options has the key or the address that it needs."""

    def load(self, role: str, identifier: str, options: Mapping[str, Any]) -> object:
        """Load a model for a role. Raises ModelUnavailable and UsageError."""
        module, _, function = self.loader.partition(":")
        model: object = getattr(importlib.import_module(module), function)(role, identifier, options)
        return model


def backend_names() -> tuple[str, ...]:
    """Return the names of all backends, those of installed packages after the built-in ones."""
    return (*BUILT_IN, *(name for name in _entry_points() if name not in BUILT_IN))


@cache
def find_backend(name: str) -> Backend:
    """Return the backend of this name. Raises UsageError if there is none, or an installed one is faulty."""
    if name in BUILT_IN:
        found = importlib.import_module(f"visprog.models.backends.{name}").BACKEND
    elif name in _entry_points():
        found = _installed(name)
    else:
        raise UsageError(
            f"there is no backend `{name}`", help=f"the backends are {', '.join(backend_names())}"
        )
    if not isinstance(found, Backend):
        raise UsageError(
            f"the backend `{name}` is a {type(found).__name__}",
            help=f"the entry point `{name}` of {GROUP} must lead to a visprog.models.backend.Backend",
        )
    return found


def _installed(name: str) -> object:
    try:
        return _entry_points()[name].load()
    except Exception as cause:
        raise UsageError(
            f"the installed backend `{name}` cannot be imported: {cause}",
            help=f"repair or uninstall the package behind `{_entry_points()[name].value}`",
        ) from cause


@cache
def _entry_points() -> Mapping[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
