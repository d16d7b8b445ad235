"""Extract a model's answer in words: remove tags, boxes, labels, quotes, emphasis and positions.

Every function takes linear time for any input, like those of `visprog.model_text`.
"""

from __future__ import annotations

import json
import re

from visprog.model_text import is_fence, without_invisible, without_thoughts, without_turn_tokens

_ANSWER_TAG = re.compile(
    r"<(?![<|])(?P<slash>/?)\s?(?:final[_ ]?|short[_ ]?)?"
    r"(?:answer|conclusion|output|response|result|solution|final)\s?>"
    r"|\[(?P<square>/?)ANSWER\]"
    r"|<\|(?P<end>begin|start|end)_(?:of_)?(?:box|solution|answer|response)\|>",
    re.IGNORECASE,
)
_TEX_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|operatorname)\s?\{")
_BRACE = re.compile(r"[{}]")


def unwrapped(text: str, *, sentence: bool = False) -> str:
    """Return an answer without its wrappers: tags, boxes, code fences, labels, quotes, emphasis.

    Set `sentence` if the answer is a sentence: it may start with `The answer is`.
    """
    answer = without_places(text_in_tags(without_thoughts(without_invisible(text))))
    answer = without_turn_tokens(text_in_box(answer))
    lines = first_turn([line for line in answer.splitlines() if line.strip() and not is_fence(line)])
    return strip_wrappers(_field(text_after_label(lines, sentence=sentence)))


def text_in_tags(text: str) -> str:
    """Return the content of the last pair of answer tags, or the text without such tags."""
    inner, start = "", None
    for match in _ANSWER_TAG.finditer(text):
        closes = match["slash"] or match["square"] or (match["end"] or "").casefold() == "end"
        if closes and start is not None:
            inner = text[start : match.start()].strip() or inner
        start = None if closes else match.end()
    if start is not None:
        inner = text[start:].strip() or inner
    return inner or _ANSWER_TAG.sub("", text)


def text_in_box(text: str) -> str:
    """Return the content of the last TeX box, or the whole text if there is none."""
    found = text.rfind(r"\boxed{")
    if found < 0:
        return text
    content = _braced(text, found + len(r"\boxed{"))
    for _ in range(3):
        if opening := _TEX_TEXT.match(content):
            content = _braced(content, opening.end())
    return content or text.replace(r"\boxed{", "")


def _braced(text: str, start: int) -> str:
    """Return the text from `start` to the closing brace, or to the end of the line."""
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start : brace.start()].strip()
    return text[start:].partition("\n")[0].strip()


_PLACE = re.compile(
    r"<(?P<name>box|quad|poly|bbox)>[^<>]{0,500}</(?P=name)>"
    r"|<object>(?:<\w{1,40}>){0,100}</object>"
    r"|<\|(?:box|quad|point)_start\|>[^<>]{0,500}<\|(?:box|quad|point)_end\|>"
    r"|<loc_?\d{1,4}>"
    r"|</?(?:ref|phrase|grounding|image|points?)(?:\s[^<>]{0,4000})?>"
)


def without_places(text: str) -> str:
    """Remove the positions in the picture that grounding models add to their words; keep the words."""
    return _PLACE.sub("", text) if "<" in text else text


_TURN = re.compile(r"[\s*#]*+(?:user|human|question|assistant)\**+\s?:", re.IGNORECASE)


def first_turn(lines: list[str]) -> list[str]:
    """Remove the lines from the next question on: small models continue with an invented turn."""
    for number, line in enumerate(lines):
        turn = _TURN.match(line) if number else None
        if turn is not None and "assistant" not in turn[0].casefold():
            return lines[:number] if not _TURN.match(lines[0]) else lines
    return lines


