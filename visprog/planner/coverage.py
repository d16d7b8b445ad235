"""Finds the words of an instruction that no text, tool, picture or number of a program covers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import snowballstemmer

from visprog.language.checked import Checked, CheckedStep
from visprog.language.coercion import word_number
from visprog.language.expression_tree import Constant, nodes_of
from visprog.language.program import ListValue, Literal, Template, Value
from visprog.nouns import singular
from visprog.planner.meanings import FUNCTION_WORDS, HALF_WORDS, INPUT_WORDS, NUMBER_WORDS, TOOL_WORDS
from visprog.tools import Registry

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_PICTURES = re.compile(r"\b(?:two|2|both|pair of|the pair of) (?:images?|pictures?|photos?)\b", re.IGNORECASE)
"""Words for all pictures together: no step must count them."""

_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_STEMMER = snowballstemmer.stemmer("english")


def uncovered_words(instruction: str, checked: Checked, tools: Registry) -> list[str]:
    """Return the content words of an instruction that no step of the program covers, each once."""
    covered = set(_covered(checked, tools))
    words = dict.fromkeys(_words(_PICTURES.sub(" ", instruction)))
    return [word for word in words if word not in FUNCTION_WORDS and not _is_covered(word, covered)]


def _is_covered(word: str, covered: set[str]) -> bool:
    number = _number(word)
    return _stem(word) in covered or (number is not None and str(number) in covered)


def _number(word: str) -> int | float | None:
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    return word_number(word) if not word.isdigit() else int(word)


@lru_cache(maxsize=10_000)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(singular(word)))


def _words(text: str) -> Iterator[str]:
    for found in _WORD.finditer(text.casefold()):
        yield found.group().replace("\u2019", "'").removesuffix("'s")


def _covered(checked: Checked, tools: Registry) -> Iterator[str]:
    """Yield the stems and numbers that the steps of the result cover."""
    for index in checked.needed:
        step = checked.steps[index]
        yield from _tool_stems(step, tools)
        for text in _texts(step):
            yield from map(_stem, HALF_WORDS.get(text, ()))
            for word in _words(text):
                yield _stem(word)
                number = _number(word)
                if number is not None:
                    yield str(number)
        for name in step.uses:
            if name in checked.inputs:
                yield from map(_stem, INPUT_WORDS.get(name, (name.casefold(),)))


def _tool_stems(step: CheckedStep, tools: Registry) -> Iterator[str]:
    tool = tools.get(step.tool) if step.tool is not None else None
    if tool is None:
        return
    for name in (tool.name, *tool.aliases):
        yield from (_stem(part.casefold()) for part in _CAMEL.findall(name))
    yield from map(_stem, TOOL_WORDS.get(tool.name, ()))
    for parameter in tool.signature.parameters:
        value = step.arguments.get(parameter.name)
        if parameter.words and isinstance(value, Literal):
            meant = [word for word, means in parameter.synonyms.items() if means == value.value]
            yield from (_stem(part) for word in meant for part in word.split())


def _texts(step: CheckedStep) -> Iterator[str]:
    """Yield the texts and numbers that a step contains."""
    for value in step.arguments.values():
        yield from _texts_of(value)
    for computation in step.expressions.values():
        for node in nodes_of(computation.expression.root):
            if isinstance(node, Constant):
                yield str(node.value)


def _texts_of(value: Value) -> Iterable[str]:
    match value:
        case Literal(text):
            return (str(text).replace("_", " "),)
        case Template(parts):
            return (part for part in parts if isinstance(part, str))
        case ListValue(items):
            return (text for item in items for text in _texts_of(item))
    return ()
