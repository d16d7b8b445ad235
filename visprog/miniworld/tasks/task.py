"""A task: pictures, an instruction, the program that solves it, and what is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from visprog.miniworld.drawing import Box
from visprog.miniworld.scene import Scene

Change = Literal["replace", "remove", "color pop", "blur", "emoji"]


class Tag(NamedTuple):
    """A thing that is to be tagged: its name, and the tight box of what is in sight of it, in pixels."""

    name: str
    box: Box


class Edit(NamedTuple):
    """What is to change: the kind of change, and the part of the picture that it is about.

    That part is the things of these numbers in the scene (their faces, for an emoji), or a kind of stuff.
    `shows` is what is to be seen there afterwards, None where nothing new is painted.
    """

    change: Change
    things: tuple[int, ...] = ()
    stuff: str | None = None
    shows: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the miniature world.

    `kind` is the paper's task ("gqa", "nlvr", "knowtag", "imgedit") or "composition", `family` the form of
    its instruction. `scenes` are the pictures by name: IMAGE, or LEFT and RIGHT. `program` solves it, the
    gold program. What is right is `answer` for a question or a statement, `tags` for tagging, and `edit`
    for an edit. A composition has two captions, `instruction` which is true of IMAGE and `other` which is
    not, with the program for each.
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
