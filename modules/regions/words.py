"""The words by which regions are ordered, measured and related, and other words for them."""

from __future__ import annotations

from typing import Literal, TypeAlias

By: TypeAlias = Literal["left", "right", "top", "bottom", "size", "width", "height", "score"]
"""The orders of Pick and Sort."""

Relation: TypeAlias = Literal[
    "left of",
    "right of",
    "above",
    "below",
    "inside",
    "contains",
    "overlapping",
    "near",
    "nearest",
    "farthest",
]
"""The relations of Relate."""

What: TypeAlias = Literal["width", "height", "area", "left", "top", "right", "bottom", "share", "score"]
"""The measures of Measure."""

BY_SYNONYMS = {
    "leftmost": "left",
    "rightmost": "right",
    "topmost": "top",
    "highest": "top",
    "bottommost": "bottom",
    "lowest": "bottom",
    "area": "size",
    "biggest": "size",
    "largest": "size",
    "widest": "width",
    "tallest": "height",
    "confidence": "score",
}

_REVERSED = {"smallest": "size", "shortest": "height", "narrowest": "width", "thinnest": "width"}

PICK_HINTS = {word: f"write `by='{by}', place=-1`" for word, by in _REVERSED.items()}
SORT_HINTS = {word: f"write `by='{by}', reverse=True`" for word, by in _REVERSED.items()}
"""What to write for words that mean the end of an order."""

RELATION_SYNONYMS = {
    "left": "left of",
    "to the left of": "left of",
    "on the left of": "left of",
    "right": "right of",
    "to the right of": "right of",
    "on the right of": "right of",
    "over": "above",
    "under": "below",
    "underneath": "below",
    "beneath": "below",
    "in": "inside",
    "within": "inside",
    "inside of": "inside",
    "contain": "contains",
    "containing": "contains",
    "overlap": "overlapping",
    "overlaps": "overlapping",
    "touching": "overlapping",
    "near to": "near",
    "next to": "near",
    "beside": "near",
    "by": "near",
    "close to": "near",
    "nearest to": "nearest",
    "closest": "nearest",
    "closest to": "nearest",
    "farthest from": "farthest",
    "furthest": "farthest",
    "furthest from": "farthest",
}

WHAT_SYNONYMS = {"size": "area", "x": "left", "y": "top", "confidence": "score"}
