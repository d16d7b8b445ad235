"""What programs get of a model's answer to a question about a picture: 'yes', '3', 'red'.

The rule, in this order:

1. The answer is the first line that holds anything; white space, quotes, an `Answer:` before it and full
   stops, commas and exclamation marks after it are left out, and it is in lower case.
2. An answer that begins with yes or no, set off by a mark or followed by `there`, `it`, `they` and the like,
   is that word: 'yes, there is' and 'no there are not'. 'no parking' stays.
3. To a question that begins with how many, a sentence that holds exactly one number, in digits or as a word,
   is that number; 'there are no dogs' is '0'.
"""

from __future__ import annotations

import re

from visprog.language.coercion import word_number

_VERDICT = re.compile(
    r"(yes|no)(?:\s*[,.;:!–—]|\s+(?:there|it|they|he|she|this|that|these|those|the|i|you|we)\b)"
)
_HOW_MANY = re.compile(r"\s*(?:about\s+)?how many\b", re.IGNORECASE)
_WORD = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+(?:-[a-z]+)?")


def short_answer(answer: str, question: str = "") -> str:
    """Return the answer as programs compare it; the module's text says by which rule."""
    text = next((line for line in map(_bare, answer.splitlines()) if line), "")
    verdict = _VERDICT.match(text)
    if verdict is not None:
        return str(verdict[1])
    if _HOW_MANY.match(question):
        return _number(text) or text
    return text


def _bare(line: str) -> str:
    line = re.sub(r"^\s*(?:the\s+)?answer(?:\s+is)?\s*[:\-]\s*", "", line.casefold().replace("*", ""))
    return line.strip(" \t\"'“”‘’`*.,!")


def _number(text: str) -> str | None:
    """Return the one number in a sentence; none or several are no answer to how many."""
    words = _WORD.findall(text)
    found = [word for word in words if word[0].isdigit() or word_number(word) is not None]
    if "no" in words and found in ([], ["one"]):
        return "0"
    return found[0].rstrip(",") if len(found) == 1 else None
