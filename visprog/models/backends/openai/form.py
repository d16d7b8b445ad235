"""Answers in a given form: a JSON schema for the service, and a function that reads and checks the answer.

Not every service enforces a schema. If an answer is wrong, the error message is sent to the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from visprog.model_text import find_json

T = TypeVar("T")

_BEYOND = 1e9
"""Numbers in answers must be smaller. This rejects infinity and NaN too."""
_LONGEST_NUMBER = 30
"""Maximum number of characters of a number written as text."""


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """The form of an answer.

    `read` turns the text into a value, or raises ValueError with a message for the model. `schema` describes
    the expected JSON object, if there is one.
    """

    name: str
    read: Callable[[str], T]
    schema: Mapping[str, Any] | None = None

    @property
    def response_format(self) -> dict[str, Any]:
        """The request's field with the schema."""
        described = {"name": self.name, "strict": True, "schema": self.schema}
        return {"type": "json_schema", "json_schema": described}


def object_schema(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read_object(text: str) -> dict[str, Any]:
    """Find the JSON object in an answer. Raises ValueError if there is none."""
    return dict(find_json(text, dict))


def read_number(entry: Mapping[str, Any], name: str) -> float:
    """Return a number in an object. It may be written as text. Raises ValueError for other values."""
    if name not in entry:
        raise ValueError(f"`{name}` is missing")
    value = entry[name]
    number = as_number(value)
    if number is None:
        raise ValueError(f"`{name}` is {str(value)[:100]} instead of a number")
    return number


def as_number(value: object) -> float | None:
    """Return a JSON number, or a number written as text. None for huge numbers and other values."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and value.isascii() and "_" not in value:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        return None
    return float(value)


class Share(NamedTuple):
    """A percentage or fraction as the model wrote it, under `name`. `per` is 100 with a percent sign."""

    name: str
    value: float
    per: int | None
    is_fraction: bool


def read_share(entry: Mapping[str, Any], name: str) -> Share:
    """Read a percentage or a fraction. Raises ValueError for other values."""
    value = entry.get(name)
    signed = isinstance(value, str) and value.rstrip().endswith("%")
    written = value.rstrip().removesuffix("%") if isinstance(value, str) else value
    number = read_number({name: written} if name in entry else {}, name)
    pointed = isinstance(written, float) or (isinstance(written, str) and "." in written)
    return Share(name, number, 100 if signed else None, pointed)


def as_fractions(shares: Sequence[Share]) -> list[float]:
    """Return all shares of an answer between 0 and 1. Raises ValueError if one is out of range.

    They are percentages, as requested, unless all are at most 1 and one has a decimal point.
    """
    unsigned = [share for share in shares if share.per is None]
    fractions = any(share.is_fraction for share in unsigned) and all(share.value <= 1 for share in unsigned)
    found = []
    for share in shares:
        fraction = share.value / (share.per or (1 if fractions else 100))
        if not 0 <= fraction <= 1:
            raise ValueError(f"`{share.name}` is {share.value:g} instead of a percentage between 0 and 100")
        found.append(fraction)
    return found
