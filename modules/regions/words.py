"""Parameters that choose among fixed words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from visprog.errors import UsageError

_MIN_SIMILARITY = 0.5


def chosen_word(parameter: str, written: str, words: Iterable[str]) -> str:
    """Return the word that was written. Case, spaces, hyphens and underscores are ignored.

    Raises UsageError for another word. The message lists the words and names the most similar one.
    """
    known = {_folded(word): word for word in words}
    found = known.get(_folded(written))
    if found is None:
        near = get_close_matches(_folded(written), known, n=1, cutoff=_MIN_SIMILARITY)
        hint = f"did you mean '{known[near[0]]}'? " if near else ""
        raise UsageError(
            f"`{parameter}` is {written!r}, which is not one of its words",
            help=f"{hint}the words are {', '.join(known.values())}",
        )
    return found


def depth_error(parameter: str, word: str, instead: str) -> UsageError:
    """Return the error for a word that needs the depth of the picture."""
    return UsageError(
        f"`{parameter}` is {word!r}, which needs the depth of the picture, and no model estimates depth",
        help=instead,
    )


def _folded(word: str) -> str:
    return "".join(word.casefold().replace("_", " ").replace("-", " ").split())
