"""Profiles: the models of the roles, read from TOML."""

from __future__ import annotations

import importlib.resources
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from visprog.errors import UsageError
from visprog.files import Limit, read_text
from visprog.models.backend import backend_names, find_backend
from visprog.models.option_text import split_options
from visprog.models.roles import ROLES

_FACTS = ("licence", "size", "note")
"""Facts about a model for the user. Backends do not get them."""


class Spec(NamedTuple):
    """The model of a role: a backend, the backend's name for the model, options, and facts for the user."""

    backend: str
    identifier: str
    options: Mapping[str, Any] = MappingProxyType({})
    facts: Mapping[str, str] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.backend}:{self.identifier}" if self.identifier else self.backend


@dataclass(frozen=True, slots=True)
class Profile:
    """The models of the roles, and the settings of the tools.

    `memory` limits the loaded models, in bytes. `planner` is the planner that `auto` means if neither a key
    nor an address is set.
    """

    name: str
    description: str = ""
    models: Mapping[str, Spec] = field(default_factory=dict)
    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    memory: int | None = None
    planner: str = "examples"


def profile_names() -> list[str]:
    """Return the names of the profiles that come with VisProg."""
    folder = importlib.resources.files("visprog.models.profiles")
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


_FILE = Limit(1_000_000, "give a profile in TOML", UsageError)


def load_profile(name: str | Path) -> Profile:
    """Read a profile by its name or from a TOML file. Raises UsageError."""
    if isinstance(name, str) and not name.endswith(".toml"):
        if name not in profile_names():
            raise UsageError(
                f"unknown profile `{name}`",
                help=f"choose one of {', '.join(profile_names())}, or give a path that ends in .toml",
            )
        source = importlib.resources.files("visprog.models.profiles") / f"{name}.toml"
        return _read_profile(name, source.read_text("utf-8"))
    return _read_profile(str(name), read_text(Path(name), _FILE))


def _read_profile(name: str, text: str) -> Profile:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise UsageError(f"the profile {name} is not TOML: {cause}") from cause
    for key in content:
        if key not in _KEYS:
            raise UsageError(
                f"the profile {name} has the unknown key `{key}`",
                help=f"the keys of a profile are {', '.join(_KEYS)}",
            )
    models, tools = content.get("models", {}), content.get("tools", {})
    for title, table in (("models", models), ("tools", tools)):
        if not isinstance(table, dict):
            raise UsageError(f"`{title}` in the profile {name} is not a table", help=f"write [{title}]")
    for tool, given in tools.items():
        if not isinstance(given, dict):
            raise UsageError(
                f"`{tool}` in [tools] of the profile {name} is not a table", help=f"write [tools.{tool}]"
            )
    specs = {role: read_spec(role, models[role]) for role in models}
    settings = {tool.replace("_", "").casefold(): dict(tools[tool]) for tool in tools}
    memory = _bytes(content["memory"]) if "memory" in content else None
    planner = str(content.get("planner", "examples"))
    return Profile(name, str(content.get("description", "")), specs, settings, memory, planner)


_KEYS = ("description", "memory", "planner", "models", "tools")

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}


def _bytes(written: object) -> int:
    number, _, unit = str(written).partition(" ")
    try:
        amount = float(number) * _UNITS[unit]
        if not math.isfinite(amount) or amount <= 0:
            raise ValueError
        return int(amount)
    except (KeyError, ValueError):
        raise UsageError(f"{written!r} is not an amount of memory", help='write it like "12 GB"') from None


def read_spec(role: str, written: object) -> Spec:
    """Read `"backend:identifier"`, or a table that has this text under `model`, and options and facts.

    Options may also follow the identifier: `"openai:small,deadline=300"`. Raises UsageError for an unknown
    role, backend or option, and for a wrong value of an option.
    """
    check_role(role)
    options = dict(written) if isinstance(written, dict) else {}
    model = options.pop("model", None) if isinstance(written, dict) else written
    if isinstance(model, str):
        model, more = split_options(model)
        options = {**more, **options}
    if not isinstance(model, str) or not model:
        raise UsageError(
            f"expected a model for the role {role}, found {model!r}",
            help='write "backend:identifier", such as "opencv:haar"',
        )
    backend, _, identifier = model.partition(":")
    if backend not in backend_names():
        raise UsageError(
            f"unknown backend `{backend}` for the role {role}",
            help=f"write BACKEND:IDENTIFIER; the backends are {', '.join(backend_names())}",
        )
    facts = {name: str(options.pop(name)) for name in _FACTS if name in options}
    find_backend(backend).check(role, identifier, options)
    return Spec(backend, identifier, options, facts)


def check_role(role: str) -> None:
    """Raise UsageError if `role` is not a role."""
    if role not in ROLES:
        raise UsageError(f"unknown role `{role}`", help=f"the roles are {', '.join(ROLES)}")
