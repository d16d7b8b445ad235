"""Singular and plural of English nouns."""

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
_COMPOUND = ("man", "woman", "child", "person", "foot", "goose", "mouse", "knife", "shelf", "scarf")


def singular(noun: str) -> str:
    """Return the singular of one word; one that is singular comes back as it is."""
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
    return noun[:-2] if word.endswith(("ches", "shes", "sses", "xes", "zzes")) else noun[:-1]


def plural(noun: str) -> str:
    """Return the plural of one word; one that is plural comes back as it is."""
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
