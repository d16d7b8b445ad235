"""Labels: whether a label of a segmenter's vocabulary is what a person means by a word."""

from __future__ import annotations

import re

from visprog.nouns import singular

_QUALIFIERS = frozenset({"merged", "other", "stuff", "things"})
_ARTICLES = frozenset({"a", "an", "the"})
_NO_KIND_OF = frozenset({("hot", "dog")})
"""Names whose last word misleads: a hot dog is no dog."""


def named(label: str, query: str) -> bool:
    """Whether `query` names `label`. Case, articles, plural and the order of words do not matter.

    A label's last word names it too (`ball` a `sports ball`), and so does what stands before the hyphens
    of COCO's labels of stuff (`grass` a `grass-merged`, `wall` a `wall-other-merged` or a `wall-brick`).
    """
    wanted = [word for word in _words(query) if word not in _ARTICLES]
    parts = [_words(part) for part in label.split("-")]
    parts = [part for part in parts if part and not _QUALIFIERS.issuperset(part)]
    if not wanted or not parts:
        return False
    whole = [word for part in parts for word in part]
    heads = [parts[0], *([parts[0][-1:]] if tuple(parts[0]) not in _NO_KIND_OF else [])]
    return any(_same(wanted, name) for name in (whole, *heads))


def queries(text: str | None) -> list[str]:
    """Split a comma-separated query. The word None, which programs write for nothing, is none."""
    parts = (part.strip() for part in (text or "").split(","))
    return [part for part in parts if part and part.casefold() != "none"]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold().replace("_", " "))


def _same(first: list[str], second: list[str]) -> bool:
    return sorted(map(singular, first)) == sorted(map(singular, second))
