"""Lettering: sets and draws lines of text in any script, with emoji."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from PIL import Image as PILImage
from PIL import ImageDraw, features

from visprog.errors import UsageError
from visprog.modules.manipulation.bidirectional import levels, visual
from visprog.modules.manipulation.drawing import Drawing
from visprog.modules.manipulation.fonts import Face, covers, face_for, font, main_face
from visprog.modules.manipulation.sprites import sprite, sprite_name

_LEAST_EMOJI = 0x2190
"""The first character that can be an emoji."""

_MODIFIERS = re.compile("[\U0001f3fb-\U0001f3ff]|\u200d[\u2640\u2642]\ufe0f?")
"""Skin tones and genders of emoji. The drawings do not have them."""

_ASCENT, _DESCENT = 0.82, 0.27
"""Least height above and below the base line, as shares of the font size."""

_EMOJI_SIZE, _EMOJI_DROP = 1.1, 0.2
"""Side of an emoji, and its part below the base line, as shares of the font size."""


class Run(NamedTuple):
    """Text in one font and one direction, or an emoji if `sprite` is set."""

    text: str
    face: Face
    leftward: bool
    sprite: str | None


class Line(NamedTuple):
    """A line of text at one font size: its runs from left to right, and its extent in pixels."""

    text: str
    runs: tuple[Run, ...]
    size: float
    width: float
    ascent: float
    descent: float


@lru_cache(maxsize=1_024)
def line(text: str, size: float) -> Line:
    """Choose the fonts for a line of text and measure it."""
    runs = tuple(_runs(_MODIFIERS.sub("", text)))
    boxes = [_box(run, size) for run in runs]
    return Line(
        text,
        runs,
        size,
        sum(_width(run, size) for run in runs),
        max([_ASCENT * size, *(-box[1] for box in boxes)]),
        max([_DESCENT * size, *(box[3] for box in boxes)]),
    )


def wrapped(text: str, size: float, room: float, most: int) -> list[Line]:
    """Break text into at most `most` lines of `room` pixels. An ellipsis replaces the rest."""
    lines, rest = list[Line](), text
    while rest:
        whole = line(rest, size)
        if whole.width <= room:
            return [*lines, whole]
        if len(lines) == most - 1:
            cut = _longest(rest, lambda part: line(f"{part}…", size).width <= room)
            return [*lines, line(f"{cut.rstrip()}…", size)] if cut.strip() else lines
        cut = _longest(rest, lambda part: line(part, size).width <= room)
        if not cut:
            return lines
        breaks = cut.rfind(" ") if not rest[len(cut)].isspace() else len(cut)
        cut = cut[:breaks] if breaks > len(cut) // 3 else cut
        lines.append(line(cut.rstrip(), size))
        rest = rest[len(cut) :].lstrip()
    return lines


def draw_line(
    picture: PILImage.Image, place: tuple[float, float], line: Line, color: tuple[int, int, int]
) -> None:
    """Draw a line; `place` is its left end on the base line."""
    draw = ImageDraw.Draw(picture)
    left, base = place
    for run in line.runs:
        if run.sprite is None:
            text, direction = pillow_text(run)
            draw.text((left, base), text, color, font(run.face, line.size), anchor="ls", direction=direction)
        else:
            side = round(_EMOJI_SIZE * line.size)
            emoji = _sprite(run.sprite).fitted(side, side)
            top = round(base + _EMOJI_DROP * line.size) - side
            picture.paste(emoji, (round(left + 0.05 * line.size), top), emoji)
        left += _width(run, line.size)


def missing(text: str) -> str:
    """Return the characters of a text that are not drawn because no suitable font has them, each once."""
    return "".join(
        dict.fromkeys(
            char
            for cluster in _clusters(_MODIFIERS.sub("", text))
            if _emoji(cluster) is None
            for char in cluster
            if not covers(_face(cluster), char)
        )
    )


def _longest(text: str, fits: Callable[[str], bool]) -> str:
    """Return the longest start of a text that fits. Characters keep their combining marks."""
    ends = [0]
    for cluster in _clusters(text):
        ends.append(ends[-1] + len(cluster))
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[: ends[middle]]) else (low, middle - 1)
    return text[: ends[low]]


def _clusters(text: str) -> Iterator[str]:
    """Yield characters, each with its combining marks and joiners."""
    cluster = ""
    for char in text:
        if cluster and not (unicodedata.category(char)[0] == "M" or char in "\u200c\u200d"):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _runs(text: str) -> Iterator[Run]:
    """Yield the runs of a text from left to right."""
    runs, heights, place = list[Run](), list[int](), 0
    level = levels(text)
    for cluster in _clusters(text):
        height = level[place]
        place += len(cluster)
        before = runs[-1] if runs and heights[-1] == height else None
        run = _run(cluster, before, leftward=height % 2 == 1)
        if before is not None and (run.face, run.sprite, before.sprite) == (before.face, None, None):
            runs[-1] = before._replace(text=before.text + cluster)
        else:
            runs.append(run)
            heights.append(height)
    yield from visual(runs, heights)


def _run(cluster: str, before: Run | None, *, leftward: bool) -> Run:
    name = _emoji(cluster)
    if name is not None:
        return Run(cluster, main_face(), leftward, name)
    if before is not None and not cluster[0].isalpha() and all(covers(before.face, char) for char in cluster):
        return Run(cluster, before.face, leftward, None)
    return Run(cluster, _face(cluster), leftward, None)


def _face(cluster: str) -> Face:
    """Return a font that has a character and its combining marks, or at least the character."""
    found = [faces[0] for char in cluster if (faces := face_for(char)) is not None]
    whole = (face for face in found if all(covers(face, char) for char in cluster))
    first = face_for(cluster[0])
    return next(whole, first[0] if first else main_face())


@cache
def _emoji(cluster: str) -> str | None:
    """Return the name of an emoji's drawing. None means that the cluster is text."""
    char = cluster[0]
    if ord(char) < _LEAST_EMOJI or unicodedata.category(char) != "So":
        return None
    try:
        return sprite_name(char)
    except UsageError:
        return None


@cache
def _sprite(name: str) -> Drawing:
    return sprite(name)


def _width(run: Run, size: float) -> float:
    if run.sprite is not None:
        return (_EMOJI_SIZE + 0.1) * size
    text, direction = pillow_text(run)
    return font(run.face, size).getlength(text, direction=direction)


def _box(run: Run, size: float) -> tuple[float, float, float, float]:
    if run.sprite is not None:
        return 0, -(_EMOJI_SIZE - _EMOJI_DROP) * size, 0, _EMOJI_DROP * size
    text, direction = pillow_text(run)
    return font(run.face, size).getbbox(text, direction=direction, anchor="ls")


def pillow_text(run: Run) -> tuple[str, str | None]:
    """Return the text and the direction to give to Pillow for a run."""
    if has_raqm():
        return run.text, "rtl" if run.leftward else "ltr"
    return "".join(reversed(list(_clusters(run.text)))) if run.leftward else run.text, None


@cache
def has_raqm() -> bool:
    """Return whether Pillow has libraqm, which joins letters and handles directions."""
    return bool(features.check("raqm"))
