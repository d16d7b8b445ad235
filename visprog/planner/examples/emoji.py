"""Emoji as instructions name them: emoticons, characters and words."""

from __future__ import annotations

import re
import unicodedata

_EMOTICON = re.compile(
    r"(?:>?[:;=][-^]?'?[)(\]\[DPO|/*X3S$]|[8B]-?\)|[O0]:-?\)|</?3|\^_\^|-_-|XD|D:)", re.IGNORECASE
)
_NO_EMOTICON = frozenset({";]", ";[", ";/", ";|", ";*", ";x", ";s", ";$", ";3", ";o"})

_NAMES = """
    alien alien_monster angry_face angry_face_with_horns anguished_face astonished_face
    beating_heart blue_heart broken_heart cat_face cat_with_tears_of_joy confounded_face
    confused_face crying_cat crying_face disappointed_face dizzy_face dog_face expressionless_face
    face_blowing_a_kiss face_savoring_food face_screaming_in_fear face_with_medical_mask
    face_with_open_mouth face_with_steam_from_nose face_with_tears_of_joy face_with_tongue
    face_without_mouth fearful_face flushed_face ghost goblin green_heart grimacing_face
    grinning_cat grinning_face grinning_face_with_big_eyes grinning_face_with_smiling_eyes
    grinning_face_with_sweat grinning_squinting_face growing_heart hushed_face kiss_mark
    kissing_face loudly_crying_face monkey_face neutral_face ogre pensive_face
    persevering_face pig_face pouting_face purple_heart red_heart relieved_face see_no_evil_monkey
    hear_no_evil_monkey speak_no_evil_monkey skull sleeping_face sleepy_face smiling_face
    smiling_face_with_halo smiling_face_with_heart_eyes smiling_face_with_horns
    smiling_face_with_smiling_eyes smiling_face_with_sunglasses smirking_face sparkling_heart
    squinting_face_with_tongue tired_face unamused_face weary_face winking_face
    winking_face_with_tongue worried_face yellow_heart
"""
_KNOWN = frozenset(_NAMES.split())

_THINGS = frozenset(
    "rose tulip sunflower cherry_blossom star glowing_star sun fire snowflake rainbow balloon soccer_ball"
    " pizza doughnut".split()
)
"""Emoji of things: an instruction that names one may mean the thing itself."""

_ANIMALS = ("cat", "dog", "pig", "monkey")

_NICKNAMES = {
    "panda_face": "panda",
    "smiley": "smiling_face_with_smiling_eyes",
    "smile": "smiling_face_with_smiling_eyes",
    "smiley_face": "smiling_face_with_smiling_eyes",
    "happy_face": "smiling_face_with_smiling_eyes",
    "sad_face": "disappointed_face",
    "cool_face": "smiling_face_with_sunglasses",
    "face_with_sunglasses": "smiling_face_with_sunglasses",
    "wink": "winking_face",
    "tongue": "face_with_tongue",
    "heart": "red_heart",
    "laughing_face": "grinning_squinting_face",
    "surprised_face": "face_with_open_mouth",
}


def emoticon_at(text: str, start: int) -> str | None:
    """Return the emoticon that stands alone at `start`: no letter or digit touches it."""
    match = _EMOTICON.match(text, start)
    if match is None or (start and text[start - 1].isalnum()):
        return None
    end = match.end()
    if (end < len(text) and text[end].isalnum()) or match[0].casefold() in _NO_EMOTICON:
        return None
    return match[0]


def is_emoji_character(char: str) -> bool:
    """Whether one character is a pictogram."""
    return unicodedata.category(char) == "So" and (ord(char) >= 0x1F300 or char in "☺☹❤☠")


def emoji_named(words: str, *, over_face: bool = False) -> str | None:
    """Return the name that programs use for an emoji told in words: 'a winking face' is winking_face.

    What is to hide a face (`over_face`) may be an emoji of a thing too, like a rose.
    """
    name = re.sub(r"[\s_-]+", "_", words.casefold())
    if name == "sunglasses_emoji":  # sunglasses alone are a thing to wear
        return "smiling_face_with_sunglasses"
    name = name.removesuffix("_emoji").removeprefix("emoji_of_a_")
    for candidate in (name, name if name in _ANIMALS else f"{name}_face"):
        if candidate in _KNOWN:
            return candidate
        if candidate in _NICKNAMES:
            return _NICKNAMES[candidate]
    return name if over_face and name in _THINGS else None
