"""Views of all values of a page, a record or a line, within common limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from visprog.trace.limits import MIN_CHARACTERS, Limits, Room
from visprog.trace.value_view import OtherView, ValueView, list_view, text_view, view

_MAX_JSON = 4_000_000
"""Maximum characters of JSON for one value of a batch line."""

_Value = TypeVar("_Value")
_View = TypeVar("_View")


class Shortener:
    """Makes views of values that share the room of `limits`.

    `cut` is true once anything was left out.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.total
        self.cut = False

    def view(self, value: object) -> ValueView:
        """Return the view of a value, or of as much of it as there is room for."""
        return self._within_room(view, value)

    def text(self, text: str) -> str:
        """Return a text, cut with an ellipsis and its length if it is too long."""
        return self._within_room(text_view, text).text()

    def lines(self, lines: Iterable[str]) -> tuple[str, ...]:
        """Return texts, each cut if it is too long. If there are too many, a last line counts the rest."""
        shown = self._within_room(list_view, list(lines))
        more = (f"… and {shown.hidden:,} more",) if shown.hidden else ()
        return (*(line.text() for line in shown.items), *more)

    def data(self, value: object) -> Any:
        """Return a value as plain JSON data. A long value of an unknown type is cut to its repr."""
        found = self.view(value).data()
        if _is_short(found):
            return found
        self.cut = True
        return OtherView(value).summary()

    def _within_room(self, make: Callable[[_Value, Room], _View], value: _Value) -> _View:
        room = Room(self._limits, max(MIN_CHARACTERS, min(self._limits.value, self._left)))
        before = room.left
        found = make(value, room)
        self._left -= before - room.left
        self.cut |= room.cut
        return found


def _is_short(data: Any) -> bool:
    try:
        return len(json.dumps(data, default=repr)) <= _MAX_JSON
    except (TypeError, ValueError, RecursionError):
        return False
