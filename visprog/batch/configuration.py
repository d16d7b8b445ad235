"""The configuration of a batch: the settings that outcomes depend on, and the differences between two."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import visprog
from visprog.models.roles import ROLES
from visprog.session import VisProg

Configuration: TypeAlias = Mapping[str, Any]
"""The settings that outcomes depend on, besides the tasks. It can be written as JSON."""

_NO_PLANNER = "none"

_SWITCHES = {"pictures": "--save", "traces": "--traces"}

_NAMES = {"visprog": "the version of VisProg", "planner": "the planner", "task": "`--task`"}

_TABLES = {"settings": "the profile's settings for", "planning": "the planner's"}

_PART = re.compile(r"\S+(?: [#\d]\S*)?")
"""A part of a model's fingerprint: a name, an option, or a package or hash with its value."""

_MAX_SHOWN = 80
"""Characters of a value that a message shows."""


def configuration_of(
    session: VisProg, bank: str, pictures: bool, traces: bool, *, plans: bool
) -> dict[str, Any]:
    """Return the configuration of a batch in this session.

    `bank` is the bank for tasks without one. `pictures` and `traces` tell whether these files are saved. The
    planner is part of the configuration only if tasks are planned (`plans`).
    """
    models, tools = session.models, hashlib.blake2b(digest_size=8)
    for tool in session.tools:
        tools.update(f"{tool.fingerprint}\n".encode())
    planner = session.planner if plans else None
    return {
        "visprog": visprog.__version__,
        "planner": getattr(planner, "name", type(planner).__name__) if plans else _NO_PLANNER,
        "planning": dict(getattr(planner, "basis", {})),
        "models": {role: models.fingerprint(role) for role in ROLES if models.has(role)},
        "tools": tools.hexdigest(),
        "settings": {name: repr(each) for name, each in sorted(models.profile.tools.items())},
        "task": bank,
        "pictures": pictures,
        "traces": traces,
    }


def has_planner(configuration: Configuration) -> bool:
    """Return whether tasks of the batch are planned."""
    return bool(configuration["planner"] != _NO_PLANNER)


def differences(before: Configuration, now: Configuration) -> str:
    """Return the differences as text: "the planner changed from `a` to `b`; the tools changed"."""
    sentences = (
        sentence
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
        for sentence in _sentences(name, before.get(name), now.get(name))
    )
    return "; ".join(sentences)


def _sentences(name: str, before: Any, now: Any) -> Iterator[str]:
    if name in _SWITCHES:
        given = "is given now, but was not before" if now else "was given before, but is not now"
        yield f"`{_SWITCHES[name]}` {given}"
    elif name == "tools":
        yield "the tools changed"
    elif name == "models":
        yield from _model_sentences(before or {}, now or {})
    elif isinstance(before, Mapping) or isinstance(now, Mapping):
        old, new = before or {}, now or {}
        for each in dict.fromkeys([*old, *new]):
            if old.get(each) != new.get(each):
                yield _sentence(f"{_TABLES.get(name, name)} {each}", old.get(each), new.get(each))
    else:
        yield _sentence(_NAMES.get(name, name), before, now)


def _sentence(name: str, before: object, now: object) -> str:
    return f"{name} changed from {_shown(before)} to {_shown(now)}"


def _model_sentences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each change of a model. Roles with the same change share a sentence."""
    roles: dict[tuple[str, str], list[str]] = {}
    for role in dict.fromkeys([*before, *now]):
        if before.get(role) != now.get(role):
            change = _model_change(before.get(role, ""), now.get(role, ""))
            roles.setdefault(change, []).append(role)
    for (old, new), (first, *others) in roles.items():
        if others:
            names = f"{', '.join([first, *others[:-1]])} and {others[-1]}"
            yield _sentence(f"the models of {names}", old, new)
        else:
            yield _sentence(f"the model of {first}", old, new)


def _model_change(before: str, now: str) -> tuple[str, str]:
    """Return the names of two models; for the same model, the parts of its fingerprint that differ."""
    old, new = _PART.findall(before), _PART.findall(now)
    if old[:1] != new[:1]:
        return "".join(old[:1]), "".join(new[:1])
    only_old = " ".join(each for each in old if each not in new)
    return only_old, " ".join(each for each in new if each not in old)


def _shown(value: object) -> str:
    if value is None or value == "":
        return "none"
    text = str(value)
    return f"`{text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + '…'}`"
