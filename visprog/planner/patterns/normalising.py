"""Brings an instruction into the words that patterns use: no politeness, contractions, slang or slips."""

from __future__ import annotations

import re
from collections.abc import Iterable

from visprog.planner.patterns.grammar import Grammar

_LONG = re.compile(r"(?<![\w'-])[a-z]{5,}(?![\w'-])")
"""Words that are long enough to be sure of a slip: `form` may be meant."""

_QUOTED = re.compile(r"(\"[^\"]*\"|\u201c[^\u201d]*\u201d)")


class Normaliser:
    """Rewords instructions as the `say`, `opening` and `closing` lines of a grammar tell."""

    def __init__(self, grammar: Grammar) -> None:
        self._wordings = {key.casefold(): value for key, value in grammar.wordings.items()}
        self._pattern = re.compile(rf"(?<![\w'-])(?:{_any(self._wordings)})(?![\w-])", re.IGNORECASE)
        self._opening = re.compile(rf"\s*(?:{_any(grammar.openings)})(?![\w'-])[\s,:!]*", re.IGNORECASE)
        self._words = frozenset(grammar.words())
        self._closing = re.compile(rf"[\s,]+(?:{_any(grammar.closings)})[\s.!?]*$", re.IGNORECASE)

    def __call__(self, instruction: str) -> str:
        """Return the instruction in plain words."""
        parts = _QUOTED.split(" ".join(instruction.replace("\u2019", "'").split()))
        text = "".join(
            part if index % 2 else self._spelt(self._reworded(part)) for index, part in enumerate(parts)
        )
        text = _trimmed(text)
        while match := self._opening.match(text):
            text = text[match.end() :]
        while match := self._closing.search(text):
            text = text[: match.start()]
        return _trimmed(text)

    def _spelt(self, text: str) -> str:
        """Return the text with the words of patterns in their right spelling: `rigth` is `right`."""
        return _LONG.sub(lambda match: self._corrected(match.group()), text)

    def _corrected(self, word: str) -> str:
        if word in self._words:
            return word
        swaps = (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 1))
        return next((swapped for swapped in swaps if swapped in self._words), word)

    def _reworded(self, text: str) -> str:
        for _ in range(2):  # a wording may contain another one
            text = self._pattern.sub(lambda match: self._wordings[match.group().casefold()], text)
        return text


def _trimmed(text: str) -> str:
    emoticon = re.search(r"(?:^|\s)[:;=8][-^]?[)(|DPpoO/]$", text.rstrip())
    return text.strip() if emoticon else text.strip(" .!?,;")


def _any(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, the longest first; it matches nothing if there are none."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or "(?!)"
