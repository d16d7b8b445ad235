"""A task: scenes, an instruction, a reference program, and the right result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from visprog.miniworld.drawing import Box
from visprog.miniworld.scene import Scene

Change = Literal["replace", "remove", "color pop", "blur", "emoji"]


class Tag(NamedTuple):
    """A thing to tag: its name, and the tight box of its visible part in pixels."""

    name: str
    box: Box


class Edit(NamedTuple):
    """An edit: the kind of change, and the region of the picture.

    The region is a kind of stuff, or the things with these indices in the scene (for an emoji, their faces).
    `shows` is the new content of the region; None if nothing new is painted.
    """

    change: Change
    things: tuple[int, ...] = ()
    stuff: str | None = None
    shows: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the miniature world.

    `kind` is the paper's task ("gqa", "nlvr", "knowtag", "imgedit"), "composition" or "language", and
    `family` the form of the instruction. `scenes` are the pictures by name: IMAGE, or LEFT and RIGHT.
    `program` is the reference program. The right result is `answer` for a question or a statement, `tags`
    for tagging, and `edit` for an edit. A composition has two captions with a program each: `instruction` is
    true of IMAGE, `other` is false.
    """

    kind: str
    family: str
    seed: int
    instruction: str
    scenes: Mapping[str, Scene]
    program: str
    answer: str | bool | None = None
    tags: tuple[Tag, ...] = ()
    edit: Edit | None = None
    other: str | None = None
    other_program: str | None = None
