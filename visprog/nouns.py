"""English nouns: singular and plural forms, and misspellings of common nouns."""

from __future__ import annotations

import re

_IRREGULAR = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "foot": "feet",
    "tooth": "teeth",
    "goose": "geese",
    "mouse": "mice",
    "ox": "oxen",
    "knife": "knives",
    "wife": "wives",
    "life": "lives",
    "leaf": "leaves",
    "loaf": "loaves",
    "shelf": "shelves",
    "half": "halves",
    "calf": "calves",
    "wolf": "wolves",
    "elf": "elves",
    "scarf": "scarves",
    "thief": "thieves",
    "cactus": "cacti",
    "bus": "buses",
    "gas": "gases",
    "lens": "lenses",
    "quiz": "quizzes",
    "movie": "movies",
    "cookie": "cookies",
    "zombie": "zombies",
    "selfie": "selfies",
    "ski": "skis",
    "tie": "ties",
    "pie": "pies",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "hero": "heroes",
    "mango": "mangoes",
    "shoe": "shoes",
    "horseshoe": "horseshoes",
    "canoe": "canoes",
    "toe": "toes",
    "axe": "axes",
    "horse": "horses",
    "house": "houses",
    "vase": "vases",
    "nurse": "nurses",
    "cache": "caches",
    "headache": "headaches",
}
_SINGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}
_SAME = """
    sheep deer fish moose bison shrimp salmon trout aircraft spacecraft species series scissors
    jeans pants trousers shorts sunglasses binoculars pliers tongs headphones pajamas clothes news
    gymnastics athletics canvas atlas christmas
"""
_UNCHANGED = frozenset(_SAME.split())
_IN_USE = frozenset("use muse fuse ruse excuse recluse abuse refuse".split())
"""Nouns in -use after a consonant: other plurals in -uses have a singular in -us, such as `octopuses`."""

_COMPOUND = ("man", "woman", "child", "person", "foot", "goose", "mouse", "knife", "shelf", "scarf")


def singular(noun: str) -> str:
    """Return the singular of a noun; return a singular noun unchanged."""
    word = noun.casefold()
    if word in _UNCHANGED or word in _IRREGULAR:
        return noun
    if word in _SINGULAR:
        return _cased(noun, _SINGULAR[word])
    for end in _COMPOUND:
        plural_end = _IRREGULAR[end]
        if word.endswith(plural_end) and len(word) > len(plural_end) + 1:
            return noun[: -len(plural_end)] + end
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is", "'s")):
        return noun
    if word.endswith("ies"):
        return noun[:-3] + "y"
    if re.search(r"[^aeiou]uses$", word) and word[:-1] not in _IN_USE:
        return noun[:-2]
    return noun[:-2] if word.endswith(("ches", "shes", "sses", "xes", "zzes")) else noun[:-1]


def plural(noun: str) -> str:
    """Return the plural of a noun; return a plural noun unchanged."""
    word = noun.casefold()
    if word in _UNCHANGED or word in _SINGULAR or singular(noun) != noun:
        return noun
    if word in _IRREGULAR:
        return _cased(noun, _IRREGULAR[word])
    for end in _COMPOUND:
        if word.endswith(end) and len(word) > len(end) + 1 and word not in ("human", "german", "roman"):
            return noun[: -len(end)] + _IRREGULAR[end]
    if re.search(r"[^aeiou]y$", word):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(?:s|x|z|ch|sh)$", word) else "s")


def _cased(like: str, word: str) -> str:
    return word.capitalize() if like[:1].isupper() else word


COMMON_NOUNS = (
    "people", "person", "picture", "pictures", "image", "images", "photo", "photos", "photograph",
    "background", "children", "woman", "bicycle", "umbrella", "animal", "animals", "flower", "flowers",
    "elephant", "dog", "dogs", "cat", "cats", "car", "cars", "face", "faces", "man", "bird", "birds", "tree",
    "trees",
)  # fmt: skip
_SIMILAR_WORDS = frozenset(
    """
    act acts cast arc arcs peoples persons persona personal parson pictured pitcher imager imagery imaged
    imago mage photon photons phono photog photographs photographed photography backgrounds bicycled bicycles
    umbrellas anima anime animate flow flowed flowery floors fliers lower lowers slower blower blowers
    glower glowers elephants women roman
    """.split()
)


def misspelt(word: str) -> str | None:
    """Return the common noun that a word misspells, such as `people` for `poeple`; None for other words.

    A long word can have one extra, missing or wrong letter, or two swapped neighbours. In a short word, one
    different letter often makes another noun, so only swapped neighbours are recognized.
    """
    written = word.casefold()
    if written in COMMON_NOUNS or written in _SIMILAR_WORDS or not written.isalpha():
        return None
    return next((noun for noun in COMMON_NOUNS if _is_typo(written, noun)), None)


def _is_typo(word: str, noun: str) -> bool:
    swaps = {noun[:i] + noun[i + 1] + noun[i] + noun[i + 2 :] for i in range(len(noun) - 1)}
    if len(noun) < 5 or noun in ("faces", "birds", "trees"):
        return word in swaps
    return word in swaps or _is_one_letter_off(word, noun)


def _is_one_letter_off(word: str, noun: str) -> bool:
    short, long = sorted((word, noun), key=len)
    if len(long) - len(short) > 1:
        return False
    same = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return long[same + 1 :] == short[same + (len(short) == len(long)) :]
