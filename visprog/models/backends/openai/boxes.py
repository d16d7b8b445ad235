"""Reads boxes from a model's answer, in the requested form or in another form that models are trained on.

The requested form is `left`, `top`, `right` and `bottom` on the requested scale. Other forms are read if the
numbers are unambiguous: `bbox_2d` and similar names, Gemini's `box_2d`, fractions, percentages, thousandths
and pixels. An ambiguous answer raises an error, and the model is asked again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from visprog.answer_text import unwrapped
from visprog.boxes import Box
from visprog.model_text import find_json, without_thoughts
from visprog.models.backends.openai.box_marks import marked_boxes
from visprog.models.backends.openai.form import as_fractions, as_number, read_number, read_share
from visprog.nouns import singular
from visprog.values import Region

_LISTS = ("boxes", "objects", "detections", "bounding_boxes", "boundingboxes", "bboxes", "results", "items")
_LABELS = ("label", "name", "class", "category", "object", "text_content")
_SCORES = ("confidence", "score", "conf", "probability")
_SIDES = (
    ("left", "top", "right", "bottom"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("x0", "y0", "x1", "y1"),
)
_SIZED = (("x", "y", "width", "height"), ("x", "y", "w", "h"))
_GEMINI = "box_2d"
"""Gemini's form: thousandths, in the order top, left, bottom, right."""
_QUADS = (_GEMINI, "bbox_2d", "bbox", "box", "bounding_box", "boundingbox", "coordinates", "position")

Size = tuple[int, int]


class Canvas(NamedTuple):
    """Sizes (width, height) for reading boxes.

    `scale` is the requested scale of the boxes, `sent` the picture that the model saw, `size` the original.
    """

    scale: Size
    sent: Size
    size: Size


_MOST_NESTED = 3
"""Maximum number of objects around the list of boxes."""


class _Sides(NamedTuple):
    """A box as the model wrote it, under `names`. `scale` is set if the form defines it.

    `doubtful` marks forms that models use with different scales, whatever scale is requested.
    """

    names: tuple[str, ...]
    left: float
    top: float
    right: float
    bottom: float
    scale: Size | None = None
    doubtful: bool = False


def read_boxes(text: str, labels: Mapping[str, str], canvas: Canvas) -> list[Region]:
    """Read the boxes of an answer. `labels` maps the labels as sent to the labels of the caller.

    Raises ValueError with a message for the model.
    """
    answer = without_thoughts(text)
    entries = marked_boxes(answer) or _entries(_found(answer), labels)
    named = [_label(entry, labels) for entry in entries]
    found = [_sides(entry) for entry in entries]
    scale = _scale([sides for sides in found if sides.scale is None], canvas)
    boxes = [_box(sides, sides.scale or scale, canvas.size) for sides in found]
    return [Region(*each) for each in zip(boxes, named, _scores(entries), strict=True)]


_LONGEST_SENTENCE = 300
_NOTHING = re.compile(
    r"\W*(?:null|none|(?:there (?:is|are) )?no(?:ne|thing)?\b[^.\n\[\]{}<>]{0,100})[.!]?\W*", re.IGNORECASE
)


def _found(answer: str) -> Any:
    """Return the JSON of an answer. A short sentence such as "There are no dogs." gives an empty list."""
    if len(answer) <= _LONGEST_SENTENCE and _NOTHING.fullmatch(unwrapped(answer)):
        return []
    return find_json(answer, dict, list)


