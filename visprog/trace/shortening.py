"""Values cut down to what a view shows: a short program can compute very long values.

Each view has its limits. What is left out is counted, so that a reader knows that there is more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from visprog.values import Image, Region, Regions

_LEAST = 60
"""Characters that a value is shown with even if there is no room left."""

_DEPTH = 8
"""How deep lists in lists are shown."""

_ITEM, _REGION = 20, 60
"""What an item of a list and a region cost beside their texts, in characters."""

_BITS = 4_096
"""Whole numbers with more bits are cut: Python refuses to write very long ones as decimals."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a view shows: characters of one text, items of one list, characters of a value and of all values.

    `label` is how many characters of a region's label are shown.
    """

    text: int
    items: int
    value: int
    total: int
    label: int = 1_000


class CutText(NamedTuple):
    """The beginning of a text, and the length of the whole text."""

    text: str
    length: int

    def __str__(self) -> str:
        return f"{self.text}… ({self.length:,} characters)"


class CutList(NamedTuple):
    """The first items of a list, and the length of the whole list."""

    items: list[Any]
    length: int

    @property
    def hidden(self) -> int:
        """How many items are left out."""
        return self.length - len(self.items)


class CutRegions(NamedTuple):
    """The first of many regions, and how many there are."""

    regions: Regions
    length: int


class Shortener:
    """Cuts values down to `limits`. All the values of one page, record or line share one of these.

    A value that fits is returned as it is. Otherwise texts become CutText, lists CutList, and regions
    CutRegions. `cut` says whether anything was left out so far.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.total
        self.cut = False

    def __call__(self, value: Any) -> Any:
        """Return `value`, or as much of it as there is room for."""
        view, spent = self._value(value, max(_LEAST, min(self._limits.value, self._left)), 0)
        self._left -= spent
        return view

    def text(self, text: str) -> str:
        """Return a text, cut with an ellipsis and its length if it is too long."""
        return str(self(text))

    def lines(self, lines: Iterable[str]) -> tuple[str, ...]:
        """Return texts, each cut if it is too long; a last one says how many more there are."""
        shown = self(list(lines))
        more = (f"… and {shown.hidden:,} more",) if isinstance(shown, CutList) else ()
        return (*map(str, shown.items if isinstance(shown, CutList) else shown), *more)

    def _value(self, value: Any, room: int, depth: int) -> tuple[Any, int]:
        match value:
            case str():
                return self._text(value, room)
            case list():
                return self._list(value, room, depth)
            case Regions():
                return self._regions(value, room)
            case Region():
                return self._region(value), _REGION + min(len(value.label), self._limits.label)
            case int() if value.bit_length() > _BITS:
                return self._text(hex(value), room)
            case Image():
                return value, _REGION
        return value, _ITEM

    def _text(self, text: str, room: int) -> tuple[str | CutText, int]:
        most = min(self._limits.text, max(room, _LEAST))
        if len(text) <= most:
            return text, _ITEM + len(text)
        self.cut = True
        return CutText(text[:most], len(text)), _ITEM + most

    def _list(self, values: list[Any], room: int, depth: int) -> tuple[list[Any] | CutList, int]:
        items: list[Any] = []
        spent = _ITEM
        for value in values[: self._limits.items] if depth < _DEPTH else ():
            if spent >= room:
                break
            view, cost = self._value(value, room - spent, depth + 1)
            items.append(view)
            spent += cost
        if len(items) == len(values):
            return items, spent
        self.cut = True
        return CutList(items, len(values)), spent

    def _regions(self, regions: Regions, room: int) -> tuple[Regions | CutRegions, int]:
        count = min(len(regions), self._limits.items, max(1, room // _REGION))
        shown = Regions(map(self._region, regions[:count]), size=regions.size)
        spent = sum(_REGION + len(region.label) for region in shown)
        if count == len(regions):
            return shown, spent
        self.cut = True
        return CutRegions(shown, len(regions)), spent

    def _region(self, region: Region) -> Region:
        if len(region.label) <= self._limits.label:
            return region
        self.cut = True
        return replace(region, label=shorten(region.label, self._limits.label))


def shorten(text: str, limit: int) -> str:
    """Cut a text that is longer than `limit`, with an ellipsis and its length behind."""
    return text if len(text) <= limit else str(CutText(text[:limit], len(text)))
