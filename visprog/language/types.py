"""The types of the language, and the signatures of tools."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Type(enum.Enum):
    """A type of the language. Its value is its name in signatures.

    Lists are one level deep. MIXED is a list whose items have different types, or types without a list; EMPTY
    is `[]`, which fits each list. A CHOICE is one of the words that its parameter lists.
    """

    IMAGE = "Image"
    REGIONS = "Regions"
    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    SCALAR = "Scalar"
    NONE = "None"
    CHOICE = "Choice"
    EXPRESSION = "Expression"
    IMAGES = "list[Image]"
    REGION_SETS = "list[Regions]"
    STRINGS = "list[str]"
    INTS = "list[int]"
    FLOATS = "list[float]"
    BOOLS = "list[bool]"
    SCALARS = "list[Scalar]"
    MIXED = "list"
    EMPTY = "list[]"
    TEXTS = "str | list[str]"
    COUNTABLE = "Regions | list"
    ANY = "any"

    @property
    def is_list(self) -> bool:
        """Whether every value of this type is a list."""
        return self in _LISTS


_LIST_OF = {
    Type.IMAGE: Type.IMAGES,
    Type.REGIONS: Type.REGION_SETS,
    Type.STR: Type.STRINGS,
    Type.INT: Type.INTS,
    Type.FLOAT: Type.FLOATS,
    Type.BOOL: Type.BOOLS,
    Type.SCALAR: Type.SCALARS,
}
_ELEMENT = {several: one for one, several in _LIST_OF.items()}
_LISTS = frozenset({*_ELEMENT, Type.MIXED, Type.EMPTY})
_SCALARS = frozenset({Type.STR, Type.INT, Type.FLOAT, Type.BOOL, Type.SCALAR})

_ACCEPTS: dict[Type, frozenset[Type]] = {
    Type.IMAGE: frozenset({Type.IMAGE}),
    Type.REGIONS: frozenset({Type.REGIONS}),
    Type.STR: frozenset({Type.STR, Type.SCALAR}),
    Type.INT: frozenset({Type.INT, Type.SCALAR}),
    Type.FLOAT: frozenset({Type.FLOAT, Type.INT, Type.SCALAR}),
    Type.BOOL: frozenset({Type.BOOL, Type.SCALAR}),
    Type.SCALAR: _SCALARS,
    Type.CHOICE: frozenset(),
    Type.EXPRESSION: frozenset({Type.STR}),
    Type.ANY: frozenset(Type),
}
_ACCEPTS |= {
    several: frozenset({Type.EMPTY, *(_LIST_OF[each] for each in _ACCEPTS[one])})
    for one, several in _LIST_OF.items()
}
_ACCEPTS[Type.TEXTS] = _ACCEPTS[Type.STR] | _ACCEPTS[Type.STRINGS]
_ACCEPTS[Type.MIXED] = _LISTS
_ACCEPTS[Type.COUNTABLE] = (_LISTS | {Type.REGIONS}) - {Type.REGION_SETS}


def accepts(expected: Type, actual: Type) -> bool:
    """Return whether a value of the type `actual` fits a parameter of the type `expected`.

    A Scalar is a string, number or boolean; which one is known only at run time. It fits each of them here,
    and the engine checks the value again.
    """
    return (actual is Type.ANY and expected is not Type.CHOICE) or actual in _ACCEPTS[expected]


def lifts(expected: Type, actual: Type) -> bool:
    """Return whether a tool can be called once for each item of a list that does not fit as a whole."""
    if accepts(expected, actual) or not actual.is_list or expected is Type.CHOICE:
        return False
    if actual is Type.EMPTY:
        return True
    return actual in _ELEMENT and accepts(expected, _ELEMENT[actual])


def list_of(kind: Type) -> Type:
    """Return the type of a list whose items have this type."""
    return _LIST_OF.get(kind, Type.MIXED)


def element_of(kind: Type) -> Type:
    """Return the type of a list's items; ANY if the items may have several types."""
    return Type.STR if kind is Type.TEXTS else _ELEMENT.get(kind, Type.ANY)


def common_type(kinds: Iterable[Type]) -> Type:
    """Return the type that values of all these types have in common."""
    found = set(kinds)
    if len(found) > 1 and Type.ANY not in found:
        for general in (Type.FLOAT, Type.SCALAR):
            if found <= _ACCEPTS[general] - {Type.SCALAR} | {general}:
                return general
    return found.pop() if len(found) == 1 else Type.ANY


REQUIRED = object()
"""The default of a parameter that has no default."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a tool. A `nullable` one accepts None; `aliases` are its other names.

    `words` are the values of a CHOICE. `synonyms` are other words for them, which the checker replaces.
    `hints` say what to write for words that mean something else.
    """

    name: str
    type: Type
    default: object = REQUIRED
    nullable: bool = False
    aliases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict, hash=False)
    hints: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def required(self) -> bool:
        """Whether a call must have this argument."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Signature:
    """The name, parameters and result type of a tool.

    If `same_as` is set, the result has the type of that parameter's argument. If `frame_from` is set, the
    result shows the same scene as that parameter's argument: places in one are places in the other.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: Type
    summary: str = ""
    same_as: str | None = None
    frame_from: str | None = None

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter with exactly this name or alias."""
        for parameter in self.parameters:
            if name == parameter.name or name in parameter.aliases:
                return parameter
        return None

    def __str__(self) -> str:
        """Return the signature for people and prompts: `Loc(image: Image, object: str) -> Regions`."""
        return f"{self.name}({', '.join(map(_shown, self.parameters))}) -> {self.returns.value}"


def _shown(parameter: Parameter) -> str:
    default = "" if parameter.required else f" = {parameter.default!r}"
    optional = " | None" if parameter.nullable else ""
    kind = " | ".join(map(repr, parameter.words)) or parameter.type.value
    return f"{parameter.name}: {kind}{optional}{default}"


class Signatures(Protocol):
    """The checker's view of the tools. `visprog.tools.Registry` implements it."""

    def signature(self, name: str) -> Signature | None:
        """Return the signature of the tool with this name or alias; ignore case and underscores."""
        ...

    def names(self) -> Iterable[str]:
        """Return the main name of every tool."""
        ...
