"""A program as data: frozen records, each with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of columns in one line: both count from 1, `end` is the column after the last one."""

    line: int
    column: int
    end: int


NOWHERE = Span(0, 0, 0)
"""The span of a record that was not parsed from text."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A use of a variable."""

    name: str
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number, boolean or None."""

    value: str | int | float | bool | None
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True, slots=True)
class ListValue:
    """A list of variables, literals and lists."""

    items: tuple[Value, ...]
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


Value: TypeAlias = Variable | Literal | ListValue
"""The value of an argument."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; `name` is None for a positional argument."""

    name: str | None
    value: Value
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{self.name}={self.value}" if self.name else str(self.value)


@dataclass(frozen=True, slots=True)
class Call:
    """`Tool(name=value, ...)`; `tool` is the spelling in the text. `span` covers the tool's name."""

    tool: str
    arguments: tuple[Argument, ...]
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{self.tool}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, `target=value`. With a Variable as value it is an alias. `span` covers the target."""

    target: str
    value: Call | Variable
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{self.target}={self.value}"


@dataclass(frozen=True, slots=True)
class Program:
    """The statements of a program in order. `source` is the original text, without corrections."""

    steps: tuple[Step, ...]
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return the program's text in its canonical spelling."""
        return "\n".join(map(str, self.steps))

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)


def variables(value: Value) -> Iterator[Variable]:
    """Yield the variables in a value, left to right."""
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, ListValue):
        for item in value.items:
            yield from variables(item)


def inputs_of(program: Program) -> frozenset[str]:
    """Return the names that steps use before any step defines them: the program's inputs."""
    defined: set[str] = set()
    free: set[str] = set()
    for step in program:
        value = step.value
        given = [argument.value for argument in value.arguments] if isinstance(value, Call) else [value]
        free |= {variable.name for each in given for variable in variables(each)} - defined
        defined.add(step.target)
    return frozenset(free)


def lines_of(source: str) -> list[str]:
    """Split a program's text into lines, at the line ends of Unix, Windows and old Macs."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
