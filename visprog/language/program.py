"""A program as data: frozen records, each with the place in the text that it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one line: `line` and `column` count from 1, `end` is the column after the last one."""

    line: int
    column: int
    end: int


NOWHERE = Span(0, 0, 0)
"""The span of what was not read from text."""


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
"""What may stand behind an argument's `=`."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; `name` is None where it is given by position."""

    name: str | None
    value: Value
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{self.name}={self.value}" if self.name else str(self.value)


@dataclass(frozen=True, slots=True)
class Call:
    """`Tool(name=value, ...)`; `tool` is spelled as in the text. `span` covers the tool's name."""

    tool: str
    arguments: tuple[Argument, ...]
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{self.tool}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, `target=value`; a Variable as value makes it an alias. `span` covers the target."""

    target: str
    value: Call | Variable
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{self.target}={self.value}"


@dataclass(frozen=True, slots=True)
class Program:
    """A program: its statements in order. `source` is the text that it was read from, mends not applied."""

    steps: tuple[Step, ...]
    source: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return the program's text in its one canonical spelling."""
        return "\n".join(map(str, self.steps))

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)


def variables(value: Value) -> Iterator[Variable]:
    """Yield every use of a variable in `value`, left to right."""
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, ListValue):
        for item in value.items:
            yield from variables(item)


def inputs_of(program: Program) -> frozenset[str]:
    """Return the names that a program's steps use and no step before them defines: its pictures."""
    defined: set[str] = set()
    free: set[str] = set()
    for step in program:
        value = step.value
        given = [argument.value for argument in value.arguments] if isinstance(value, Call) else [value]
        free |= {variable.name for each in given for variable in variables(each)} - defined
        defined.add(step.target)
    return frozenset(free)


def lines_of(source: str) -> list[str]:
    """Split a program's text into lines, as spans count them: at line feeds alone, whatever came before."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
