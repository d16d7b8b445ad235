"""List: what a language model knows."""

from __future__ import annotations

import re

from visprog.model_text import find_json, is_fence, spoken, without_marker
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


_INTRODUCTION = re.compile(
    r"^(?:sure|certainly|of course|here|the following|these are|the answer|answer|list|items)\b[^:\n]*:\s*",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Jr|Sr|Inc|Ltd|Co|St|etc)\.$")
_CONJUNCTION = re.compile(r"(?:and|or)\s++", re.IGNORECASE)
_TAG = re.compile(r"</?(?:ol|ul|li|p|br|answer|list|items?)\s?/?>", re.IGNORECASE)


def items_of(answer: str, most: int) -> list[str]:
    """Read a language model's list: an array of JSON, lines with or without markers, or commas.

    Return at most `most` items, each once (case ignored), in order.
    """
    said = spoken(answer)
    parts = _from_json(said)
    if parts is None:
        parts = _from_lines(_TAG.sub("\n", said), most)
    items: dict[str, str] = {}
    for item in filter(None, map(_bare, parts)):
        items.setdefault(item.casefold(), item)
        if len(items) == most:
            break
    return list(items.values())


def _from_json(said: str) -> list[str] | None:
    """Return the items of an array, or of the only array in an object."""
    try:
        found = find_json(said, list, dict)
    except ValueError:
        return None
    if isinstance(found, dict):
        arrays = [value for value in found.values() if isinstance(value, list)]
        found = arrays[0] if len(arrays) == 1 else None
    if not isinstance(found, list):
        return None
    return [str(item) for item in map(_named, found) if isinstance(item, str | int | float)]


def _named(item: object) -> object:
    """Return the only text of an object in an array, such as {"name": "Sheldon", "age": 30}."""
    texts = [value for value in item.values() if isinstance(value, str)] if isinstance(item, dict) else []
    return texts[0] if len(texts) == 1 else item


def _from_lines(text: str, most: int) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip() and not is_fence(line)]
    marked = [item for item in map(without_marker, lines) if item is not None]
    if len(marked) > 1:  # the other lines are words around the list
        return marked
    lines[:1] = [_INTRODUCTION.sub("", line, count=1) for line in lines[:1]]
    lines = [line for line in lines if line.strip() and not _is_heading(line)]
    if len(lines) != 1:
        return lines
    item = without_marker(lines[0])
    return _from_commas(lines[0] if item is None else item, most)


def _is_heading(line: str) -> bool:
    """Whether a line stands above a list: `The characters:`, `**Characters:**`, `# Characters`."""
    words = line.strip().strip("*_ ")
    return words.endswith(":") or words.startswith("# ")


def _from_commas(line: str, most: int) -> list[str]:
    parts = [part for part in map(str.strip, line.replace(";", ",").split(",")) if part]
    if not parts:
        return []
    last = parts.pop()
    conjunction = _CONJUNCTION.match(last)
    if conjunction is not None:
        return [*parts, last[conjunction.end() :]]
    # "a, b and c" has one comma too few; in "Simon and Garfunkel", asked for one, nothing is missing.
    before, joined, after = last.partition(" and ") if len(parts) + 1 < most else (last, "", "")
    return [*parts, before, after] if joined else [*parts, last]


def _bare(part: str) -> str:
    """Remove white space, quotes, emphasis and the closing full stop."""
    part = part.replace("**", "") if part.count("**") == 2 else part
    item = part.strip().strip("*_`\"'“”‘’,; \t")
    if item.endswith(".") and not _ABBREVIATION.search(item[-10:]):
        item = item[:-1].rstrip()
    return item.strip("*_`\"'“”‘’ ")
