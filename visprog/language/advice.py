"""The wording of messages: descriptions of types and values, and suggestions."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from visprog.language.program import Literal, Value, Variable
from visprog.language.types import Parameter, Type


def type_of(literal: Literal) -> Type:
    """Return a literal's type."""
    return _LITERAL_TYPES[type(literal.value)]


_LITERAL_TYPES = {str: Type.STR, int: Type.INT, float: Type.FLOAT, bool: Type.BOOL, type(None): Type.NONE}

_DESCRIPTIONS = {
    Type.IMAGE: "an image",
    Type.REGIONS: "a set of regions",
    Type.STR: "text",
    Type.INT: "a whole number",
    Type.FLOAT: "a number",
    Type.BOOL: "True or False",
    Type.SCALAR: "a number, text or boolean",
    Type.NONE: "None",
    Type.CHOICE: "one of its words",
    Type.EXPRESSION: "an expression in quotes",
    Type.IMAGES: "a list of images",
    Type.REGION_SETS: "a list of sets of regions",
    Type.STRINGS: "a list of texts",
    Type.INTS: "a list of whole numbers",
    Type.FLOATS: "a list of numbers",
    Type.BOOLS: "a list of True and False",
    Type.SCALARS: "a list of numbers, texts or booleans",
    Type.MIXED: "a list of different values",
    Type.EMPTY: "an empty list",
    Type.TEXTS: "text or a list of texts",
    Type.COUNTABLE: "a set of regions or a list",
    Type.ANY: "anything",
}


ANSWER_FIRST = {
    Type.IMAGE: "call Vqa first and use its answer",
    Type.IMAGES: "call Vqa first and use its answers",
    Type.REGIONS: "call Count first and use its answer",
    Type.REGION_SETS: "call Count first and use its answers",
}
"""Advice for values that Eval cannot compute with."""

INSERT_INSTEAD = {
    Type.IMAGE: "call Vqa or Caption first, and insert its answer",
    Type.IMAGES: "call Vqa or Caption first, and insert its answers",
    Type.NONE: "insert text, numbers, True or False, or a list of them",
    Type.REGIONS: "call Count or Labels first, and insert its result",
    Type.REGION_SETS: "call Count first, and insert its result",
}
"""Advice for values that cannot be inserted into a text."""

NAME_ONLY = "compute the value with Eval above, and write its name; double the braces to keep them"
"""Advice for braces in a text that contain more than a name."""


def describe_type(kind: Type) -> str:
    """Describe a type for a message."""
    return _DESCRIPTIONS[kind]


def describe_parameter(parameter: Parameter) -> str:
    """Describe what a parameter takes for a message."""
    if parameter.words:
        return f"one of {', '.join(map(repr, parameter.words))}"
    return describe_type(parameter.type)


def describe_value(value: Value, actual: Type) -> str:
    """Describe a value of the wrong type for a message."""
    if isinstance(value, Variable):
        return f"`{value.name}`, which is {describe_type(actual)}"
    return describe_written(value)


def describe_written(value: Value) -> str:
    """Return a value as it is written in the program, shortened."""
    written = str(value)
    return f"`{written}`" if len(written) <= 60 else f"`{written[:57]}...`"


def suggest_fix(value: Value, expected: Type, actual: Type) -> str | None:
    """Return how to fix a value of the wrong type, if known."""
    if expected in (Type.REGIONS, Type.COUNTABLE) and actual is Type.IMAGE:
        return "find the regions first, with Loc, FaceDet or Seg"
    if expected is Type.EXPRESSION and isinstance(value, Variable):
        return f"write `'{{{value.name}}}'`"
    if expected in (Type.REGIONS, Type.COUNTABLE) and actual is Type.STR:
        return "find the regions first, with Loc(image=..., object=...)"
    if expected is Type.STRINGS and isinstance(value, Literal) and isinstance(value.value, str):
        return f"write a list: `{[part.strip() for part in value.value.split(',')]}`"
    if expected in (Type.STR, Type.TEXTS) and isinstance(value, Literal) and actual is not Type.NONE:
        return f"write it in quotes: `'{value}'`"
    if expected is Type.IMAGE and actual is Type.STR:
        return "name an image, such as `IMAGE`, without quotes"
    if expected is Type.INT and actual is Type.STR and isinstance(value, Literal):
        return "write the number without quotes"
    return None


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, such as `2 arguments`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def closest_match(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most similar, the first of equals; None if none is similar enough."""
    folded = name.casefold()[:40]
    similarity = {each: SequenceMatcher(None, folded, each.casefold()[:40]).ratio() for each in known}
    best = max(similarity, key=lambda each: similarity[each], default=None)
    return best if best is not None and similarity[best] >= 0.6 else None
