"""Reads options written after a model's name: `openai:gpt-5,deadline=300,base_url=http://host/v1`.

A value is written as in TOML. Anything that is not TOML is text, so text needs no quotes.
`parameters.top_p=0.9` sets one entry of a table. A comma starts a new option only if NAME= follows.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from visprog.errors import UsageError

_OPTION = re.compile(r",\s*(?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)?)\s*=\s*")
_BRACKETS = {"[": "]", "{": "}"}
_LONGEST = 100_000


def split_options(written: str) -> tuple[str, dict[str, Any]]:
    """Return the model's name and its options. Raises UsageError for an option that occurs twice."""
    if len(written) > _LONGEST:
        raise UsageError("the options of a model are too long", help="write them into a profile (TOML)")
    starts = list(_starts(written))
    if not starts:
        return written, {}
    ends = [match.start() for match in starts[1:]] + [len(written)]
    options: dict[str, Any] = {}
    for match, end in zip(starts, ends, strict=True):
        name, _, entry = match["name"].partition(".")
        table = options.setdefault(name, {}) if entry else options
        if not isinstance(table, dict) or (entry or name) in table:
            raise UsageError(f"the option `{match['name']}` is given twice", help="give it once")
        table[entry or name] = _value(written[match.end() : end].strip())
    return written[: starts[0].start()].strip(), options


def _starts(written: str) -> Iterator[re.Match[str]]:
    """Yield the start of each option. Commas inside quotes and brackets belong to the value."""
    place = 0
    while match := _OPTION.search(written, place):
        yield match
        place = match.end()
        if written[place : place + 1] in ("'", '"', *_BRACKETS):
            place = _closed(written, place)


def _closed(written: str, place: int) -> int:
    """Return the place after a quoted or bracketed value, or `place` if the value is not closed."""
    start = place
    closing: list[str] = []
    while place < len(written):
        char = written[place]
        if closing and closing[-1] in ("'", '"'):
            if char == "\\" and closing[-1] == '"':
                place += 1
            elif char == closing[-1]:
                closing.pop()
        elif char in ("'", '"'):
            closing.append(char)
        elif char in _BRACKETS:
            closing.append(_BRACKETS[char])
        elif closing and char == closing[-1]:
            closing.pop()
        place += 1
        if not closing:
            return place
    return start


def _value(text: str) -> Any:
    """Read a value as TOML or, if it is not TOML, as text."""
    try:
        read = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    value = read.get("value") if len(read) == 1 else text
    return value if isinstance(value, bool | int | float | str | list | dict) else text
