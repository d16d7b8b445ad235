"""Reads an answer that a server streams without being asked to (server-sent events)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from visprog.models.server_json import read_json

_FIELDS = re.compile(r"(?:data|event|id|retry)?:")
_END = re.compile(rb"(?:^|[\r\n])data:[ \t]*\[DONE\]")
_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")

STREAMED = "The server streamed its answer without being asked to, so its pieces were joined."


def is_stream(text: str) -> bool:
    """Return whether a body starts like server-sent events."""
    return _FIELDS.match(text.lstrip()[:10]) is not None


def is_finished(tail: bytes) -> bool:
    """Return whether the stream is complete, given the last bytes received."""
    return _END.search(tail) is not None


def joined(text: str) -> dict[str, Any] | None:
    """Return the body that the events form together. None if the stream was cut off or has no answer."""
    body: dict[str, Any] = {}
    message: dict[str, Any] = {}
    reason: object = None
    done = False
    for name, data in _events(text):
        if data.strip() == "[DONE]":
            done = True
            break
        chunk = read_json(data)
        if name == "error" and not (isinstance(chunk, dict) and chunk.get("error")):
            chunk = {"error": chunk or data}
        if not isinstance(chunk, dict):
            continue
        body |= {name: value for name, value in chunk.items() if name != "choices" and value is not None}
        choice = _first(chunk)
        if choice.get("error"):
            body["error"] = choice["error"]
        _add(message, choice.get("delta") or choice.get("message"))
        reason = choice.get("finish_reason") or reason
    failed = body.get("error") or body.get("object") == "error"
    if not done and reason is None and not failed:
        return None
    whole = {"role": "assistant", **{name: _join(parts) for name, parts in message.items()}}
    return {**body, "choices": [{"index": 0, "message": whole, "finish_reason": reason}]}


def _events(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the data of each event. Lines of data are joined."""
    event = ""
    lines: list[str] = []
    for line in [*re.split(r"\r\n|\n|\r", text), ""]:
        name, _, value = line.partition(":")
        if name == "data":
            lines.append(value.removeprefix(" "))
        elif name == "event":
            event = value.strip()
        elif not line:
            for data in _separate(lines) if lines else ():
                yield event, data
            event, lines = "", []


def _separate(lines: list[str]) -> Iterator[str]:
    """Yield one event, or one for each line if the server leaves out the blank lines between events."""
    whole = "\n".join(lines)
    if len(lines) > 1 and read_json(whole) is None:
        yield from lines
    else:
        yield whole


def _first(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a chunk that belongs to the first answer."""
    choices = chunk.get("choices")
    found = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    return next((choice for choice in found if choice.get("index") in (0, None)), {})


def _add(message: dict[str, Any], delta: object) -> None:
    for name in _TEXTS:
        piece = delta.get(name) if isinstance(delta, dict) else None
        if piece:
            message.setdefault(name, []).append(piece)


def _join(pieces: list[Any]) -> Any:
    """Join the pieces of one field: text, or lists of parts."""
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return [
        part
        for piece in pieces
        for part in (piece if isinstance(piece, list) else [{"type": "text", "text": _text(piece)}])
    ]


def _text(piece: object) -> str:
    return piece if isinstance(piece, str) else json.dumps(piece)
