"""Labels: compares the labels of detectors and segmenters with the words of a query."""

from __future__ import annotations

import re

from visprog.language.templates import phrases
from visprog.nouns import singular

_QUALIFIERS = frozenset({"merged", "other", "stuff", "things"})
_ARTICLES = frozenset({"a", "an", "the"})
_NO_KIND_OF = frozenset({("hot", "dog")})
"""Labels whose last word does not name them: a hot dog is not a dog."""


def named(label: str, query: str) -> bool:
    """Return whether `query` names `label`. Case, articles, plural and the order of words are ignored.

    The last word of a label names it too (`ball` names `sports ball`). So does the part before the hyphen in
    the labels of COCO (`grass` names `grass-merged`, `wall` names `wall-brick`).
    """
    wanted = [word for word in _words(query) if word not in _ARTICLES]
    parts = [_words(part) for part in label.split("-")]
    parts = [part for part in parts if part and not _QUALIFIERS.issuperset(part)]
    if not wanted or not parts:
        return False
    whole = [word for part in parts for word in part]
    heads = [parts[0], *([parts[0][-1:]] if tuple(parts[0]) not in _NO_KIND_OF else [])]
    return any(_same(wanted, name) for name in (whole, *heads))


def queries(text: str | list[str] | None) -> list[str]:
    """Split a query at the commas that the program contains. The items of a list are not split.

    The word None, which programs write for an empty query, is left out. If it comes from a value that was
    inserted into the query, it is an ordinary word.
    """
    found = phrases(text)
    return [each.text for each in found if not (each.is_written and each.text.casefold() == "none")]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("_", " "))


def _same(first: list[str], second: list[str]) -> bool:
    return sorted(map(singular, first)) == sorted(map(singular, second))
