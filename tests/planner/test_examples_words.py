from __future__ import annotations

import pytest

from visprog.nouns import COMMON_NOUNS, misspelt, plural, singular
from visprog.planner.examples.emoji import _KNOWN, _NICKNAMES, _THINGS, emoji_named, emoticon_at
from visprog.planner.examples.people import is_person, is_person_name

PAIRS = [
    "dog dogs", "box boxes", "bus buses", "church churches", "dish dishes", "city cities", "boy boys",
    "glass glasses", "person people", "man men", "woman women", "child children", "fireman firemen",
    "goose geese", "mouse mice", "knife knives", "leaf leaves", "shelf shelves", "scarf scarves",
    "shoe shoes", "potato potatoes", "horse horses", "vase vases", "cookie cookies", "tie ties",
    "movie movies", "cactus cacti", "canoe canoes", "bird birds", "umbrella umbrellas", "kiss kisses",
    "fox foxes", "human humans", "sandwich sandwiches", "lens lenses", "house houses",
    "octopus octopuses", "walrus walruses", "blouse blouses", "muse muses", "bookshelf bookshelves",
    "axe axes", "plate plates", "giraffe giraffes", "cave caves",
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS)
def test_singular_and_plural_are_each_other_s_inverse(pair: str) -> None:
    one, many = pair.split()
    assert (singular(many), plural(one)) == (one, many)


@pytest.mark.parametrize("pair", PAIRS)
def test_doing_it_twice_changes_nothing_more(pair: str) -> None:
    one, many = pair.split()
    assert (singular(one), plural(many)) == (one, many)


@pytest.mark.parametrize("noun", ["sheep", "scissors", "jeans", "sunglasses", "series", "species", "deer"])
def test_some_nouns_have_one_form(noun: str) -> None:
    assert singular(noun) == plural(noun) == noun


@pytest.mark.parametrize("noun", ["grass", "dress", "bus", "gas", "tennis", "this", "octopus"])
def test_a_singular_in_s_stays(noun: str) -> None:
    assert singular(noun) == noun


def test_the_emoji_tool_knows_every_name_that_the_planner_writes() -> None:
    from visprog.modules.manipulation.sprites import sprite_name

    for name in _KNOWN | _THINGS | set(_NICKNAMES.values()):
        assert sprite_name(name)


@pytest.mark.parametrize(
    "emoticon",
    [
        ":)",
        ":-)",
        ":(",
        ";)",
        ";-)",
        "8)",
        "8-)",
        "B)",
        ":p",
        ":P",
        ":D",
        ":o",
        ":O",
        ":|",
        ":'(",
        "<3",
        ":*",
    ],
)
def test_the_emoji_tool_knows_the_emoticons_that_the_planner_reads(emoticon: str) -> None:
    from visprog.modules.manipulation.sprites import sprite_name

    assert emoticon_at(f"with {emoticon}.", 5) == emoticon
    assert sprite_name(emoticon)


@pytest.mark.parametrize("text", ["(18) dogs", "B)a", "x:p", "see figure 38)"])
def test_what_touches_letters_or_digits_is_no_emoticon(text: str) -> None:
    assert all(emoticon_at(text, position) is None for position in range(len(text)))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("winking face", "winking_face"),
        ("Smiling-face with sunglasses", "smiling_face_with_sunglasses"),
        ("grinning emoji", "grinning_face"),
        ("smiley", "smiling_face_with_smiling_eyes"),
        ("hat", None),
        ("sunglasses", None),
        ("sunglasses emoji", "smiling_face_with_sunglasses"),
        ("dog", None),
        ("rose", None),
    ],
)
def test_an_emoji_is_known_by_its_words(words: str, name: str | None) -> None:
    assert emoji_named(words) == name


def test_an_emoji_of_a_thing_is_meant_where_it_is_to_hide_a_face() -> None:
    assert emoji_named("rose", over_face=True) == "rose"
    assert emoji_named("hat", over_face=True) is None


def test_a_second_plural_has_the_same_singular() -> None:
    assert singular("cactuses") == "cactus"


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("peple", "people"),
        ("poeple", "people"),
        ("Persom", "person"),
        ("pictur", "picture"),
        ("imgae", "image"),
        ("dgo", "dog"),
        ("facse", "faces"),
        ("chlidren", "children"),
    ],
)
def test_a_slip_of_the_pen_tells_the_common_noun_that_is_meant(word: str, meant: str) -> None:
    assert misspelt(word) == meant


def test_no_common_noun_nor_its_plural_is_a_slip_for_another() -> None:
    assert [noun for noun in (*COMMON_NOUNS, *map(plural, COMMON_NOUNS)) if misspelt(noun)] == []


@pytest.mark.parametrize(
    "word",
    "bat hat cot dig fog act arc cast horse house lower flow roman human pitcher parson photon lace fact map"
    " prison imagine tee bard brad animate tower free three steeple photographer girl".split(),
)
def test_another_word_that_looks_alike_is_no_slip(word: str) -> None:
    assert misspelt(word) is None


@pytest.mark.parametrize(
    "phrase", ["bride", "tall man with a hat", "bus drivers", "violinist", "Obama", "kids"]
)
def test_persons_are_known_by_a_noun_or_a_name(phrase: str) -> None:
    assert is_person(phrase)


@pytest.mark.parametrize("phrase", ["dog", "clock", "cats", "tower of the church", "wrist", "CLOCK"])
def test_animals_and_things_are_no_persons(phrase: str) -> None:
    assert not is_person(phrase)


@pytest.mark.parametrize("name", ["Marie Curie", "Obama", "ANGELA MERKEL", "Dr. Watson", "Jean-Paul Sartre"])
def test_a_name_of_a_person_has_a_given_name_a_title_or_is_well_known(name: str) -> None:
    assert is_person_name(name)


@pytest.mark.parametrize("name", ["New York", "Apple", "BMW", "Big Ben", "Mona Lisa", "Charles Bridge"])
def test_a_capitalised_name_alone_tells_of_no_person(name: str) -> None:
    assert not is_person_name(name)
