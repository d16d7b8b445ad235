"""The dataflow graph of a checked program: the arguments of each step, and the steps that it waits for."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from visprog.errors import UsageError
from visprog.language.checked import Checked, CheckedStep
from visprog.language.expression import Expression
from visprog.language.program import ListValue, Literal, Template, Value, Variable
from visprog.language.types import Type
from visprog.tools import Registry, Tool


@dataclass(slots=True, eq=False)  # not frozen: that would triple the time to build a graph
class Node:
    """A step that is ready to be called. It is never changed.

    `name` is the variable that the step defines, in single-assignment form. `constants` has the arguments
    that are known before the run. `variables` maps parameters to names, `built` to lists and templates that
    contain names, and `expressions` to an Eval expression and the names of its variables. `types` are the
    types to which arguments are converted, and `takes_regions` is true if one of them is Regions. `identity`
    is a hash of everything that the step's value depends on, except the values of `uses`.
    """

    index: int
    name: str
    step: CheckedStep
    tool: Tool | None
    constants: Mapping[str, Any]
    variables: tuple[tuple[str, str], ...]
    built: tuple[tuple[str, ListValue | Template], ...]
    expressions: tuple[tuple[str, Expression, tuple[tuple[str, str], ...]], ...]
    types: Mapping[str, Type]
    takes_regions: bool
    depends: tuple[int, ...]
    identity: bytes


@dataclass(frozen=True, slots=True)
class Graph:
    """The steps that the result needs, by index, and the steps that wait for each of them."""

    nodes: Mapping[int, Node]
    dependents: Mapping[int, tuple[int, ...]]
    unneeded: tuple[int, ...]


def build_graph(checked: Checked, tools: Registry) -> Graph:
    """Build the graph of a program that passed the checker. Unused steps are left out."""
    places = {step.name: index for index, step in enumerate(checked.steps)}
    nodes = {index: _node(index, checked.steps[index], tools, places) for index in sorted(checked.needed)}
    dependents: dict[int, list[int]] = {index: [] for index in nodes}
    for node in nodes.values():
        for earlier in node.depends:
            dependents[earlier].append(node.index)
    unneeded = tuple(index for index in range(len(checked.steps)) if index not in nodes)
    return Graph(nodes, {index: tuple(later) for index, later in dependents.items()}, unneeded)


def _node(index: int, step: CheckedStep, tools: Registry, places: Mapping[str, int]) -> Node:
    tool = tools.get(step.tool) if step.tool is not None else None
    if tool is None and step.tool is not None:
        raise UsageError(f"unknown tool `{step.tool}`", help="check the program in this session")
    constants: dict[str, Any] = {}
    variables: list[tuple[str, str]] = []
    built: list[tuple[str, ListValue | Template]] = []
    for name, value in step.arguments.items():
        match value:
            case Literal():
                constants[name] = value.value
            case Variable():
                variables.append((name, value.name))
            case ListValue() | Template():
                built.append((name, value))
    expressions = tuple(
        (name, each.expression, tuple(each.names.items())) for name, each in step.expressions.items()
    )
    types = _converted_types(tool) if tool else {}
    depends = tuple(places[name] for name in step.uses if name in places)
    identity = _identity(step, tool)
    return Node(
        index,
        step.name,
        step,
        tool,
        constants,
        tuple(variables),
        tuple(built),
        expressions,
        types,
        Type.REGIONS in types.values(),
        depends,
        identity,
    )


_UNCONVERTED = frozenset({Type.ANY, Type.EXPRESSION, Type.CHOICE})


@lru_cache(maxsize=1_000)
def _converted_types(tool: Tool) -> Mapping[str, Type]:
    """Return the types of parameters. Only the running program knows whether a Scalar fits."""
    return {each.name: each.type for each in tool.signature.parameters if each.type not in _UNCONVERTED}


def _identity(step: CheckedStep, tool: Tool | None) -> bytes:
    """Hash the tool and the arguments as text. A variable is written as its place in the step's uses."""
    places = {name: f"${place}" for place, name in enumerate(step.uses)}
    parts = [tool.fingerprint if tool else "alias", *arguments_as_text(step, places)]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


def arguments_as_text(
    step: CheckedStep, names: Mapping[str, str], without: Collection[str] = ()
) -> Iterator[str]:
    """Yield each argument of a step as text, with other `names` for the variables."""
    for name, value in sorted(step.arguments.items()):
        if name not in without:
            yield f"{name}={_argument_text(value, names)}"
    for name, computation in step.expressions.items():
        uses = [(written, names[bound]) for written, bound in computation.names.items()]
        yield f"{name}:{computation.expression.source}{uses}"


def _argument_text(value: Value, names: Mapping[str, str]) -> str:
    match value:
        case Variable(name):
            return names[name]
        case ListValue(items):
            return f"[{', '.join(_argument_text(item, names) for item in items)}]"
        case Template(parts):
            texts = (names[each.name] if isinstance(each, Variable) else repr(each) for each in parts)
            return f"text({', '.join(texts)})"
    return repr(value.value)
