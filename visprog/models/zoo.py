"""The models that fill the roles: named by a profile, loaded on first use, once, within a bound of memory."""

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
        self._process_local: set[str] = set()  # the roles of objects without a fingerprint of their own
        self._placement = {
            name: value for name, value in (("device", device), ("dtype", dtype)) if value != "auto"
        }
        self._memory = memory if memory is not None else self.profile.memory
        self._loaded: OrderedDict[str, list[object]] = (
            OrderedDict()
        )  # by the spec's fingerprint, last used last
        self._coming: dict[str, int] = {}  # the bytes that models which are being loaded will take
        self._lock = RLock()
        self._came = Condition(self._lock)
        self._loading: dict[str, RLock] = {}  # a lock for each model, whichever roles ask for it
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
        """Whether something fills the role, as far as can be told without loading it."""
        return role in self._given or role in self._specs

    def spec(self, role: str) -> Spec | None:
        """Return what the profile names for the role; None where nothing does, or an object fills it."""
        spec = self._specs.get(role)
        if spec is None or not find_backend(spec.backend).placed:
            return spec
        return spec._replace(options={**self._placement, **spec.options})

    def fingerprint(self, role: str) -> str:
        """Return what tells the model that fills the role from every other, without loading it."""
        found = self._fingerprints.get(role)
        if found is None:
            spec = self.spec(role)
            found = self._fingerprints[role] = fingerprint(spec) if spec is not None else ""
        return found

    def is_remote(self, role: str) -> bool:
        """Whether the model that a profile names for the role asks a server."""
        spec = self._specs.get(role)
        return spec is not None and find_backend(spec.backend).remote

    def is_stable(self, role: str) -> bool:
        """Whether the fingerprint means the same model in any process; a nameless object's does not."""
        return role not in self._process_local

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
            with self._lock:
                loading = self._loading.setdefault(key, RLock())
            with loading:
                found = self._find(key, role)
                if found is None:
                    found = self._bring(key, role, spec)
        return found

    def _bring(self, key: str, role: str, spec: Spec) -> object:
        """Load a model where there is room for it, and keep it."""
        if self._memory is not None:
            self._make_room(weight_bytes(spec), key)
        try:
            found = _load(role, spec)
            self._keep(key, found)
        finally:
            with self._came:
                self._coming.pop(key, None)
                self._came.notify_all()
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
            self._coming.pop(key, None)
            self._loaded.setdefault(key, []).append(model)
            self._loaded.move_to_end(key)
        self._make_room(0, key)

    def _make_room(self, wanted: int, key: str) -> None:
        """Let go of the models longest unused until `wanted` bytes more fit, which are then the key's.

        What is being loaded is waited for: it can be let go of when it is there. Calls under way keep theirs.
        """
        if self._memory is None:
            return
        gone = False
        with self._came:
            while self.loaded_bytes() + sum(self._coming.values()) + wanted > self._memory:
                if self._loaded and (wanted or next(iter(self._loaded)) != key):
                    self._loaded.popitem(last=False)
                    gone = True
                elif wanted and self._coming:
                    self._came.wait()
                else:
                    break
            if wanted:
                self._coming[key] = wanted
        if gone:
            gc.collect()  # modules refer to themselves: their memory comes back only so

    def loaded_bytes(self) -> int:
        """Return the memory that the weights of all loaded models take."""
        with self._lock:
            return sum(
                int(getattr(model, "nbytes", 0)) for models in self._loaded.values() for model in models
            )

    def _unfilled(self, role: str) -> ModelUnavailable:
        title = ROLES[role].__name__
        summary = (ROLES[role].__doc__ or "").rstrip(".").lower()
        return ModelUnavailable(
            f"no model fills the role {title} ({summary}): the profile `{self.profile.name}` has none",
            help=f"name one with `--model {role}=BACKEND:IDENTIFIER`, or a profile that has one with "
            f"`--models`; in Python any object will do: VisProg(models={{{role!r}: model}}). "
            "`visprog doctor` shows what works without",
        )


def _can_fill(model: object, role: str) -> bool:
    return all(callable(getattr(model, name, None)) for name in _methods(role))


def _methods(role: str) -> list[str]:
    return [name for name in vars(ROLES[role]) if not name.startswith("_")]


def _load(role: str, spec: Spec) -> object:
    """Have the backend load a model. Raises as it does, and names the role."""
    try:
        return find_backend(spec.backend).load(role, spec.identifier, spec.options)
    except ModelUnavailable as error:
        size = f", {spec.facts['size']}" if "size" in spec.facts else ""
        message = f"the role {ROLES[role].__name__} is to be filled by {spec}{size}: {error.message}"
        raise ModelUnavailable(message, help=error.help) from error


_NUMBERS = itertools.count(1)


def _numbered(model: object) -> str:
    """Name an object that has no fingerprint: no other has this number in this process."""
    return f"{type(model).__name__} #{next(_NUMBERS)}"
