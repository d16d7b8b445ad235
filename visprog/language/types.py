"""The types of the language, and the signatures of tools."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class Type(enum.Enum):
    """A type of the language. Its value is its name in signatures."""

    IMAGE = "Image"
    REGIONS = "Regions"
    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    LIST = "list[str]"
    NUMBERS = "list[float]"
    TEXTS = "str | list[str]"
    SCALAR = "Scalar"
    EXPRESSION = "Expression"
    NONE = "None"
    MIXED = "list"
    ANY = "any"


_SCALARS = frozenset({Type.STR, Type.INT, Type.FLOAT, Type.BOOL, Type.SCALAR})

_ACCEPTS: dict[Type, frozenset[Type]] = {
    Type.IMAGE: frozenset({Type.IMAGE}),
    Type.REGIONS: frozenset({Type.REGIONS}),
    Type.STR: frozenset({Type.STR, Type.SCALAR}),
    Type.INT: frozenset({Type.INT, Type.SCALAR}),
    Type.FLOAT: frozenset({Type.FLOAT, Type.INT, Type.SCALAR}),
    Type.BOOL: frozenset({Type.BOOL, Type.SCALAR}),
    Type.LIST: frozenset({Type.LIST}),
    Type.NUMBERS: frozenset({Type.NUMBERS}),
    Type.TEXTS: frozenset({Type.STR, Type.SCALAR, Type.LIST}),
    Type.SCALAR: _SCALARS,
    Type.EXPRESSION: frozenset({Type.STR}),
    Type.ANY: frozenset(Type),
}


def accepts(expected: Type, actual: Type) -> bool:
    """Return whether a value of the type `actual` fits a parameter of the type `expected`.

    A Scalar is a string, number or boolean; which one is known only at run time. It fits each of them here,
    and the engine checks the value again.
    """
    return actual is Type.ANY or actual in _ACCEPTS[expected]


REQUIRED = object()
"""The default of a parameter that has no default."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a tool. A `nullable` one accepts None; `aliases` are its other names."""

    name: str
    type: Type
    default: object = REQUIRED
    nullable: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a call must have this argument."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Signature:
    """The name, parameters and result type of a tool.

    If `same_as` is set, the result has the type of that parameter's argument.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: Type
    summary: str = ""
    same_as: str | None = None

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
    return f"{parameter.name}: {parameter.type.value}{optional}{default}"


class Signatures(Protocol):
    """The checker's view of the tools. `visprog.tools.Registry` implements it."""

    def signature(self, name: str) -> Signature | None:
        """Return the signature of the tool with this name or alias; ignore case and underscores."""
        ...

    def names(self) -> Iterable[str]:
        """Return the main name of every tool."""
        ...
