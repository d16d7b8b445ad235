"""Shortens a model's answer to a question about a picture to the form that programs use: 'yes', '3', 'red'.

The rules, in this order:

1. Wrappers are removed, as `visprog.answer_text.unwrapped` does: thoughts, turn tokens, answer tags, boxes,
   labels such as `Final answer:`. The answer is the first remaining line, in lower case, without quotes
   around it and without full stops, commas and exclamation marks at its end.
2. An answer that begins with yes or no becomes that word if punctuation follows, or a word such as `there`,
   `it` or `they`: 'yes. the woman smiles', 'no there are not'. 'no parking' and 'no. 5' stay unchanged.
3. If the question begins with how many, a sentence with exactly one number, in digits or as a word, becomes
   that number; 'there are no dogs' becomes '0'.
"""

from __future__ import annotations

import re

from visprog.answer_text import strip_wrappers, unwrapped
from visprog.language.coercion import word_number

_VERDICT = re.compile(
    r"(yes|no)(?!\.\s?\d)(?:\s?[,.;:!–—]|\s[-(]|\s++(?:there|it|they|he|she|this|that|these|those|the|i|you|we)\b)"
)
_HOW_MANY = re.compile(r"\s*+(?:about\s++)?how many\b", re.IGNORECASE)
_LONGEST_SENTENCE = 1000
_WORD = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+(?:-[a-z]+)?")


def short_answer(answer: str, question: str = "") -> str:
    """Return the answer in the form that programs compare. The module's docstring gives the rules."""
    return short_words(unwrapped(answer), question)


def short_words(words: str, question: str = "") -> str:
    """Return the short answer in a text without wrappers."""
    text = next(filter(None, map(_bare, words.splitlines())), "")
    verdict = _VERDICT.match(text)
    if verdict is not None:
        return str(verdict[1])
    if _HOW_MANY.match(question):
        return _number(text) or text
    return text


_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*]*)(?<=[^\s*])\1(?![\w*])")
_MARKS = " \t.,!。，！"
_MOST_WRAPPERS = 4


def _bare(line: str) -> str:
    text = _EMPHASIS.sub(r"\2", line.lower())
    for _ in range(_MOST_WRAPPERS):  # as in `"red".` and `"red."`
        text = strip_wrappers(text).rstrip(_MARKS)
    return text


_NONE = re.compile(r"\bno\b|\b\w{2,6}n['’]t\b[^.;]{0,40}\bany\b|\b(?:is|are)n['’]t an?\b|\bnot any\b")


def _number(text: str) -> str | None:
    """Return the only number in a sentence; None if it has none or several."""
    beginning = text[:_LONGEST_SENTENCE]
    words = [word.rstrip(",") for word in _WORD.findall(beginning)]
    found = [word for word in words if word[0].isdigit() or word_number(word) is not None]
    if found in ([], ["one"]) and _NONE.search(beginning):
        return "0"
    values = {word_number(word) if word.isalpha() or "-" in word else word for word in found}
    return found[0] if len({str(value) for value in values}) == 1 else None