_BEFORE_LABEL = r"""
    [\s*_\#>`"“-]*+ (?:(?:so|thus|therefore|hence)\b,?\s++)? (?:(?:the|my)\s++)?
    (?:(?:final|short|correct|brief)\s++)? (?:answer|assistant|caption)
"""
_COLON = r"(?:\s++is\b)? \s*+\**+\s*+ (?:[:=→]|[-=]>|[-–—](?=\s))"
_CHINESE = r"[\s*]*+(?:最终)?(?:答案|回答)(?:是)?\s?\**+\s?[：:]"
_LABEL = re.compile(f"{_BEFORE_LABEL} {_COLON} | {_CHINESE}", re.VERBOSE | re.IGNORECASE)
_ANSWER_LABEL = re.compile(rf"{_BEFORE_LABEL} (?:{_COLON}|\s++is\b) | {_CHINESE}", re.VERBOSE | re.IGNORECASE)
_HEADING = re.compile(rf"{_BEFORE_LABEL} [\s*_\#]*+", re.VERBOSE | re.IGNORECASE)


def text_after_label(lines: list[str], *, sentence: bool = False) -> str:
    """Return the answer after a label such as `Final answer:`; all lines if there is no label.

    A label on the first line is used, because later lines may be invented; otherwise the last label is used.
    """
    label = _LABEL if sentence else _ANSWER_LABEL
    found = ""
    for number, line in enumerate(lines):
        below = lines[number + 1] if number + 1 < len(lines) else ""
        heads = bool(below) and _HEADING.fullmatch(line) is not None
        end = len(line) if heads else _label_end(line, label)
        if end:
            found = next(filter(None, map(strip_wrappers, (line[end:], below))), found)
            if number == 0 and found and not heads:
                break
    return found or "\n".join(lines)


def _label_end(line: str, label: re.Pattern[str]) -> int:
    """Return the end of the labels at the start of a line."""
    end = 0
    while match := label.match(line, end):
        end = match.end()
    return end


_FIELDS = ("answer", "final_answer", "short_answer", "caption", "response", "result", "text")


def _field(text: str) -> str:
    """Return the answer in a JSON object such as `{"answer": "red"}`; return other text unchanged."""
    if not (text.startswith("{") and text.rstrip().endswith("}")):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    values = [found[name] for name in _FIELDS if name in found] or list(found.values())
    if not values or (len(found) > 1 and len(values) == len(found) and not found.keys() & {*_FIELDS}):
        return text
    value = values[0]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float) else text


_PAIRS = {
    '"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "„": "“", "‚": "‘", "«": "»", "»": "«",
    "「": "」", "『": "』", "《": "》", "*": "*", "_": "_", "$": "$",
}  # fmt: skip
_OPENED = '"`“'
"""Quotes that are removed even if only one end of the answer has one."""
_MAX_WRAPPERS = 8
_ELEMENT = re.compile(r"<(\w{1,20})(?:\s[^<>]{0,200})?>([^<>]*)</\1>")
_STRONG = re.compile(r"(\*{2,3})(?=[^\s*])([^*\n]*)(?<=[^\s*])\1")


def strip_wrappers(text: str) -> str:
    """Remove white space, quotes, emphasis and HTML elements around an answer, and strong emphasis inside.

    Quotes are removed in pairs: in `the sign says "STOP"` they belong to the answer.
    """
    text = _STRONG.sub(r"\2", text) if "**" in text else text
    for _ in range(_MAX_WRAPPERS):
        inner = _inner(text.strip())
        if inner == text:
            break
        text = inner
    return text


def _inner(text: str) -> str:
    """Remove the outermost wrapper, if there is one."""
    if len(text) < 2:
        return "" if text in ("*", "_", "`", '"') else text
    first, last, inside = text[0], text[-1], text[1:-1]
    if _PAIRS.get(first) == last:
        return text if first in inside or last in inside else inside
    if first in _OPENED and first not in text[1:] and _PAIRS[first] not in text[1:]:
        return text[1:]
    if last in _OPENED and last not in text[:-1] and not text[-2].isdigit():
        return text[:-1]
    if text.startswith("**") and "*" not in text[3:]:
        return text.lstrip("*")
    if text.endswith("**") and "*" not in text[:-3]:
        return text.rstrip("*")
    if first == "<" and (element := _ELEMENT.fullmatch(text)):
        return element[2]
    if first == "\\" and (opening := _TEX_TEXT.match(text)) and last == "}":
        return _braced(text, opening.end())
    if first in "->" and text[1] == " ":
        return text[2:]
    return text
