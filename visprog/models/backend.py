"""Backends: each loads the models of one library or service.

A backend is a package in `visprog.models.backends` that exports one record, `BACKEND`. The record describes
the backend without importing its library. Installed packages add backends through the entry point group
`visprog.backends`: an entry's name is the backend's name, and its value is the record.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.options import Option, check_options

BUILT_IN = ("opencv", "openai", "transformers", "diffusers", "segment_anything", "open_clip")
"""The backends that come with VisProg."""

GROUP = "visprog.backends"


def _nothing_to_configure(_options: Mapping[str, Any]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Backend:
    """The description of a backend. It is read before a model is loaded."""

    name: str
    """The text before the colon of `backend:identifier`."""
    loader: str
    """`"module:function"`, imported when a model is loaded. The function gets a role, an identifier and
    options, and returns the model. It raises ModelUnavailable for a missing package or file, and UsageError
    for a wrong option. A model may have the attribute `nbytes`, the memory of its weights."""
    roles: tuple[str, ...]
    packages: tuple[str, ...] = ()
    """The packages that the backend needs, by the names under which they are imported."""
    distributions: tuple[str, ...] = ()
    """The packages whose versions can change results, by the names under which they are installed."""
    remote: bool = False
    """Whether its models run on a server."""
    placed: bool = False
    """Whether its models run on a device that the user can choose, in a precision."""
    pulled: bool = False
    """Whether its identifiers are repositories of the Hugging Face hub, or folders."""
    options: tuple[Option, ...] | None = None
    """The options of its models. None: only the loader checks them."""
    repository: Callable[[str], str] = str
    """Returns the repository of the hub, or the folder, for an identifier."""
    environment: Callable[[], list[str]] = list
    """Returns the facts of the environment that a model's fingerprint needs; they must contain no secret."""
    is_configured: Callable[[Mapping[str, Any]], bool] = _nothing_to_configure
    """Returns whether a model with these options has the key or the address that it needs."""

    def options_of(self, role: str, identifier: str) -> tuple[Option, ...]:
        """Return the declared options of a model that fills a role."""
        return tuple(
            option
            for option in self.options or ()
            if role in (option.roles or self.roles) and fnmatchcase(identifier, option.models)
        )

    def check(self, role: str, identifier: str, options: Mapping[str, Any]) -> None:
        """Raise UsageError for an option that the model does not take, or for a wrong value."""
        if self.options is not None and role in self.roles:
            model = f"{self.name}:{identifier}" if identifier else self.name
            check_options(options, self.options_of(role, identifier), model)

    def load(self, role: str, identifier: str, options: Mapping[str, Any]) -> Any:
        """Load a model for a role. Raises ModelUnavailable and UsageError."""
        if role not in self.roles:
            raise ModelUnavailable(
                f"the backend {self.name} does not fill the role {role}",
                help=f"it fills {', '.join(self.roles)}",
            )
        self.check(role, identifier, options)
        module, _, function = self.loader.partition(":")
        return getattr(importlib.import_module(module), function)(role, identifier, options)


def backend_names() -> tuple[str, ...]:
    """Return the names of all backends: first the built-in ones, then those of installed packages."""
    return (*BUILT_IN, *(name for name in installed_backends() if name not in BUILT_IN))


@cache
def find_backend(name: str) -> Backend:
    """Return the backend of this name. Raises UsageError if it is unknown, or if its package is faulty."""
    if name in BUILT_IN:
        found = importlib.import_module(f"visprog.models.backends.{name}").BACKEND
    elif name in installed_backends():
        found = _installed(name)
    else:
        raise UsageError(f"unknown backend `{name}`", help=f"the backends are {', '.join(backend_names())}")
    if not isinstance(found, Backend):
        raise UsageError(
            f"the backend `{name}` is of the type {type(found).__name__}",
            help=f"the entry point `{name}` of {GROUP} must lead to a visprog.models.backend.Backend",
        )
    return found


def _installed(name: str) -> object:
    try:
        return installed_backends()[name].load()
    except Exception as cause:
        raise UsageError(
            f"the installed backend `{name}` cannot be imported: {cause}",
            help=f"repair or uninstall the package behind `{installed_backends()[name].value}`",
        ) from cause


@cache
def installed_backends() -> Mapping[str, importlib.metadata.EntryPoint]:
    """Return the entry points of installed packages that add backends, by the backend's name."""
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}
