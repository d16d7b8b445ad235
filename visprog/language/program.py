"""A program as data: frozen records, each with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
    """A string, number, boolean or None.

    `columns` are the column of each character of a string, and the column after the last one. It is empty for
    other values and for strings that were not parsed.
    """

    value: str | int | float | bool | None
    span: Span = field(default=NOWHERE, compare=False)
    columns: Sequence[int] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return repr(self.value)

    def span_of(self, start: int, end: int) -> Span:
        """Return the place of `value[start:end]` in the program."""
        if not self.columns or not 0 <= start < len(self.columns):
            return self.span
        last = self.columns[min(end, len(self.columns) - 1)]
        return replace(self.span, column=self.columns[start], end=max(last, self.columns[start] + 1))


@dataclass(frozen=True, slots=True)
class Template:
    """A text with variables in it, `'the {COLOR} car'`: its texts and variables in order.

    The checker makes it from a Literal, as only the tool's signature tells a text from an expression. If it
    `is_list`, it is only the name of a list whose items the parameter takes, `'{COLORS}'`.
    """

    parts: tuple[str | Variable, ...]
    span: Span = field(default=NOWHERE, compare=False)
    is_list: bool = False

    def __str__(self) -> str:
        parts = (f"{{{p.name}}}" if isinstance(p, Variable) else doubled_braces(p) for p in self.parts)
        return repr("".join(parts))


@dataclass(frozen=True, slots=True)
class ListValue:
    """A list of variables, literals, templates and lists."""

    items: tuple[Value, ...]
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


Value: TypeAlias = Variable | Literal | Template | ListValue
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
    match value:
        case Variable():
            yield value
        case Template(parts):
            yield from (part for part in parts if isinstance(part, Variable))
        case ListValue(items):
            for item in items:
                yield from variables(item)


def doubled_braces(text: str) -> str:
    """Return a text as it is written in a template, where single braces may hold a variable."""
    return text.replace("{", "{{").replace("}", "}}")


def joined_text(parts: Sequence[Value]) -> Literal:
    """Return texts and variables as one text, in which `{NAME}` stands for a variable."""
    text, columns = "", list[int]()
    for part in parts:
        written = f"{{{part.name}}}" if isinstance(part, Variable) else str(getattr(part, "value", ""))
        known = part.columns if isinstance(part, Literal) else ()
        text += written
        columns += list(known)[:-1] or [part.span.column] * len(written)
    span = replace(parts[0].span, end=parts[-1].span.end)
    return Literal(text, span, [*columns, span.end])


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
