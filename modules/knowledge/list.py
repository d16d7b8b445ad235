"""List: what a language model knows."""

from __future__ import annotations

import json
import re

from visprog.models.roles import LanguageModel, Message
from visprog.tools import Warn, tool

_REQUEST = (
    "Answer with a plain list and nothing else: one item a line, the most important first, no numbers, "
    "no bullets, no explanations. An item is a short name."
)


@tool("List")
def list_known(query: str, max: int = 20, *, language_model: LanguageModel, warn: Warn) -> list[str]:
    """List up to `max` things that `query` asks for, from a language model's knowledge.

    Numbers, bullets, quotes and repetitions in the model's answer are removed.
    """
    if max < 1:
        warn(f"a list of at most {max} things is empty")
        return []
    question = f"List at most {max}: {query.strip()}"
    completion = language_model.complete([Message("system", _REQUEST), Message("user", question)])
    items = items_of(completion.text, max)
    if not items:
        warn(f"the language model listed nothing for {query.strip()!r}")
    return items


_MARKER = re.compile(r"^\s*(?:[-*•–—·]\s+|\(?\d{1,3}[.):]\s*|\(?[a-z][.)]\s+)", re.IGNORECASE)
_INTRODUCTION = re.compile(
    r"^(?:sure|certainly|of course|here|the following|these are)\b[^:\n]*:\s*", re.IGNORECASE
)
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Jr|Sr|Inc|Ltd|Co|St|etc)\.$")


def items_of(answer: str, most: int) -> list[str]:
    """Read a language model's list: an array of JSON, lines with or without markers, or commas.

    Return at most `most` items, each once (case ignored), in order.
    """
    parts = _from_json(answer)
    if parts is None:
        parts = _from_lines(_INTRODUCTION.sub("", answer.replace("```", "").strip(), count=1), most)
    items: dict[str, str] = {}
    for item in filter(None, map(_bare, parts)):
        items.setdefault(item.casefold(), item)
    return list(items.values())[:most]


def _from_json(answer: str) -> list[str] | None:
    start, end = answer.find("["), answer.rfind("]")
    if start < 0 or end < start:
        return None
    try:
        found = json.loads(answer[start : end + 1])
    except (ValueError, RecursionError):
        return None
    return [str(item) for item in found if isinstance(item, str | int | float)]


def _from_lines(text: str, most: int) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    marked = [_MARKER.sub("", line) for line in lines if _MARKER.match(line)]
    if len(marked) > 1:  # the other lines are words around the list
        return marked
    lines = [line for line in lines if not line.rstrip().endswith(":")]
    return _from_commas(_MARKER.sub("", lines[0]), most) if len(lines) == 1 else lines


def _from_commas(line: str, most: int) -> list[str]:
    parts = [part for part in re.split(r"\s*[,;]\s*", line) if part]
    if parts:
        last = re.sub(r"^(?:and|or)\s+", "", parts[-1], flags=re.IGNORECASE)
        # "a, b and c" has one comma too few; in "Simon and Garfunkel", asked for one, nothing is missing.
        halves = (
            re.split(r"\s+and\s+", last, maxsplit=1) if last == parts[-1] and len(parts) < most else [last]
        )
        parts[-1:] = halves
    return parts


def _bare(part: str) -> str:
    """Strip white space, quotes, emphasis and the closing full stop."""
    item = part.strip().strip("*_`\"'“”‘’,; \t")
    if item.endswith(".") and not _ABBREVIATION.search(item):
        item = item[:-1].rstrip()
    return item.strip("*_`\"'“”‘’ ")
