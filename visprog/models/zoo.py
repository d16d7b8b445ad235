"""The models that fill the roles: named by a profile, loaded on first use, once, within a bound of memory."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.resources
import itertools
import os
import tomllib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import RLock
from types import MappingProxyType
from typing import Any, NamedTuple

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.roles import ROLES

_BACKENDS = {
    "opencv": ("visprog.models.opencv", ("opencv-python",)),
    "openai": ("visprog.models.openai", ("openai",)),
    "transformers": ("visprog.models.transformers", ("transformers", "torch")),
    "diffusers": ("visprog.models.diffusers", ("diffusers", "torch")),
    "segment_anything": ("visprog.models.segment_anything", ("segment-anything", "torch")),
    "open_clip": ("visprog.models.open_clip", ("open-clip-torch", "torch")),
}
"""Each backend's module, and the packages whose versions its results depend on.

The module has `load(role, identifier, options)`, which returns a model or raises ModelError. A model may have
`nbytes`, the memory that its weights take.
"""

_FACTS = ("licence", "size", "note")
"""What a profile may say of a model for people; no backend sees it."""


class Spec(NamedTuple):
    """Which model fills a role: a backend, its name for the model, options, and facts for people."""

    backend: str
    identifier: str
    options: Mapping[str, Any] = MappingProxyType({})
    facts: Mapping[str, str] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.backend}:{self.identifier}" if self.identifier else self.backend

    @property
    def fingerprint(self) -> str:
        """What tells this model from others: its name, its options and the versions of its libraries."""
        options = "".join(f" {name}={_public(value)}" for name, value in sorted(self.options.items()))
        versions = "".join(f" {package} {_version(package)}" for package in _BACKENDS[self.backend][1])
        return f"{self}{options}{versions}{_surroundings(self.backend)}"


def _public(value: object) -> str:
    """Show an option. An address, or a table of fields for a server, may hold a secret: a hash stands in."""
    plain = isinstance(value, bool | int | float) or (isinstance(value, str) and "://" not in value)
    return repr(value) if plain else f"#{hashlib.blake2b(repr(value).encode(), digest_size=4).hexdigest()}"


@lru_cache(maxsize=100)
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _surroundings(backend: str) -> str:
    """Tell the servers of the environment apart, by a hash: an address may hold a secret."""
    if backend != "openai":
        return ""
    model, address = os.environ.get("OPENAI_MODEL", ""), os.environ.get("OPENAI_BASE_URL", "")
    named = f" OPENAI_MODEL={model}" if model else ""
    return f"{named} at {hashlib.blake2b(address.encode(), digest_size=4).hexdigest()}" if address else named


@dataclass(frozen=True, slots=True)
class Profile:
    """A choice of models by role, and of settings by tool. `memory` bounds loaded models, in bytes."""

    name: str
    description: str = ""
    models: Mapping[str, Spec] = field(default_factory=dict)
    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    memory: int | None = None


def profile_names() -> list[str]:
    """Return the names of the profiles that come with the package."""
    folder = importlib.resources.files("visprog.models.profiles")
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def load_profile(name: str | Path) -> Profile:
    """Read a profile by its name or from a TOML file. Raises UsageError."""
    if isinstance(name, str) and not name.endswith(".toml"):
        if name not in profile_names():
            raise UsageError(
                f"there is no profile `{name}`",
                help=f"choose one of {', '.join(profile_names())}, or give a path that ends in .toml",
            )
        source = importlib.resources.files("visprog.models.profiles") / f"{name}.toml"
        return _read_profile(name, source.read_text("utf-8"))
    try:
        return _read_profile(str(name), Path(name).read_text("utf-8"))
    except (OSError, ValueError) as cause:
        raise UsageError(f"the profile {name} cannot be read: {cause}", help="check the path") from cause


def _read_profile(name: str, text: str) -> Profile:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise UsageError(f"the profile {name} is not TOML: {cause}") from cause
    for key in content:
        if key not in _KEYS:
            raise UsageError(f"the profile {name} has `{key}`", help=f"a profile has {', '.join(_KEYS)}")
    models, tools = content.get("models", {}), content.get("tools", {})
    for title, table in (("models", models), ("tools", tools)):
        if not isinstance(table, dict):
            raise UsageError(f"the profile {name} has no table [{title}]")
    specs = {role: read_spec(role, models[role]) for role in models}
    settings = {tool.replace("_", "").casefold(): dict(tools[tool]) for tool in tools}
    memory = _bytes(content["memory"]) if "memory" in content else None
    return Profile(name, str(content.get("description", "")), specs, settings, memory)


_KEYS = ("description", "memory", "models", "tools")

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}


def _bytes(written: object) -> int:
    number, _, unit = str(written).partition(" ")
    try:
        return int(float(number) * _UNITS[unit])
    except (KeyError, ValueError):
        raise UsageError(f"{written!r} is no amount of memory", help='write it like "12 GB"') from None


def read_spec(role: str, written: object) -> Spec:
    """Read `"backend:identifier"`, or a table with that under `model` and options and facts beside it.

    Raises UsageError for an unknown role or backend.
    """
    _check_role(role)
    options = dict(written) if isinstance(written, dict) else {}
    model = options.pop("model", None) if isinstance(written, dict) else written
    if not isinstance(model, str) or not model:
        raise UsageError(
            f"the role {role} is filled by {written!r}",
            help='write "backend:identifier", such as "opencv:haar"',
        )
    backend, _, identifier = model.partition(":")
    if backend not in _BACKENDS:
        raise UsageError(
            f"there is no backend `{backend}`, named for the role {role}",
            help=f"the backends are {', '.join(_BACKENDS)}",
        )
    facts = {name: str(options.pop(name)) for name in _FACTS if name in options}
    return Spec(backend, identifier, options, facts)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"there is no role `{role}`", help=f"the roles are {', '.join(ROLES)}")


class Zoo:
    """The models of a profile; `models` fills single roles otherwise, by an object or "backend:identifier".

    A model is loaded when it is first asked for, and then kept; roles that name the same model share it where
    it can fill both. `device` and `dtype` hold for every local model that says nothing else. With `memory`,
    a bound in bytes, the models longest unused make room. Safe between threads.
    """

    def __init__(
        self,
        profile: Profile | str | Path = "base",
        models: Mapping[str, object] | None = None,
        *,
        device: str = "auto",
        dtype: str = "auto",
        memory: int | None = None,
    ) -> None:
        self.profile = profile if isinstance(profile, Profile) else load_profile(profile)
        self._specs = dict(self.profile.models)
        self._given: dict[str, object] = {}
        self._fingerprints: dict[str, str] = {}
        self._placement = {
            name: value for name, value in (("device", device), ("dtype", dtype)) if value != "auto"
        }
        self._memory = memory if memory is not None else self.profile.memory
        self._loaded: OrderedDict[str, list[object]] = (
            OrderedDict()
        )  # by the spec's fingerprint, last used last
        self._lock = RLock()
        self._loading = {role: RLock() for role in ROLES}
        for role, model in (models or {}).items():
            self._fill(role, model)

    def _fill(self, role: str, model: object) -> None:
        _check_role(role)
        if isinstance(model, str | dict):
            self._specs[role] = read_spec(role, model)
        else:
            if not _can_fill(model, role):
                methods = ", ".join(f"`{name}`" for name in _methods(role))
                raise UsageError(
                    f"a {type(model).__name__} cannot fill the role {role}",
                    help=f"give an object with {methods}, as visprog.models.roles describes it",
                )
            self._specs.pop(role, None)
            self._given[role] = model
            self._fingerprints[role] = getattr(model, "fingerprint", "") or _numbered(model)

    def has(self, role: str) -> bool:
        """Whether something fills the role, as far as can be told without loading it."""
        return role in self._given or role in self._specs

    def spec(self, role: str) -> Spec | None:
        """Return what the profile names for the role; None where nothing does, or an object fills it."""
        spec = self._specs.get(role)
        if spec is None or spec.backend not in _LOCAL:
            return spec
        return spec._replace(options={**self._placement, **spec.options})

    def fingerprint(self, role: str) -> str:
        """Return what tells the model that fills the role from every other, without loading it."""
        found = self._fingerprints.get(role)
        if found is None:
            spec = self.spec(role)
            found = self._fingerprints[role] = spec.fingerprint if spec is not None else ""
        return found

    def settings(self, tool: str) -> Mapping[str, Any]:
        """Return the settings that the profile gives for the tool of this name."""
        return self.profile.tools.get(tool.replace("_", "").casefold(), {})

    def get(self, role: str) -> object:
        """Return the model that fills the role, loading it if need be. Raises ModelError."""
        given = self._given.get(role)
        if given is not None:
            return given
        spec = self.spec(role)
        if spec is None:
            raise self._unfilled(role)
        key = self.fingerprint(role)
        found = self._find(key, role)
        if found is None:
            with self._loading[role]:
                found = self._find(key, role)
                if found is None:
                    found = _load(role, spec)
                    self._keep(key, found)
        return found

    def _find(self, key: str, role: str) -> object | None:
        """Return what is loaded under the key and can fill the role; it counts as used."""
        with self._lock:
            for model in self._loaded.get(key, ()):
                if _can_fill(model, role):
                    self._loaded.move_to_end(key)
                    return model
        return None

    def _keep(self, key: str, model: object) -> None:
        with self._lock:
            self._loaded.setdefault(key, []).append(model)
            self._loaded.move_to_end(key)
            while self._memory is not None and len(self._loaded) > 1 and self._held() > self._memory:
                self._loaded.popitem(last=False)  # whoever is using it holds on to it until the call is over

    def _held(self) -> int:
        return sum(int(getattr(model, "nbytes", 0)) for models in self._loaded.values() for model in models)

    def _unfilled(self, role: str) -> ModelUnavailable:
        title = ROLES[role].__name__
        summary = (ROLES[role].__doc__ or "").rstrip(".").lower()
        return ModelUnavailable(
            f"no model fills the role {title} ({summary}): the profile `{self.profile.name}` has none",
            help=f"name one with `--model {role}=BACKEND:IDENTIFIER`, or a profile that has one with "
            f"`--models`; in Python any object will do: VisProg(models={{{role!r}: model}}). "
            "`visprog doctor` shows what works without",
        )


_LOCAL = ("transformers", "diffusers", "segment_anything", "open_clip")
"""The backends that load weights onto a device."""


def _can_fill(model: object, role: str) -> bool:
    return all(callable(getattr(model, name, None)) for name in _methods(role))


def _methods(role: str) -> list[str]:
    return [name for name in vars(ROLES[role]) if not name.startswith("_")]


def _load(role: str, spec: Spec) -> object:
    backend = importlib.import_module(_BACKENDS[spec.backend][0])
    try:
        return backend.load(role, spec.identifier, spec.options)
    except ModelUnavailable as error:
        size = f", {spec.facts['size']}" if "size" in spec.facts else ""
        message = f"the role {ROLES[role].__name__} is to be filled by {spec}{size}: {error.message}"
        raise ModelUnavailable(message, help=error.help) from error


_NUMBERS = itertools.count(1)


def _numbered(model: object) -> str:
    """Name an object that has no fingerprint: no other has this number in this process."""
    return f"{type(model).__name__} #{next(_NUMBERS)}"
