"""Questions about one thing of several, by its place in an order: from a side, or by size."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from visprog.miniworld.scene import Scene, Split, Thing
from visprog.miniworld.tasks.draft import Draft
from visprog.miniworld.tasks.language.geometry import biggest, nth_from, outermost, smallest
from visprog.miniworld.tasks.language.group import Group, choose_group, describe, wording
from visprog.miniworld.tasks.language.question import Family, Question
from visprog.miniworld.tasks.scene_building import ALL_SIDES, BOTTOM, LEFT, RIGHT, TOP, SceneBuilder, Side
from visprog.miniworld.tasks.wording import choose_wording

_Choice = Callable[[Scene, Sequence[Thing]], Thing | None]


def _outermost(rng: random.Random, split: Split) -> Question:
    group, side = choose_group(rng, split), rng.choice(ALL_SIDES)
    noun = group.noun
    the = choose_wording(rng, *(each.replace("_", str(noun)) for each in _OUTERMOST[side]))

    def choose(scene: Scene, things: Sequence[Thing]) -> Thing | None:
        return outermost(scene, things, side)

    return _about(rng, split, group, the, rng.randint(2, 4), choose, side.name.lower(), 1)


_OUTERMOST: dict[Side, tuple[str, ...]] = {
    LEFT: (
        "the leftmost _",
        "the _ on the far left",
        "the _ furthest to the left",
        "the first _ on the left",
    ),
    RIGHT: (
        "the rightmost _",
        "the _ on the far right",
        "the _ furthest to the right",
        "the first _ on the right",
    ),
    TOP: ("the topmost _", "the highest _", "the _ closest to the top", "the uppermost _"),
    BOTTOM: ("the lowest _", "the bottommost _", "the _ closest to the bottom", "the lowermost _"),
}


def _nth(rng: random.Random, split: Split) -> Question:
    group, side, place = choose_group(rng, split), rng.choice(ALL_SIDES), rng.choice((2, 2, 2, 3))
    number = rng.randint(place + (place == 2), 4)
    noun, ordinal, end = group.noun, _ORDINALS[place], side.name.lower()
    the = choose_wording(
        rng,
        f"the {ordinal} {noun} from the {end}",
        f"the {ordinal} {noun} counted from the {end}",
        f"the {noun} that is {ordinal} from the {end}",
        f"{noun} number {_NUMBERS[place]} from the {end}",
    )

    def choose(scene: Scene, things: Sequence[Thing]) -> Thing | None:
        return nth_from(scene, things, side, place)

    return _about(rng, split, group, the, number, choose, end, place)


_ORDINALS = {2: "second", 3: "third"}
_NUMBERS = {2: "two", 3: "three"}


def _size(rng: random.Random, split: Split) -> Question:
    group, largest = choose_group(rng, split), rng.random() < 0.5
    words = ("biggest", "largest") if largest else ("smallest", "littlest")
    the = f"the {choose_wording(rng, *words)} {group.noun}"

    def choose(scene: Scene, things: Sequence[Thing]) -> Thing | None:  # noqa: ARG001 - as the other choices
        return biggest(things) if largest else smallest(things)

    return _about(rng, split, group, the, rng.randint(2, 4), choose, "size", 1 if largest else -1)


def _about(
    rng: random.Random,
    split: Split,
    group: Group,
    the: str,
    number: int,
    choose: _Choice,
    by: str,
    place: int,
) -> Question:
    """Return a question about one of `number` things: the one that `choose` finds and Pick should."""
    builder = SceneBuilder(rng, split, [group.noun])
    builder.add(group.noun, number)
    builder.add_others(2)
    scene = builder.build(lambda scene: group.shows(scene, choose(scene, group.members(scene))))
    chosen = choose(scene, group.members(scene))
    draft = Draft()
    found = describe(draft, draft.pick(draft.find("IMAGE", group.noun), by, place), group)
    text = wording(rng, group, the)
    return Question(text, {"IMAGE": scene}, group.answer(chosen), draft.text_with_result(found))


FAMILIES: dict[str, Family] = {
    "leftmost, rightmost, topmost": _outermost,
    "nth from a side": _nth,
    "biggest, smallest": _size,
}
