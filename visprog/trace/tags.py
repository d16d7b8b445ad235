"""Where the labels of regions stand on a picture: none over another, as far as there is room."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from visprog.trace.number_format import decimal

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_HEIGHT, _LIFT = 19, 20
"""Pixels: how tall a label is, and how far above its line one begins that stands on it."""
_LEGIBLE = 40
"""Pixels of which a label that the picture's edge cuts off still tells something."""
_SLIM, _BROAD = frozenset("fijlrt I.,:;'|!()[]"), frozenset("mwMW%@")


class Tag(NamedTuple):
    """A region's label as it is drawn, with room from `x` over `width`, in percent of the picture.

    It stands on the line `y`, or hangs from it: `inside`. It is set to the left of its room, or to the `end`.
    One that is `shy` has no room of its own, and waits for the pointer.
    """

    label: str
    score: str
    x: str
    y: str
    width: str
    end: bool
    inside: bool
    shy: bool = False


class _Spot(NamedTuple):
    """A corner of a region, in percent of the picture, and how a label lies there."""

    x: float
    y: float
    end: bool
    inside: bool


class _Choice(NamedTuple):
    """A tag, and what it covers in pixels."""

    tag: Tag
    room: Rectangle


def place(
    texts: Sequence[tuple[str, str]], boxes: Sequence[Rectangle], size: tuple[float, float], *, crowded: bool
) -> list[Tag]:
    """Return a tag for the label and score of each region, whose box is in percent of the picture.

    `size` is the least, in pixels, that the picture is shown in: what has room there has it in any larger
    one. Large regions choose first. Where room is short the score is left out, then the label's end; without
    any, and in a crowd, a tag is shy.
    """
    tags: dict[int, Tag] = {}
    taken: list[Rectangle] = []
    for number in sorted(range(len(boxes)), key=lambda each: -_area(boxes[each])):
        choices = _choices(*texts[number], boxes[number], size)
        first = next(choices)
        free = (each for each in chain((first,), choices) if not any(_overlap(each.room, o) for o in taken))
        chosen = None if crowded else next(free, None)
        if chosen is None:
            tags[number] = first.tag._replace(shy=True)
        else:
            tags[number] = chosen.tag
            taken.append(chosen.room)
    return [tags[number] for number in range(len(boxes))]


def _choices(label: str, score: str, box: Rectangle, size: tuple[float, float]) -> Iterator[_Choice]:
    """Yield the ways to label a box, the best first: those within the picture, and at last one regardless."""
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
    """Return where a box may be labelled: at its top, from outside first, then at its bottom."""
    left, top, right, bottom = (min(max(edge, 0.0), 100.0) for edge in box)
    return tuple(
        _Spot(x, y, end, inside)
        for y, inside in ((top, False), (top, True), (bottom, False), (bottom, True))
        for x, end in ((left, False), (right, True))
    )


def _room(spot: _Spot, extent: float, least: float, size: tuple[float, float]) -> Rectangle | None:
    """Return the pixels that a label of this extent covers; None where not even `least` of it has room."""
    x, y = spot.x * size[0] / 100, spot.y * size[1] / 100
    left, right = (max(x - extent, 0), x) if spot.end else (x, min(x + extent, size[0]))
    top = y if spot.inside else y - _LIFT
    fits = right - left >= least and top >= 0 and top + _HEIGHT <= size[1]
    return (left, top, right, top + _HEIGHT) if fits else None


def _tag(label: str, score: str, spot: _Spot) -> Tag:
    x, width = (0.0, spot.x) if spot.end else (spot.x, 100 - spot.x)
    return Tag(label, score, decimal(x), decimal(spot.y), decimal(width), spot.end, spot.inside)


def _extent(*texts: str) -> float:
    """Return about how wide a label is, in pixels of a wide font: no browser is asked."""
    return 8 + sum(6 + sum(map(_advance, text)) for text in texts if text)


def _advance(letter: str) -> float:
    broad = letter in _BROAD or unicodedata.east_asian_width(letter) in "WF"
    return 12.5 if broad else 5.5 if letter in _SLIM else 8.5


def _area(box: Rectangle) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
