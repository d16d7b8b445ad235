"""The models that fill the roles: named by a profile, loaded on first use, once."""

from __future__ import annotations

import importlib
import importlib.resources
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import Any, NamedTuple

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.roles import ROLES

_BACKENDS = {"opencv": "visprog.models.opencv", "openai": "visprog.models.openai"}
"""Each backend's module has `load(role, identifier, options)`, which returns a model or raises ModelError."""


class Spec(NamedTuple):
    """Which model fills a role: a backend, what the backend calls the model, and options for it."""

    backend: str
    identifier: str
    options: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.backend}:{self.identifier}" if self.identifier else self.backend

    @property
    def fingerprint(self) -> str:
        """What tells this model from others."""
        options = "".join(f" {name}={value!r}" for name, value in sorted(self.options.items()))
        return f"{self}{options}"


@dataclass(frozen=True, slots=True)
class Profile:
    """A choice of models by role."""

    name: str
    description: str = ""
    models: Mapping[str, Spec] = field(default_factory=dict)


def profile_names() -> list[str]:
    """Return the names of the profiles that come with the package."""
    folder = importlib.resources.files("visprog.models.profiles")
    return sorted(entry.name[: -len(".toml")] for entry in folder.iterdir() if entry.name.endswith(".toml"))


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
    models = content.get("models", {})
    if not isinstance(models, dict):
        raise UsageError(f"the profile {name} has no table [models]")
    return Profile(
        name, str(content.get("description", "")), {role: _spec(role, models[role]) for role in models}
    )


def _spec(role: str, written: object) -> Spec:
    """Read `"backend:identifier"`, or a table with that under `model` and options beside it."""
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
    return Spec(backend, identifier, options)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"there is no role `{role}`", help=f"the roles are {', '.join(ROLES)}")


class Zoo:
    """The models of a profile; `models` fills single roles otherwise, by an object or "backend:identifier".

    Safe between threads. A model is loaded when it is first asked for, and then kept.
    """

    def __init__(
        self, profile: Profile | str | Path = "base", models: Mapping[str, object] | None = None
    ) -> None:
        self.profile = profile if isinstance(profile, Profile) else load_profile(profile)
        self._specs = dict(self.profile.models)
        self._loaded: dict[str, object] = {}
        self._fingerprints: dict[str, str] = {}
        self._locks = {role: RLock() for role in ROLES}
        for role, model in (models or {}).items():
            _check_role(role)
            if isinstance(model, str | dict):
                self._specs[role] = _spec(role, model)
            else:
                self._specs.pop(role, None)
                self._loaded[role] = model
                self._fingerprints[role] = getattr(model, "fingerprint", "") or _numbered(model)

    def has(self, role: str) -> bool:
        """Whether something fills the role, as far as can be told without loading it."""
        return role in self._loaded or role in self._specs

    def spec(self, role: str) -> Spec | None:
        """Return what the profile names for the role; None where nothing does, or an object fills it."""
        return self._specs.get(role)

    def fingerprint(self, role: str) -> str:
        """Return what tells the model that fills the role from every other, without loading it."""
        if role in self._fingerprints:
            return self._fingerprints[role]
        spec = self._specs.get(role)
        return spec.fingerprint if spec is not None else ""

    def get(self, role: str) -> object:
        """Return the model that fills the role, loading it if need be. Raises ModelError."""
        found = self._loaded.get(role)
        if found is not None:
            return found
        spec = self._specs.get(role)
        if spec is None:
            raise self._unfilled(role)
        with self._locks[role]:
            if role not in self._loaded:
                self._loaded[role] = _load(role, spec)
            return self._loaded[role]

    def _unfilled(self, role: str) -> ModelUnavailable:
        title = ROLES[role].__name__
        summary = (ROLES[role].__doc__ or "").rstrip(".").lower()
        return ModelUnavailable(
            f"no model fills the role {title} ({summary}): the profile `{self.profile.name}` has none",
            help=f"give one, as in `VisProg(models={{{role!r}: model}})`, or a profile that names one; "
            "`visprog doctor` shows what works without",
        )


def _load(role: str, spec: Spec) -> object:
    backend = importlib.import_module(_BACKENDS[spec.backend])
    try:
        return backend.load(role, spec.identifier, spec.options)
    except ModelUnavailable as error:
        message = f"the role {ROLES[role].__name__} is to be filled by {spec}: {error.message}"
        raise ModelUnavailable(message, help=error.help) from error


_COUNT = 0
_COUNTING = Lock()


def _numbered(model: object) -> str:
    """Name an object that has no fingerprint: no other has this number in this process."""
    global _COUNT
    with _COUNTING:
        _COUNT += 1
        return f"{type(model).__name__} #{_COUNT}"
