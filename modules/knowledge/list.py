"""List: asks a language model for a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from visprog.answer_text import first_turn, strip_wrappers, text_after_label, text_in_box, text_in_tags
from visprog.model_text import clean_reply, find_json, is_fence, without_marker
from visprog.models.roles import LanguageModel, Message
from visprog.tools import Warn, tool

REQUEST = (
    "Answer with a plain list and nothing else: one item a line, the most important first, no numbers, "
    "no bullets, no explanations. An item is a short name."
)
"""The system message for the language model."""


@tool("List")
def list_known(query: str, max: int = 20, *, language_model: LanguageModel, warn: Warn) -> list[str]:
    """Ask a language model for `query`, and return a list of at most `max` items.

    Numbers, bullets, quotes and repetitions in the model's answer are removed.
    """
    if max < 1:
        warn(f"`max` is {max}, so the list is empty")
        return []
    question = f"List at most {max}: {query.strip()}"
    completion = language_model.complete([Message("system", REQUEST), Message("user", question)])
    items = items_of(completion.text, max)
    if not items:
        warn(f"the language model listed nothing for {query.strip()!r}")
    return items


_INTRODUCTION = re.compile(
    r"^(?:sure|certainly|of course|here|the following|these are|the answer|answer|list|items)\b[^:\n]*:\s*",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Jr|Sr|Inc|Ltd|Co|St|etc)\.$")
_COMMA = re.compile(r"[,;，、；]")
_NUMBER = re.compile(r"\d{1,3}[.)]\s")
_CONJUNCTION = re.compile(r"(?:and|or)\s++", re.IGNORECASE)
_TAG = re.compile(r"</?(?:ol|ul|li|p|br|answer|list|items?)\s?/?>", re.IGNORECASE)


def items_of(answer: str, most: int) -> list[str]:
    """Read a list from a language model's answer: a JSON array, one item a line, or items between commas.

    Return at most `most` items in order, without repetitions (case is ignored).
    """
    text = clean_reply(text_in_box(text_in_tags(answer)))
    parts = _from_json(text)
    if parts is None:
        parts = _from_lines(_TAG.sub("\n", text), most)
    items: dict[str, str] = {}
    for item in filter(None, map(_bare, parts)):
        items.setdefault(item.casefold(), item)
        if len(items) == most:
            break
    return list(items.values())


def _from_json(text: str) -> list[str] | None:
    """Return the items of an array, or of the only array in an object."""
    try:
        found = find_json(text, list, dict)
    except ValueError:
        return None
    if isinstance(found, dict) and all(key.isdecimal() for key in found):
        found = list(found.values())
    if isinstance(found, dict):
        arrays = [value for value in found.values() if isinstance(value, list)]
        found = arrays[0] if len(arrays) == 1 else None
    if not isinstance(found, list) or (not found and text.strip("[]{}-* \n")[:1].isalpha()):
        return None  # `[ ]` is a check box, as in `- [ ] Sheldon`
    return [str(item) for item in map(_named, found) if isinstance(item, str | int | float)]


_NAMES = ("name", "title", "item", "value", "label", "text")


def _named(item: object) -> object:
    """Return the name in a JSON object, or its only text: {"name": "Sheldon", "age": 30}."""
    if not isinstance(item, dict):
        return item
    texts = {key: value for key, value in item.items() if isinstance(value, str)}
    named = next((texts[name] for name in _NAMES if name in texts), None)
    return named or (next(iter(texts.values())) if len(texts) == 1 else item)


def _from_lines(text: str, most: int) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip() and not is_fence(line)]
    lines = _without_remarks(_cells(first_turn(lines)))
    marked = [item for item in map(without_marker, lines) if item is not None]
    if len(marked) > 1 and not _are_initials(lines):  # the other lines introduce or follow the list
        return [_without_explanation(item) for item in marked]
    lines[:1] = [_INTRODUCTION.sub("", line, count=1) for line in lines[:1]]
    lines = [line for line in lines if line.strip() and not _is_heading(line)]
    if len(lines) != 1:
        return lines
    line = text_after_label(lines)
    item = without_marker(line)
    return _from_commas(line if item is None else item, most)


_INITIAL = re.compile(r"\s*+([A-Z])\.\s")


def _are_initials(lines: Sequence[str]) -> bool:
    """Return whether lines begin with initials of people (J. Doe), not with the markers A, B, C."""
    found = [initial[1] for initial in map(_INITIAL.match, lines) if initial is not None]
    return bool(found) and found != [chr(ord("A") + place) for place in range(len(found))]


_EXPLAINED = re.compile(r"\*\*([^*]{1,200})\*\*\s*+(?:[:–—-]\s|\()")


def _without_explanation(item: str) -> str:
    """Return the bold part of an item if an explanation follows: `**Penny** - a waitress`."""
    explained = _EXPLAINED.match(item.lstrip())
    return explained[1].rstrip(":") if explained is not None else item


_REMARK = re.compile(
    r"(?:let me know\b|i hope\b|feel free\b|please note\b|note:|these are\b|this list\b|would you like\b)",
    re.IGNORECASE,
)


def _without_remarks(lines: list[str]) -> list[str]:
    """Remove a remark after the list, such as "Let me know if you need more"."""
    return lines[:-1] if len(lines) > 1 and _REMARK.match(lines[-1].strip("*_ ")) else lines


_RULE = re.compile(r"[\s|:-]*+")


def _cells(lines: list[str]) -> list[str]:
    """Return the first cell of each row of a Markdown table that is not a number. Other text is unchanged."""
    if (
        len(lines) < 3
        or "|-" not in lines[1].replace(" ", "").replace(":", "")
        or not _RULE.fullmatch(lines[1])
    ):
        return lines
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines[2:]]
    return [next((cell for cell in row if cell and not cell.rstrip(".").isdigit()), row[0]) for row in rows]


_HEADING = re.compile(r"#{1,6}\s")


def _is_heading(line: str) -> bool:
    """Return whether a line is a heading: `The characters:`, `**Characters:**`, `# Characters`."""
    words = line.strip().strip("*_ ")
    return words.endswith((":", "：")) or _HEADING.match(words) is not None


def _from_commas(line: str, most: int) -> list[str]:
    line = line.strip()
    line = line[1:-1] if line.startswith("[") and line.endswith("]") else line
    parts = [part for part in map(str.strip, _COMMA.split(line)) if part]
    numbered = [_NUMBER.sub("", part, count=1) for part in parts]
    parts = numbered if len(parts) > 1 and numbered[1:] != parts[1:] else parts
    if not parts:
        return []
    last = parts.pop()
    conjunction = _CONJUNCTION.match(last)
    if conjunction is not None:
        return [*parts, last[conjunction.end() :]]
    # Split "a, b and c", but not "Simon and Garfunkel" if only one item is asked for.
    before, joined, after = last.partition(" and ") if len(parts) + 1 < most else (last, "", "")
    return [*parts, before, after] if joined else [*parts, last]


def _bare(part: str) -> str:
    """Remove white space, quotes, emphasis, and a final comma or full stop."""
    item = strip_wrappers(strip_wrappers(part).strip(",; \t"))
    if item.endswith(".") and not _ABBREVIATION.search(item[-10:]):
        item = item[:-1].rstrip()
    return strip_wrappers(item)
