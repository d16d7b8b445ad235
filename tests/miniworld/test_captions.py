"""Captions are in English and true."""

import random

import pytest

from visprog.miniworld.captions import (
    counted,
    describe,
    listed,
    names_of,
    relation_of,
    stuff_phrases,
    with_article,
)
from visprog.miniworld.catalogue import STUFF
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import Thing, make_scene


@pytest.mark.parametrize(
    ("number", "name", "words"),
    [
        (1, "apple", "an apple"),
        (1, "police officer", "a police officer"),
        (2, "woman", "two women"),
        (3, "red fish", "three red fish"),
        (1, "scissors", "a pair of scissors"),
        (2, "red scissors", "two pairs of red scissors"),
        (4, "person", "four people"),
    ],
)
def test_numbers_of_things(number: int, name: str, words: str) -> None:
    assert counted(number, name) == words


def test_lists() -> None:
    assert [listed(parts) for parts in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_articles() -> None:
    assert with_article("orange sunflower") == "an orange sunflower"


def test_names_of_a_thing() -> None:
    boat = Thing("sailboat", "red", (0, 0, 10, 10))
    assert names_of(boat) == ("sailboat", "boat", "vehicle", "red sailboat", "red boat", "red vehicle")
    assert names_of(Thing("clock", "red", (0, 0, 10, 10))) == ("clock", "red clock")


def test_relations() -> None:
    low, high = Thing("dog", None, (0, 50, 10, 60)), Thing("cat", None, (5, 0, 15, 10))
    assert relation_of(low, high) == "below"
    assert relation_of(high, low) == "above"
    assert relation_of(Thing("dog", None, (90, 5, 100, 15)), high) == "to the right of"


def test_every_kind_of_stuff_has_phrases() -> None:
    for kind in STUFF:
        assert stuff_phrases(kind)[0] == kind
        assert len(set(stuff_phrases(kind))) >= 4


def test_a_caption_names_the_things_of_the_scene() -> None:
    rng = random.Random(0)
    for seed in range(40):
        drawn = draw(make_scene(seed, "train"))
        caption = describe(drawn, rng)
        assert any(
            name in caption for thing in drawn.scene.things for name in (thing.category, thing.category[:3])
        )
        assert "no " not in caption.split("brown")[0]
