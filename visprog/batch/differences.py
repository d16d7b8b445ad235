"""In what two configurations of a batch differ, in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SWITCHES = {"pictures": "--save", "traces": "--traces"}

_NAMES = {"visprog": "the version of VisProg", "planner": "the planner", "task": "`--task`"}

_TABLES = {"settings": "what the profile sets for", "planning": "the planner's"}

_PART = re.compile(r"\S+(?: [#\d]\S*)?")
"""A part of a model's fingerprint: its name, an option, or a package or a hash with what it is."""

_LONGEST = 80


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say what is another now: "the planner was `a`, and is `b`; `--save` was given, and is not now"."""
    said = (
        sentence
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
        for sentence in _sentences(name, before.get(name), now.get(name))
    )
    return "; ".join(said)


def _sentences(name: str, before: Any, now: Any) -> Iterator[str]:
    if name in _SWITCHES:
        given = ("was given, and is not now", "was not given, and is now")[bool(now)]
        yield f"`{_SWITCHES[name]}` {given}"
    elif name == "tools":
        yield "the tools are others"
    elif name == "models":
        yield from _models(before or {}, now or {})
    elif isinstance(before, Mapping) or isinstance(now, Mapping):
        old, new = before or {}, now or {}
        for each in dict.fromkeys([*old, *new]):
            if old.get(each) != new.get(each):
                yield _sentence(f"{_TABLES.get(name, name)} {each}", old.get(each), new.get(each))
    else:
        yield _sentence(_NAMES.get(name, name), before, now)


def _sentence(name: str, before: object, now: object, *, plural: bool = False) -> str:
    was, is_ = ("were", "are") if plural else ("was", "is")
    return f"{name} {was} {_shown(before)}, and {is_} {_shown(now)}"


def _models(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Say by which models the roles are filled that differ, or in what the same model does."""
    roles: dict[tuple[str, str], list[str]] = {}
    for role in dict.fromkeys([*before, *now]):
        if before.get(role) != now.get(role):
            pair = _distinction(before.get(role, ""), now.get(role, ""))
            roles.setdefault(pair, []).append(role)
    for (was, is_), (first, *others) in roles.items():
        if others:
            named = f"{', '.join([first, *others[:-1]])} and {others[-1]}"
            yield _sentence(f"the models of {named}", was, is_, plural=True)
        else:
            yield _sentence(f"the model of {first}", was, is_)


def _distinction(before: str, now: str) -> tuple[str, str]:
    """Return the names of two models; where they are the same, the parts that only one of them has."""
    old, new = _PART.findall(before), _PART.findall(now)
    if old[:1] != new[:1]:
        return "".join(old[:1]), "".join(new[:1])
    return " ".join(each for each in old if each not in new), " ".join(
        each for each in new if each not in old
    )


def _shown(value: object) -> str:
    if value is None or value == "":
        return "none"
    text = str(value)
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}`"
