"""The types that programs are checked against, and the signatures of tools."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class Type(enum.Enum):
    """A type of the language. Its value is the name that people read."""

    IMAGE = "Image"
    REGIONS = "Regions"
    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    LIST = "list[str]"
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
    Type.TEXTS: frozenset({Type.STR, Type.SCALAR, Type.LIST}),
    Type.SCALAR: _SCALARS,
    Type.EXPRESSION: frozenset({Type.STR}),
    Type.ANY: frozenset(Type),
}


def accepts(expected: Type, actual: Type) -> bool:
    """Whether a value of type `actual` may stand where `expected` is wanted.

    A Scalar is known to be a string, number or boolean only when the program runs; it passes for each of
    them here, and the engine looks again.
    """
    return actual is Type.ANY or actual in _ACCEPTS[expected]


REQUIRED = object()
"""Stands for the default of a parameter that has none."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument that a tool takes. `nullable` ones may be None; `aliases` are other names for it."""

    name: str
    type: Type
    default: object = REQUIRED
    nullable: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a program has to give it."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Signature:
    """What a program has to know of a tool: its name, what it takes, what it returns.

    Where `same_as` names a parameter, the result has the type of what is given for it.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: Type
    summary: str = ""
    same_as: str | None = None

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter with this name or alias, exactly as spelled."""
        for parameter in self.parameters:
            if name == parameter.name or name in parameter.aliases:
                return parameter
        return None

    def __str__(self) -> str:
        """Return the signature as people and prompts read it: `Loc(image: Image, object: str) -> Regions`."""
        return f"{self.name}({', '.join(map(_shown, self.parameters))}) -> {self.returns.value}"


def _shown(parameter: Parameter) -> str:
    default = "" if parameter.required else f" = {parameter.default!r}"
    optional = " | None" if parameter.nullable else ""
    return f"{parameter.name}: {parameter.type.value}{optional}{default}"


class Signatures(Protocol):
    """Where the checker looks up tools. `visprog.tools.Registry` is one."""

    def signature(self, name: str) -> Signature | None:
        """Return the signature of the tool with this name or alias, case and underscores ignored."""
        ...

    def names(self) -> Iterable[str]:
        """Return every tool's own name."""
        ...
