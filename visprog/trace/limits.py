"""Limits on how much of a value a view shows: a short program can compute very long values."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

MIN_CHARACTERS = 60
"""Minimum number of characters of a value that a view shows."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a view.

    `text` is the characters of one text, `items` the items of one list, `value` and `total` the characters of
    one value and of all values, `label` the characters of a region's label, `depth` the levels of nested
    lists. Whole numbers of more than `bits` bits are shown in hexadecimal: Python cannot write very
    long ones as decimals.
    """

    text: int
    items: int
    value: int
    total: int
    label: int = 1_000
    depth: int = 8
    bits: int = 4_096


_ALL = sys.maxsize

UNLIMITED = Limits(_ALL, _ALL, _ALL, _ALL, _ALL, depth=100, bits=14_000)
"""No limits, except on deep lists and long numbers, which Python cannot write."""


@dataclass(slots=True)
class Room:
    """The characters left for one value.

    `depth` counts the lists around the current part of the value. `cut` is true once anything was left out.
    """

    limits: Limits
    left: int
    depth: int = field(default=0, init=False)
    cut: bool = field(default=False, init=False)

    def text(self, text: str) -> str:
        """Return the text, or as much of its beginning as there is room for."""
        most = min(self.limits.text, max(self.left, MIN_CHARACTERS))
        if len(text) <= most:
            return text
        self.cut = True
        return text[:most]

    def label(self, label: str) -> str:
        """Return the label of a region, cut to the limit."""
        if len(label) <= self.limits.label:
            return label
        self.cut = True
        return shorten(label, self.limits.label)


def shorten(text: str, limit: int) -> str:
    """Return the text; if it has more than `limit` characters, its beginning and its length."""
    return text if len(text) <= limit else shortened(text[:limit], len(text))


def shortened(beginning: str, length: int) -> str:
    """Return the beginning of a text, followed by an ellipsis and the length of the whole text."""
    return f"{beginning}… ({length:,} characters)"
