"""Places and sizes of things in a scene, with margins that make questions about them unambiguous.

Everything is computed from the boxes and pixels of the sprites, not by the tools. A function returns None if
the scene leaves the answer in doubt: then the scene is not used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from visprog.miniworld.catalogue import Box
from visprog.miniworld.scene import Scene, Thing
from visprog.miniworld.tasks.scene_building import Side, sprite_area, sprite_box

APART = 0.06
"""Minimum difference of two positions or distances, as a share of the picture's longer side."""

LARGER = 1.4
"""Minimum ratio of two areas."""

LONGER = 1.25
"""Minimum ratio of two lengths."""

_TOLERANCE = 3
"""Minimum distance from a line to be on one side of it, in pixels."""


def nth_from(scene: Scene, things: Sequence[Thing], side: Side, place: int) -> Thing | None:
    """Return the thing with this place from a side, counted from 1 and judged by the centres."""
    order = sorted(things, key=lambda thing: _depth(thing, side))
    near = [_depth(thing, side) for thing in order[max(place - 2, 0) : place + 1]]
    margin = _margin(scene)
    separate = all(high - low >= margin for low, high in pairwise(near))
    return order[place - 1] if separate else None


def outermost(scene: Scene, things: Sequence[Thing], side: Side) -> Thing | None:
    """Return the thing closest to a side, if it is the first by its centre and by its edge."""
    first = nth_from(scene, things, side, 1)
    foremost = min(things, key=lambda thing: _signed(sprite_box(thing)[_edge(side)], side))
    return first if first is foremost else None


def biggest(things: Sequence[Thing]) -> Thing | None:
    """Return the thing that is clearly the biggest, by its box and by its pixels."""
    largest = max(things, key=box_area)
    return largest if all(is_larger(largest, thing) for thing in things if thing is not largest) else None


def smallest(things: Sequence[Thing]) -> Thing | None:
    """Return the thing that is clearly the smallest, by its box and by its pixels."""
    least = min(things, key=box_area)
    return least if all(is_larger(thing, least) for thing in things if thing is not least) else None


def is_larger(one: Thing, other: Thing) -> bool:
    """Return whether a thing is clearly bigger than another, by its box and by its pixels."""
    return all(size(one) >= LARGER * size(other) for size in (box_area, sprite_area))


def box_area(thing: Thing) -> float:
    """Return the area of a thing's box in pixels."""
    return extent(thing, 0) * extent(thing, 1)


def extent(thing: Thing, axis: int) -> float:
    """Return the width (axis 0) or the height (axis 1) of a thing's box in pixels."""
    box = sprite_box(thing)
    return box[axis + 2] - box[axis]


def nearest(scene: Scene, things: Sequence[Thing], to: Thing) -> Thing | None:
    """Return the thing that is clearly nearest to another, by the gap and by the distance of the centres."""
    return _extreme(scene, things, to, 1)


def farthest(scene: Scene, things: Sequence[Thing], to: Thing) -> Thing | None:
    """Return the thing that is clearly farthest from another, by gap and by distance of the centres."""
    return _extreme(scene, things, to, -1)


def _extreme(scene: Scene, things: Sequence[Thing], to: Thing, sign: int) -> Thing | None:
    def is_first(thing: Thing, distance: Callable[[Box, Box], float]) -> bool:
        own = sign * distance(sprite_box(thing), sprite_box(to))
        others = [sign * distance(sprite_box(each), sprite_box(to)) for each in things if each is not thing]
        return all(other - own >= margin for other in others)

    margin = _margin(scene)
    first = [thing for thing in things if is_first(thing, _gap) and is_first(thing, _centre_distance)]
    return first[0] if first else None


def _gap(one: Box, other: Box) -> float:
    """Return the shortest distance between two boxes; 0 if they touch or overlap."""
    gaps = [max(one[axis], other[axis]) - min(one[axis + 2], other[axis + 2]) for axis in (0, 1)]
    return math.hypot(*(max(gap, 0) for gap in gaps))


def _centre_distance(one: Box, other: Box) -> float:
    return math.dist(*[((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in (one, other)])


def all_beyond(things: Sequence[Thing], side: Side, of: Thing) -> tuple[Thing, ...] | None:
    """Return the things on a side of another: their centres are beyond its edge.

    The others must be clearly elsewhere: their centres are not even beyond its centre.
    """
    found = []
    edge = _signed(sprite_box(of)[_edge(side)], side)
    for thing in things:
        depth = _depth(thing, side)
        if depth <= edge - _TOLERANCE:
            found.append(thing)
        elif depth < _depth(of, side) + _TOLERANCE:
            return None
    return tuple(found)


def _edge(side: Side) -> int:
    return side.axis + 2 * side.forward


def _signed(place: float, side: Side) -> float:
    """Return a coordinate so that smaller numbers are closer to the side."""
    return -place if side.forward else place


def _depth(thing: Thing, side: Side) -> float:
    box = sprite_box(thing)
    return _signed((box[side.axis] + box[side.axis + 2]) / 2, side)


def _margin(scene: Scene) -> float:
    return APART * max(scene.width, scene.height)