def _entries(found: Any, labels: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Return one object for each box."""
    for _ in range(_MOST_NESTED):
        if isinstance(found, dict):
            found = _list_in(found, labels)
    if isinstance(found, list) and found and _are_numbers(found):
        found = [found]
    if isinstance(found, list) and found and len(labels) == 1 and all(map(_are_numbers, found)):
        found = [{"bbox": box} for box in found]
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError("`boxes` is not a list of boxes")
    return [{str(name).casefold(): value for name, value in entry.items()} for entry in found]


def _are_numbers(found: object) -> bool:
    """Return whether this is a box as four numbers."""
    return isinstance(found, list) and len(found) == 4 and all(as_number(each) is not None for each in found)


def _list_in(found: dict[str, Any], labels: Mapping[str, str]) -> Any:
    """Return the list of boxes in an object: under a usual name, by label, or the object as one box."""
    plain = {str(name).casefold(): value for name, value in found.items()}
    for name in _LISTS:
        if name in plain:
            return [] if plain[name] is None else plain[name]
    if plain.keys() & {*_QUADS, *_LABELS}:
        return [found]
    if found and all(key in labels for key in found):
        return [_named(key, box) for key, boxes in found.items() for box in _boxes_of(boxes)]
    if len(found) == 1 and isinstance(only := next(iter(found.values())), dict | list):
        return only
    return None


def _boxes_of(value: object) -> list[Any]:
    """Return the boxes under a label: a list, one box, or nothing."""
    if value is None:
        return []
    return value if isinstance(value, list) and not _are_numbers(value) else [value]


def _named(label: str, box: object) -> dict[str, Any]:
    return {"label": label, "bbox": box}


def _label(entry: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Return the requested label of an entry. Case, articles, plurals and numbers are ignored."""
    written = next((entry[name] for name in _LABELS if name in entry), None)
    if written is None and len(labels) == 1:
        return next(iter(labels.values()))
    if isinstance(written, str):
        if written in labels:
            return labels[written]
        by_key: dict[tuple[str, ...], str] = {}
        for sent, label in labels.items():
            by_key.setdefault(_key(sent), label)
        for key in (_key(written), _key(_unnumbered(written))):
            if key in by_key:
                return by_key[key]
    raise ValueError(f"the label {repr(written)[:100]} is not one of the given labels")


def _key(label: str) -> tuple[str, ...]:
    words = re.findall(r"\w+", label.casefold().replace("_", " "))
    if len(words) > 1 and words[0] in ("a", "an", "the"):
        words = words[1:]
    return tuple(singular(word) for word in words)


def _unnumbered(label: str) -> str:
    """Return a label without a number that counts several objects, as in `dog 2`."""
    return label.rstrip("0123456789").rstrip("#_ -")


def _sides(entry: Mapping[str, Any]) -> _Sides:
    """Find the sides of a box in an entry. Raises ValueError."""
    for name in _QUADS:
        value = _flat(entry.get(name))
        if isinstance(value, list) and len(value) == 4:
            return _read_quad(name, value)
        if isinstance(value, dict):
            return _sides({key: each for key, each in value.items() if key not in _QUADS})
    for names in _SIZED:
        if set(names) <= entry.keys():
            sides = _read_sides(entry, names)
            return sides._replace(right=sides.left + sides.right, bottom=sides.top + sides.bottom)
    names = next((names for names in _SIDES if set(names) <= entry.keys()), _SIDES[0])
    return _read_sides(entry, names)


_LONGEST_QUAD = 100


def _flat(value: Any) -> Any:
    """Return a box in one list, if it is two points or text such as `[10, 20, 30, 40]`."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(point, list) for point in value):
        return [number for point in value for number in point]
    if isinstance(value, str) and len(value) <= _LONGEST_QUAD:
        return value.strip("[]() ").replace(",", " ").split()
    return value


def _read_quad(name: str, values: list[Any]) -> _Sides:
    numbered = {f"{name}[{place}]": value for place, value in enumerate(values)}
    names = tuple(numbered)
    if name == _GEMINI:
        names = (names[1], names[0], names[3], names[2])
        return _read_sides(numbered, names)._replace(scale=None if _is_unit(numbered) else (1000, 1000))
    return _read_sides(numbered, names)._replace(doubtful=True)


def _is_unit(numbers: Mapping[str, Any]) -> bool:
    return all(read_number(numbers, name) <= 1 for name in numbers)


def _read_sides(entry: Mapping[str, Any], names: Sequence[str]) -> _Sides:
    values = [entry.get(name) for name in names]
    if all(isinstance(value, str) and value.rstrip().endswith("%") for value in values):
        entry = {name: entry[name].rstrip().removesuffix("%") for name in names}
        return _read_sides(entry, names)._replace(scale=(100, 100))
    left, top, right, bottom = (read_number(entry, name) for name in names)
    return _Sides(tuple(names), left, top, right, bottom)


def _scale(found: Sequence[_Sides], canvas: Canvas) -> Size:
    """Return the scale of all boxes whose form does not tell it. Raises ValueError where two would fit."""
    values = [value for sides in found for value in (sides.left, sides.top, sides.right, sides.bottom)]
    if any(0 < value < 1 for value in values) and all(0 <= value <= 1 for value in values):
        return (1, 1)
    in_sent = all(
        max(sides.left, sides.right) <= canvas.sent[0] and max(sides.top, sides.bottom) <= canvas.sent[1]
        for sides in found
    )
    in_thousandths = all(value <= 1000 for value in values)
    if in_sent and not in_thousandths:
        return canvas.sent
    if not any(sides.doubtful for sides in found) or canvas.scale == canvas.sent == (1000, 1000):
        return canvas.scale
    if in_thousandths and not in_sent:
        return (1000, 1000)
    if canvas.scale == canvas.sent and in_sent:
        return canvas.scale
    raise ValueError(
        "it does not say which scale its boxes are on: give each as `left`, `top`, `right` and `bottom`, on "
        "the scale that was asked for"
    )


def _box(sides: _Sides, scale: Size, size: Size) -> Box:
    left, right = _span(sides.left, sides.right, sides.names[::2], scale[0], size[0])
    top, bottom = _span(sides.top, sides.bottom, sides.names[1::2], scale[1], size[1])
    return left, top, right, bottom


def _span(first: float, last: float, names: Sequence[str], scale: int, edge: int) -> tuple[int, int]:
    """Return one side of a box in pixels, clipped to the picture and at least one pixel long."""
    start, end = (min(max(value, 0.0), scale) * edge / scale for value in (first, last))
    if end <= start:
        raise ValueError(f"`{names[0]}` is {first:g} and `{names[1]}` {last:g}: no part of the picture")
    if round(start) < round(end):
        return round(start), round(end)
    return math.floor(start), math.floor(start) + 1


def _scores(entries: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the confidence of each entry between 0 and 1; a box without one counts as certain."""
    names = [next((name for name in _SCORES if entry.get(name) is not None), None) for entry in entries]
    shares = [read_share(entry, name) for entry, name in zip(entries, names, strict=True) if name is not None]
    fractions = iter(as_fractions(shares))
    return [1.0 if name is None else next(fractions) for name in names]
