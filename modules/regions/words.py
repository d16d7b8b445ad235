"""Parameters that choose among fixed words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from visprog.errors import UsageError

_MIN_SIMILARITY = 0.7

_SYNONYMS = {
    "near": "next to, beside, close to, by, around",
    "nearest": "closest",
    "farthest": "furthest",
    "below": "under, underneath, beneath",
    "above": "over, on top of",
    "inside": "in, within",
    "contains": "holds, has",
    "overlapping": "on, touching, intersects",
    "size": "area, biggest, largest, smallest",
    "area": "size",
    "left": "leftmost, x",
    "right": "rightmost",
    "top": "topmost, highest, y",
    "bottom": "bottommost, lowest",
    "width": "widest",
    "height": "tallest",
    "score": "confidence",
}
"""Other expressions for some of the words. Errors suggest the word instead."""


def chosen_word(parameter: str, written: str, words: Iterable[str]) -> str:
    """Return the word that was written. Case, spaces, hyphens and underscores are ignored.

    Raises UsageError for another word. The message lists the words and suggests one if it can.
    """
    known = {_folded(word): word for word in words}
    found = known.get(_folded(written))
    if found is None:
        near = _nearest(_folded(written), known)
        hint = f"did you mean '{near}'? " if near else ""
        raise UsageError(
            f"`{parameter}` is {written!r}, which is not one of its words",
            help=f"{hint}the words are {', '.join(known.values())}",
        )
    return found


def _nearest(folded: str, known: Mapping[str, str]) -> str | None:
    """Return the word with the same meaning, otherwise the one with the most similar spelling."""
    for word, synonyms in _SYNONYMS.items():
        if word in known and folded in map(_folded, synonyms.split(", ")):
            return word
    near = get_close_matches(folded, known, n=1, cutoff=_MIN_SIMILARITY)
    return known[near[0]] if near else None


def depth_error(parameter: str, word: str, instead: str) -> UsageError:
    """Return the error for a word that needs the depth of the picture."""
    return UsageError(
        f"`{parameter}` is {word!r}, which needs the depth of the picture, and no model estimates depth",
        help=instead,
    )


def _folded(word: str) -> str:
    return "".join(word.casefold().replace("_", " ").replace("-", " ").split())
