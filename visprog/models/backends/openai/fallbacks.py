"""Changes of a request that a server rejected: fields to leave out, rename or move.

Each change is tried once. The words of the error decide which, because servers have no common error code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

Fields: TypeAlias = Mapping[str, Any]

_STATUSES = frozenset({400, 404, 415, 422, 500, 501})
"""Statuses of rejected requests. Some servers report a failed template or grammar as an internal error."""

_TOO_LARGE = re.compile(r"too large|too high|at most|exceed|greater than|less than|maximum value|<=", re.I)


class Fallback(NamedTuple):
    """A change of a request. `remark` describes it to users. Only one of each `kind` is tried."""

    kind: str
    remark: str
    field: str
    words: re.Pattern[str]
    change: Callable[[Fields], dict[str, Any]]


def find_fallback(status: int | None, said: str, fields: Fields, tried: Collection[str]) -> Fallback | None:
    """Return a change that may help after this error, of a kind that was not tried yet, or None."""
    if status not in _STATUSES:
        return None
    left = [fallback for fallback in FALLBACKS if fallback.kind not in tried]
    for fallback in left:
        if _get(fields, fallback.field) is None or not fallback.words.search(said):
            continue
        if fallback.kind == "limit" and _TOO_LARGE.search(said):
            continue  # the server rejects the number, not the name
        if fallback.field != "messages" or _has_system(fields):
            return fallback
    if status in (400, 422) and "response_format" in fields and _WITHOUT_SCHEMA in left:
        return _WITHOUT_SCHEMA  # the server does not say what is wrong
    return None


def _get(fields: Fields, name: str) -> Any:
    """Return a field of the request or of its `extra_body`, for fields that the client does not know."""
    return fields.get(name, fields.get("extra_body", {}).get(name))


def _without(fields: Fields, name: str) -> dict[str, Any]:
    kept = {key: value for key, value in fields.items() if key != name}
    if name in kept.get("extra_body", {}):
        kept["extra_body"] = {key: value for key, value in kept["extra_body"].items() if key != name}
    return kept


def _renamed(old: str, new: str) -> Callable[[Fields], dict[str, Any]]:
    return lambda fields: {**_without(fields, old), new: _get(fields, old)}


def _has_system(fields: Fields) -> bool:
    return any(turn["role"] == "system" for turn in fields["messages"])


def _system_in_first_turn(fields: Fields) -> dict[str, Any]:
    """Move the text of the system turns to the start of the first user turn."""
    system = "\n\n".join(turn["content"] for turn in fields["messages"] if turn["role"] == "system")
    turns = [turn for turn in fields["messages"] if turn["role"] != "system"]
    first = next((place for place, turn in enumerate(turns) if turn["role"] == "user"), None)
    if first is None:
        return {**fields, "messages": [{"role": "user", "content": system}, *turns]}
    content = turns[first]["content"]
    joined = f"{system}\n\n{content}" if isinstance(content, str) else [_part(system), *content]
    turns[first] = {**turns[first], "content": joined}
    return {**fields, "messages": turns}


def _part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_WITHOUT_SCHEMA = Fallback(
    "schema",
    "The server does not accept a schema for its answers, so none was sent.",
    "response_format",
    _words(r"response_?\s?format|schema|structured|guided|grammar|json mode"),
    lambda fields: _without(fields, "response_format"),
)

FALLBACKS = (
    Fallback(
        "limit",
        "The server does not know `max_tokens`, so the limit was sent as `max_completion_tokens`.",
        "max_tokens",
        _words(r"\bmax_tokens\b"),
        _renamed("max_tokens", "max_completion_tokens"),
    ),
    Fallback(
        "limit",
        "The server does not know `max_completion_tokens`, so the limit was sent as `max_tokens`.",
        "max_completion_tokens",
        _words(r"\bmax_completion_tokens\b"),
        _renamed("max_completion_tokens", "max_tokens"),
    ),
    Fallback(
        "temperature",
        "The server does not accept a temperature for this model, so none was sent.",
        "temperature",
        _words(r"temperature"),
        lambda fields: _without(fields, "temperature"),
    ),
    Fallback(
        "effort",
        "The server does not accept `reasoning_effort` for this model, so it was not sent.",
        "reasoning_effort",
        _words(r"reasoning"),
        lambda fields: _without(fields, "reasoning_effort"),
    ),
    _WITHOUT_SCHEMA,
    Fallback(
        "system",
        "The server does not accept a system turn, so its text was added to the first user turn.",
        "messages",
        _words(r"\bsystem\b.{0,40}\b(role|message|prompt|instruction|turn)|\brole\b.{0,80}\bsystem\b"
               r"|developer instruction|roles must alternate|invalid role"),
        _system_in_first_turn,
    ),
)  # fmt: skip
