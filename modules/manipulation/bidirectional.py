"""Bidirectional text: Unicode's algorithm (UAX 9) without explicit embeddings."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def levels(text: str) -> list[int]:
    """Return the embedding level of each character. Odd levels run from right to left."""
    kinds = _kinds(text)
    base = int(next((kind for kind in kinds if kind in "LR"), "L") == "R")
    found = []
    for place, kind in enumerate(kinds):
        if kind == "N":
            kind = _between(kinds, place, "RL"[not base])
        found.append({"L": 2 * base, "R": 1, "1": 2}[kind])
    return found


def visual(items: Sequence[T], levels: Sequence[int]) -> list[T]:
    """Return items in their order from left to right. `items` are in reading order, each with its level."""
    order = list(range(len(items)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and levels[order[end]] >= level:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = max(end, start + 1)
    return [items[place] for place in order]


def _kinds(text: str) -> list[str]:
    """Return L or R for letters, 1 for numbers after an R letter, and N for neutral characters."""
    kinds, strong = list[str](), ""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("R", "AL"):
            kinds.append("R")
        elif kind in ("EN", "AN"):
            kinds.append("1" if strong == "R" else "L" if kind == "EN" else "1")
        elif kind == "L":
            kinds.append("L")
        elif kind == "NSM":
            kinds.append(kinds[-1] if kinds else "N")
        else:
            kinds.append("N")
        strong = kinds[-1] if kinds[-1] in "LR" else strong
    return kinds


def _between(kinds: list[str], place: int, base: str) -> str:
    """Return the direction of a neutral character: that of both neighbours if they agree, or the text's."""
    before = next((kind for kind in reversed(kinds[:place]) if kind != "N"), base)
    after = next((kind for kind in kinds[place + 1 :] if kind != "N"), base)
    sides = {"L" if kind == "L" else "R" for kind in (before, after)}
    return sides.pop() if len(sides) == 1 else base
