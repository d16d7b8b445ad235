"""The places of region labels on a picture. Labels do not overlap, as long as there is room."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from visprog.trace.number_format import decimal

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_HEIGHT, _LIFT = 19, 20
"""Pixels: the height of a label, and the distance from its top to the line below it."""
_LEGIBLE = 40
"""Minimum width, in pixels, at which a label that the picture's edge cuts off is still useful."""
_NARROW, _WIDE = frozenset("fijlrt I.,:;'|!()[]"), frozenset("mwMW%@")


class Tag(NamedTuple):
    """The label of a region as it is drawn, with room from `x` over `width`, in percent of the picture.

    It is above the line `y`, or `below` it. Its text starts at the left of the room, or finishes at the right
    if `end` is set. A `hidden` label has no room and appears under the pointer only.
    """

    label: str
    score: str
    x: str
    y: str
    width: str
    end: bool
    below: bool
    hidden: bool = False


class _Spot(NamedTuple):
    """A corner of a box, in percent of the picture, and the position of a label there."""

    x: float
    y: float
    end: bool
    below: bool


class _Choice(NamedTuple):
    """A tag, and the rectangle in pixels that it covers."""

    tag: Tag
    room: Rectangle


def place(
    texts: Sequence[tuple[str, str]], boxes: Sequence[Rectangle], size: tuple[float, float], *, crowded: bool
) -> list[Tag]:
    """Return a tag for the label and score of each region. Boxes are in percent of the picture.

    `size` is the smallest size, in pixels, at which the picture is shown: a label that fits there fits in any
    larger picture. Large regions are placed first. If room is short, the score is left out, then the end of
    the label. If there is no room, or the picture is `crowded`, the tag is hidden.
    """
    tags: dict[int, Tag] = {}
    taken: list[Rectangle] = []
    for number in sorted(range(len(boxes)), key=lambda each: -_area(boxes[each])):
        choices = _choices(*texts[number], boxes[number], size)
        first = next(choices)
        free = (each for each in chain((first,), choices) if not any(_overlap(each.room, o) for o in taken))
        chosen = None if crowded else next(free, None)
        if chosen is None:
            tags[number] = first.tag._replace(hidden=True)
        else:
            tags[number] = chosen.tag
            taken.append(chosen.room)
    return [tags[number] for number in range(len(boxes))]


def _choices(label: str, score: str, box: Rectangle, size: tuple[float, float]) -> Iterator[_Choice]:
    """Yield the possible tags of a box, the best first. The last one may reach over the picture's edge."""
    whole, bare, spots = _extent(label, score), _extent(label), _spots(box)
    ways = [(score, whole, whole)]
    if label:
        ways += [("", bare, bare), ("", bare, min(bare, _LEGIBLE))]
    for number, extent, least in ways:
        for spot in spots:
            if (room := _room(spot, extent, least, size)) is not None:
                yield _Choice(_tag(label, number, spot), room)
    yield _Choice(_tag(label, score, spots[2]), (0, 0, *size))


def _spots(box: Rectangle) -> tuple[_Spot, ...]:
    """Return the spots for the label of a box: at its top, first outside the box, then at its bottom."""
    left, top, right, bottom = (min(max(edge, 0.0), 100.0) for edge in box)
    return tuple(
        _Spot(x, y, end, below)
        for y, below in ((top, False), (top, True), (bottom, False), (bottom, True))
        for x, end in ((left, False), (right, True))
    )


def _room(spot: _Spot, extent: float, least: float, size: tuple[float, float]) -> Rectangle | None:
    """Return the rectangle in pixels that a label covers; None if less than `least` of its width fits."""
    x, y = spot.x * size[0] / 100, spot.y * size[1] / 100
    left, right = (max(x - extent, 0), x) if spot.end else (x, min(x + extent, size[0]))
    top = y if spot.below else y - _LIFT
    fits = right - left >= least and top >= 0 and top + _HEIGHT <= size[1]
    return (left, top, right, top + _HEIGHT) if fits else None


def _tag(label: str, score: str, spot: _Spot) -> Tag:
    x, width = (0.0, spot.x) if spot.end else (spot.x, 100 - spot.x)
    return Tag(label, score, decimal(x), decimal(spot.y), decimal(width), spot.end, spot.below)


@lru_cache(maxsize=1_000)
def _extent(*texts: str) -> float:
    """Return the approximate width of a label in pixels, for a wide font."""
    return 8 + sum(6 + sum(map(_advance, text)) for text in texts if text)


def _advance(letter: str) -> float:
    broad = letter in _WIDE or unicodedata.east_asian_width(letter) in "WF"
    return 12.5 if broad else 5.5 if letter in _NARROW else 8.5


def _area(box: Rectangle) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
