"""What programs get of a model's answer to a question about a picture: 'yes', '3', 'red'.

The rules, in this order:

1. Wrappers are removed, as `visprog.model_text.unwrapped` does: thoughts, turn tokens, answer tags, boxes,
   labels such as `Final answer:`. The answer is the first line that is left, in lower case, without quotes
   around it and without full stops, commas and exclamation marks at its end.
2. An answer that begins with yes or no is that word if a mark follows, or `there`, `it`, `they` and the like:
   'yes. the woman smiles' and 'no there are not'. 'no parking' and 'no. 5' stay.
3. If the question begins with how many, a sentence with exactly one number, in digits or as a word, becomes
   that number; 'there are no dogs' becomes '0'.
"""

from __future__ import annotations

import re

from visprog.language.coercion import word_number
from visprog.model_text import unwrapped

_VERDICT = re.compile(
    r"(yes|no)(?!\.\s?\d)(?:\s?[,.;:!–—]|\s++(?:there|it|they|he|she|this|that|these|those|the|i|you|we)\b)"
)
_HOW_MANY = re.compile(r"\s*+(?:about\s++)?how many\b", re.IGNORECASE)
_LONGEST_SENTENCE = 1000
_WORD = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+(?:-[a-z]+)?")


def short_answer(answer: str, question: str = "") -> str:
    """Return the answer as programs compare it; the module's docstring gives the rules."""
    return short_words(unwrapped(answer), question)


def short_words(words: str, question: str = "") -> str:
    """Return the answer in words that have no wrappers."""
    text = next(filter(None, map(_bare, words.splitlines())), "")
    verdict = _VERDICT.match(text)
    if verdict is not None:
        return str(verdict[1])
    if _HOW_MANY.match(question):
        return _number(text) or text
    return text


def _bare(line: str) -> str:
    return line.lower().replace("*", "").strip(" \t\"'“”‘’`.,!")


def _number(text: str) -> str | None:
    """Return the one number in a sentence; a sentence with none or several does not say how many."""
    words = _WORD.findall(text[:_LONGEST_SENTENCE])
    found = [word for word in words if word[0].isdigit() or word_number(word) is not None]
    if "no" in words and found in ([], ["one"]):
        return "0"
    return found[0].rstrip(",") if len(found) == 1 else None
