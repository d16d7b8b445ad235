"""Questions that compare the sizes of things: their areas, widths or heights."""

from __future__ import annotations

import random
from typing import NamedTuple

from visprog.miniworld.scene import Scene, Split, Thing
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.language.geometry import LONGER, extent, is_larger
from visprog.miniworld.tasks.language.group import choose_reference
from visprog.miniworld.tasks.language.question import Family, Question
from visprog.miniworld.tasks.question import yes_no
from visprog.miniworld.tasks.scene_building import SceneBuilder, is_whole, the_only
from visprog.miniworld.tasks.wording import Noun, choose_place, choose_wording


class Size(NamedTuple):
    """A size that is compared: its measure in programs, and its words for more and for less of it."""

    what: str
    more: str
    less: str

    def is_more(self, one: Thing, other: Thing) -> bool:
        """Return whether a thing clearly has more of this size."""
        if self.what == "area":
            return is_larger(one, other)
        axis = int(self.what == "height")
        return extent(one, axis) >= LONGER * extent(other, axis)


_SIZES = (
    Size("area", "bigger", "smaller"),
    Size("area", "larger", "smaller"),
    Size("height", "taller", "shorter"),
    Size("width", "wider", "narrower"),
)


def _compared(rng: random.Random, split: Split) -> Question:
    first = choose_reference(rng, split)
    second = choose_reference(rng, split, [first])
    size, more, first_is_more = rng.choice(_SIZES), rng.random() < 0.6, rng.random() < 0.5

    def accept(scene: Scene) -> bool:
        one, other = the_only(scene, first), the_only(scene, second)
        pair = (one, other) if first_is_more else (other, one)
        return is_whole(scene, first) and is_whole(scene, second) and size.is_more(*pair)

    builder = SceneBuilder(rng, split, [first, second])
    builder.add(first)
    builder.add(second)
    builder.add_others(3)
    scene = builder.build(accept)
    draft = Draft()
    found = [draft.measure(draft.find("IMAGE", noun), size.what) for noun in (first, second)]
    test = f"{{{found[0]}}}[0] {'>' if more else '<'} {{{found[1]}}}[0]"
    word, holds = size.more if more else size.less, first_is_more == more
    if rng.random() < 0.5:
        text = choose_wording(rng, *_is_it(word, first, second, choose_place(rng)))
        answer = draft.yes_if(test)
        return Question(text, {"IMAGE": scene}, yes_no(holds), draft.text_with_result(answer))
    text = choose_wording(rng, *_which(word, first, second, choose_place(rng)))
    answer = draft.evaluate(f"'{first}' if {test} else '{second}'")
    return Question(text, {"IMAGE": scene}, str(first if holds else second), draft.text_with_result(answer))


def _is_it(word: str, first: Noun, second: Noun, where: str) -> tuple[str, ...]:
    return (
        f"Is the {first} {word} than the {second}?",
        f"Is the {first} {where} {word} than the {second}?",
        f"Does the {first} look {word} than the {second}?",
        f"Is it true that the {first} is {word} than the {second}?",
        f"Is the {first} the {word} one, compared with the {second}?",
        f"Compared with the {second}, is the {first} {word}?",
    )


def _which(word: str, first: Noun, second: Noun, where: str) -> tuple[str, ...]:
    return (
        f"Which is {word}, the {first} or the {second}?",
        f"What is {word}, the {first} or the {second}?",
        f"Which is {word} {where}, the {first} or the {second}?",
        f"Is the {first} or the {second} {word}?",
        f"Which one is {word}: the {first} or the {second}?",
        f"Which looks {word}, the {first} or the {second}?",
    )


FAMILIES: dict[str, Family] = {"sizes compared": _compared}
