"""The result of a check: a program with resolved names, and the checker's findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from visprog.language.diagnostics import Diagnostic
from visprog.language.expression import Expression
from visprog.language.parser import Parsed
from visprog.language.program import Program, Step, Value
from visprog.language.types import Signatures, Type


@dataclass(frozen=True, slots=True)
class Computation:
    """An Eval expression, the single-assignment name of each variable in it, and the type of its value."""

    expression: Expression
    names: Mapping[str, str]
    type: Type = Type.SCALAR


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step with resolved names.

    `name` is the target in single-assignment form: the target itself, or `OBJ0'2` for its second value.
    `tool` is the tool's main name; None if the step is an alias. `arguments` maps parameters to values (`var`
    to the source of an alias); their variables have single-assignment names. `expressions` maps parameters
    to parsed Eval expressions. `uses` are the names that the step depends on. If parameters are `lifted`, the
    tool is called once for each item of their lists, and the step's value is the list of its results.
    """

    step: Step
    name: str
    tool: str | None
    arguments: Mapping[str, Value]
    expressions: Mapping[str, Computation]
    uses: tuple[str, ...]
    returns: Type
    lifted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A program and the checker's findings.

    If `ok`, `steps` contains every step in order, `result` is the name of the result, and `needed` are the
    indices of the steps that the result depends on. `parsed` was checked against `tools`.
    """

    program: Program
    inputs: Mapping[str, Type]
    diagnostics: tuple[Diagnostic, ...]
    steps: tuple[CheckedStep, ...] = ()
    result: str = ""
    needed: frozenset[int] = field(default_factory=frozenset)
    parsed: Parsed | None = field(default=None, repr=False, compare=False)
    tools: Signatures | None = field(default=None, repr=False, compare=False)

    @property
    def used_inputs(self) -> frozenset[str]:
        """The inputs that the result depends on."""
        used = {name for index in self.needed for name in self.steps[index].uses} | {self.result}
        return frozenset(used & self.inputs.keys())

    @property
    def ok(self) -> bool:
        """Whether the program has no errors and can run."""
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)
