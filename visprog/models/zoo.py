"""The models that fill the roles: a profile names them, and the zoo loads each on first use."""

from __future__ import annotations

import gc
import itertools
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from threading import Condition, RLock
from typing import Any

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.backend import find_backend
from visprog.models.fingerprints import fingerprint, weight_bytes
from visprog.models.profile import Profile, Spec, check_role, load_profile, read_spec
from visprog.models.roles import ROLES


class Zoo:
    """The models of a profile. `models` overrides single roles, by an object or by "backend:identifier".

    A model is loaded on first use and then kept. Roles that name the same model share it if it can fill both.
    `device` and `dtype` apply to every local model whose options do not set them. `memory` limits the loaded
    models, in bytes: the least recently used models are unloaded first. Safe between threads.
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
        self._process_local: set[str] = set()  # the roles of objects without a fingerprint
        self._placement = {
            name: value for name, value in (("device", device), ("dtype", dtype)) if value != "auto"
        }
        self._memory = memory if memory is not None else self.profile.memory
        self._loaded: OrderedDict[str, list[object]] = OrderedDict()  # by fingerprint, last used at the end
        self._reserved: dict[str, int] = {}  # bytes for the models that are being loaded, by fingerprint
        self._lock = RLock()
        self._finished_loading = Condition(self._lock)
        self._loading: dict[str, RLock] = {}  # by fingerprint, so that roles can share a model
        for role, model in (models or {}).items():
            self._fill(role, model)

    def _fill(self, role: str, model: object) -> None:
        check_role(role)
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
            own = getattr(model, "fingerprint", "")
            self._fingerprints[role] = own or _numbered(model)
            if not own:
                self._process_local.add(role)

    def has(self, role: str) -> bool:
        """Return whether a model fills the role. The model is not loaded."""
        return role in self._given or role in self._specs

    def spec(self, role: str) -> Spec | None:
        """Return the profile's model for the role; None if it names none, or if an object fills the role."""
        spec = self._specs.get(role)
        if spec is None or not find_backend(spec.backend).placed:
            return spec
        return spec._replace(options={**self._placement, **spec.options})

    def fingerprint(self, role: str) -> str:
        """Return the fingerprint of the role's model. The model is not loaded."""
        found = self._fingerprints.get(role)
        if found is None:
            spec = self.spec(role)
            found = self._fingerprints[role] = fingerprint(spec) if spec is not None else ""
        return found

    def is_remote(self, role: str) -> bool:
        """Return whether the model that the profile names for the role runs on a server."""
        spec = self._specs.get(role)
        return spec is not None and find_backend(spec.backend).remote

    def is_stable(self, role: str) -> bool:
        """Return whether the fingerprint means the same model in every process."""
        return role not in self._process_local

    def settings(self, tool: str) -> Mapping[str, Any]:
        """Return the settings that the profile gives for the tool of this name."""
        return self.profile.tools.get(tool.replace("_", "").casefold(), {})

    def get(self, role: str) -> object:
        """Return the model that fills the role. Loads it if necessary. Raises ModelError."""
        given = self._given.get(role)
        if given is not None:
            return given
        spec = self.spec(role)
        if spec is None:
            raise self._unfilled(role)
        key = self.fingerprint(role)
        found = self._find(key, role)
        if found is None:
            with self._lock:
                loading = self._loading.setdefault(key, RLock())
            with loading:
                found = self._find(key, role)
                if found is None:
                    found = self._load_and_keep(key, role, spec)
        return found

    def loaded(self, role: str) -> object | None:
        """Return the model that fills the role; None if it is not loaded."""
        given = self._given.get(role)
        return given if given is not None else self._find(self.fingerprint(role), role)

    def _load_and_keep(self, key: str, role: str, spec: Spec) -> object:
        """Make room for a model, load it and keep it."""
        if self._memory is not None:
            self._make_room(weight_bytes(spec), key)
        try:
            found = _load(role, spec)
            self._keep(key, found)
        finally:
            with self._finished_loading:
                self._reserved.pop(key, None)
                self._finished_loading.notify_all()
        return found

    def _find(self, key: str, role: str) -> object | None:
        """Return the loaded model with this fingerprint that can fill the role, and mark it as used."""
        with self._lock:
            for model in self._loaded.get(key, ()):
                if _can_fill(model, role):
                    self._loaded.move_to_end(key)
                    return model
        return None

    def _keep(self, key: str, model: object) -> None:
        with self._lock:
            self._reserved.pop(key, None)
            self._loaded.setdefault(key, []).append(model)
            self._loaded.move_to_end(key)
        self._make_room(0, key)

    def _make_room(self, needed: int, key: str) -> None:
        """Unload the least recently used models until `needed` more bytes fit, and reserve these for the key.

        Waits for models that are being loaded, because only loaded models can be unloaded. Running calls keep
        their models.
        """
        if self._memory is None:
            return
        unloaded = False
        with self._finished_loading:
            while self.loaded_bytes() + sum(self._reserved.values()) + needed > self._memory:
                if self._loaded and (needed or next(iter(self._loaded)) != key):
                    self._loaded.popitem(last=False)
                    unloaded = True
                elif needed and self._reserved:
                    self._finished_loading.wait()
                else:
                    break
            if needed:
                self._reserved[key] = needed
        if unloaded:
            gc.collect()  # networks have reference cycles, so only the collector frees their memory

    def loaded_bytes(self) -> int:
        """Return the memory that the weights of all loaded models take."""
        with self._lock:
            return sum(
                int(getattr(model, "nbytes", 0)) for models in self._loaded.values() for model in models
            )

    def _unfilled(self, role: str) -> ModelUnavailable:
        summary = (ROLES[role].__doc__ or "").rstrip(".").lower()
        return ModelUnavailable(
            f"the profile `{self.profile.name}` has no model for the role {role} ({summary})",
            help=f"name one with `--model {role}=BACKEND:IDENTIFIER`, or choose a profile that has one with "
            f"`--models`; in Python give any object: VisProg(models={{{role!r}: model}}). "
            "`visprog doctor` shows what works without it",
        )


def _can_fill(model: object, role: str) -> bool:
    return all(callable(getattr(model, name, None)) for name in _methods(role))


def _methods(role: str) -> list[str]:
    return [name for name in vars(ROLES[role]) if not name.startswith("_")]


def _load(role: str, spec: Spec) -> object:
    """Load a model through its backend. Adds the role to the message of ModelUnavailable."""
    try:
        return find_backend(spec.backend).load(role, spec.identifier, spec.options)
    except ModelUnavailable as error:
        size = f", {spec.facts['size']}" if "size" in spec.facts else ""
        message = f"the role {role} needs {spec}{size}: {error.message}"
        raise ModelUnavailable(message, help=error.help) from error


_NUMBERS = itertools.count(1)


def _numbered(model: object) -> str:
    """Return a fingerprint for an object without one, unique in this process."""
    return f"{type(model).__name__} #{next(_NUMBERS)}"
