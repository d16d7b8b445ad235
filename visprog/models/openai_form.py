"""Answers in a form: the schema that a service can hold a model to, and a reader that checks it all the same.

Not every service enforces a schema. What does not fit is said in a complaint, which the model gets to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
"""What models that reason may put before their answer."""


_BEYOND = 1e9
"""No number in an answer is as large; infinity and what is no number are not smaller either."""


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """What an answer must look like.

    `read` turns the text into a value, or raises ValueError with a complaint for the model. `schema`, if
    there is one, describes the JSON object that is wanted.
    """

    name: str
    read: Callable[[str], T]
    schema: Mapping[str, Any] | None = None

    @property
    def response_format(self) -> dict[str, Any]:
        """The field of a request that asks for the schema."""
        described = {"name": self.name, "strict": True, "schema": self.schema}
        return {"type": "json_schema", "json_schema": described}


def object_schema(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def plain(text: str) -> str:
    """Return an answer in words without thoughts, quotes and emphasis around it."""
    said = _THOUGHT.sub("", text).strip()
    stripped = said.strip('*_`"“”‘’ \t\n')
    return stripped[1:-1] if len(stripped) > 1 and stripped[0] == stripped[-1] == "'" else stripped


def read_object(text: str) -> dict[str, Any]:
    """Find the JSON object in an answer. Raises ValueError where there is none."""
    said = _THOUGHT.sub("", text)
    start, end = said.find("{"), said.rfind("}")
    if start < 0 or end < start:
        raise ValueError("it holds no JSON object")
    try:
        found = json.loads(said[start : end + 1])
    except (ValueError, RecursionError):
        raise ValueError("its JSON cannot be read") from None
    return dict(found)


def read_number(entry: Mapping[str, Any], name: str) -> float:
    """Return a number of an object. Raises ValueError where it is missing or none."""
    if name not in entry:
        raise ValueError(f"`{name}` is missing")
    value = entry[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        raise ValueError(f"`{name}` is {str(value)[:100]} instead of a number")
    return float(value)


def read_percent(entry: Mapping[str, Any], name: str) -> float:
    """Return a percentage of an object. Raises ValueError for what is none."""
    value = read_number(entry, name)
    if not 0 <= value <= 100:
        raise ValueError(f"`{name}` is {value:g} instead of a percentage between 0 and 100")
    return value
