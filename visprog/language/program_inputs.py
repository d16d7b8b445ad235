"""Find the inputs of a program: the names that it uses and does not define."""

from __future__ import annotations

from collections.abc import Iterator

from visprog.language.program import Call, ListValue, Literal, Program, Value, variables
from visprog.language.templates import template_names


def inputs_of(program: Program) -> frozenset[str]:
    """Return the names that steps use before any step defines them: the program's inputs."""
    defined: set[str] = set()
    free: set[str] = set()
    for step in program:
        value = step.value
        given = [argument.value for argument in value.arguments] if isinstance(value, Call) else [value]
        free |= {name for each in given for name in _names(each)} - defined
        defined.add(step.target)
    return frozenset(free)


def _names(value: Value) -> Iterator[str]:
    """Yield the variables in a value. In texts, and in the expressions of Eval, they stand in braces."""
    match value:
        case Literal(str(text)):
            yield from template_names(text)
        case ListValue(items):
            for item in items:
                yield from _names(item)
        case _:
            yield from (each.name for each in variables(value))
