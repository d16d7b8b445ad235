"""Names, arguments and types: everything that can be known of a program before it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

from visprog.language import diagnostics
from visprog.language.diagnostics import Diagnostic
from visprog.language.expression import Expression, MalformedExpression, parse_expression
from visprog.language.parser import Parsed
from visprog.language.program import (
    Argument,
    Call,
    ListValue,
    Literal,
    Program,
    Span,
    Step,
    Value,
    Variable,
    variables,
)
from visprog.language.types import Parameter, Signature, Signatures, Type, accepts

RESULT_NAMES = frozenset({"result", "final_result", "final_answer"})
"""The variables, case ignored, that hold a program's result."""


_PICTURE = re.compile(r"IMAGE\d*|LEFT|RIGHT")

_SUGGESTIONS = 30
"""For so many unknown names a likely one is looked for; a program with more has another problem."""


@dataclass(frozen=True, slots=True)
class Computation:
    """An Eval expression, and the single-assignment name behind each variable in it."""

    expression: Expression
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step whose names are resolved.

    `name` is the variable in single-assignment form: the target itself, or `OBJ0'2` for its second value.
    `tool` is the tool's own name, None for an alias. `arguments` has each given argument under the
    parameter's own name (an alias's source under `var`); variables in it carry single-assignment names.
    `expressions` has the parsed Eval expressions by parameter, each with what its variables are called in
    single-assignment form. `uses` are the names that the step depends on.
    """

    step: Step
    name: str
    tool: str | None
    arguments: Mapping[str, Value]
    expressions: Mapping[str, Computation]
    uses: tuple[str, ...]
    returns: Type


@dataclass(frozen=True, slots=True)
class Checked:
    """A program with what the checker found.

    Where `ok`, `steps` has every step in order, `result` is the name that holds the result, and `needed` are
    the indices of the steps that the result depends on. `parsed` is what was checked,
    and `tools` what it was checked against.
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
        """The inputs that the steps behind the result use."""
        used = {name for index in self.needed for name in self.steps[index].uses} | {self.result}
        return frozenset(used & self.inputs.keys())

    @property
    def ok(self) -> bool:
        """Whether the program may run."""
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)


def check(parsed: Parsed | Program, tools: Signatures, inputs: Mapping[str, Type]) -> Checked:
    """Check a program against the tools and inputs that it will have. Nothing is raised or loaded."""
    if isinstance(parsed, Program):
        parsed = Parsed(parsed)
    checker = _Checker(tools, inputs, parsed)
    steps = tuple(checker.step(step) for step in parsed.program)
    found = [*parsed.diagnostics, *checker.found]
    if not steps and not any(each.is_error for each in found):
        message = "the program has no statement"
        found.append(
            diagnostics.error("no-result", message, Span(1, 1, 2), "a statement is `RESULT=Tool(...)`")
        )
    result = _result(steps)
    needed = _needed(steps, result)
    if not checker.unresolved and not parsed.broken:
        faulty = {each.span.line for each in found if each.is_error}
        found += [each for each in _useless(steps, needed) if each.span.line not in faulty]
    found.sort(key=lambda each: (each.span.line, each.span.column))
    return Checked(parsed.program, dict(inputs), tuple(found), steps, result, needed, parsed, tools)


def _result(steps: tuple[CheckedStep, ...]) -> str:
    named = [each.name for each in steps if each.step.target.casefold() in RESULT_NAMES]
    return named[-1] if named else steps[-1].name if steps else ""


def _needed(steps: tuple[CheckedStep, ...], result: str) -> frozenset[int]:
    """Walk backwards once: a step comes after everything that it uses."""
    wanted, needed = {result}, set()
    for index in range(len(steps) - 1, -1, -1):
        if steps[index].name in wanted:
            needed.add(index)
            wanted.update(steps[index].uses)
    return frozenset(needed)


def _useless(steps: tuple[CheckedStep, ...], needed: frozenset[int]) -> Iterable[Diagnostic]:
    used = {name for each in steps for name in each.uses}
    for index, each in enumerate(steps):
        if index in needed:
            continue
        target, span = each.step.target, each.step.span
        if each.name in used:
            message = f"`{target}` has no influence on the result"
            yield diagnostics.warning("dead-step", message, span, "the step will not run")
        else:
            message = f"`{target}` is computed and never used"
            yield diagnostics.warning(
                "unused-variable", message, span, "use it or leave it out; it will not run"
            )


@dataclass(frozen=True, slots=True)
class _Binding:
    """What a variable's name means at this point of the program."""

    name: str
    type: Type


class _Checker:
    """Goes through the steps in order and keeps what each variable means so far."""

    def __init__(self, tools: Signatures, inputs: Mapping[str, Type], parsed: Parsed) -> None:
        self._tools = tools
        self._inputs = inputs
        self._scope = {name: _Binding(name, kind) for name, kind in inputs.items()}
        self._scope |= {name: _Binding(name, Type.ANY) for name in parsed.broken}
        self._broken = parsed.broken
        self._lines = {step.target: step.span.line for step in reversed(parsed.program.steps)}
        self._count: dict[str, int] = dict.fromkeys(inputs, 1)
        self._unknown_names: set[str] = set()
        self.found: list[Diagnostic] = []
        self.unresolved = False

    def step(self, step: Step) -> CheckedStep:
        if isinstance(step.value, Call):
            tool, arguments, expressions, returns = self._call(step.value)
        else:
            resolved, returns = self._value(step.value)
            tool, arguments, expressions = None, {"var": resolved}, dict[str, Computation]()
        names = [each.name for value in arguments.values() for each in variables(value)]
        names += [name for expression in expressions.values() for name in expression.names.values()]
        uses = tuple(dict.fromkeys(names))
        return CheckedStep(step, self._define(step, returns), tool, arguments, expressions, uses, returns)

    def _define(self, step: Step, returns: Type) -> str:
        target = step.target
        count = self._count.get(target, 0) + 1
        self._count[target] = count
        if count > 1:
            what = "is an input" if target in self._inputs and count == 2 else "has a value already"
            message = f"`{target}` {what}; from here on it means this step's result"
            self.found.append(
                diagnostics.warning(
                    "rebound-variable", message, step.span, "give the new value a name of its own"
                )
            )
        name = target if count == 1 else f"{target}'{count}"
        self._scope[target] = _Binding(name, returns)
        return name

    def _error(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.found.append(diagnostics.error(code, message, span, help))

    def _call(self, call: Call) -> tuple[str, dict[str, Value], dict[str, Computation], Type]:
        signature = self._tools.signature(call.tool)
        if signature is None:
            nearest = _nearest(call.tool, self._tools.names())
            help = f"did you mean `{nearest}`?" if nearest else "`visprog tools` lists the tools"  # noqa: A001
            self._error("unknown-tool", f"there is no tool `{call.tool}`", call.span, help)
            for argument in call.arguments:
                self._value(argument.value)
            self.unresolved = True
            return call.tool, {}, {}, Type.ANY
        given = self._bind(call, signature)
        arguments: dict[str, Value] = {}
        expressions: dict[str, Computation] = {}
        returns = signature.returns
        for name, argument in given.items():
            parameter = signature.parameter(name)
            assert parameter is not None, "arguments are bound to the signature's own parameters"  # noqa: S101
            if parameter.type is Type.EXPRESSION and isinstance(argument.value, Literal):
                expression = self._expression(argument.value, parameter, signature)
                if expression is not None:
                    expressions[name] = expression
                continue
            arguments[name], actual = self._value(argument.value)
            self._fits(argument.value, actual, parameter, signature)
            if signature.same_as == name:
                returns = actual
        return signature.name, arguments, expressions, returns

    def _bind(self, call: Call, signature: Signature) -> dict[str, Argument]:
        """Give each argument to a parameter: by position, by name or alias, or by a slip of spelling."""
        given: dict[str, Argument] = {}
        misspelled: set[str | None] = set()
        for position, argument in enumerate(call.arguments):
            if argument.name is None:
                if position >= len(signature.parameters):
                    message = f"{signature.name} takes {_counted(len(signature.parameters), 'argument')}"
                    self._error("too-many-arguments", message, argument.span, f"it is {signature}")
                    self._pass_over(argument)
                    continue
                parameter = signature.parameters[position]
            else:
                named = self._named(argument, signature)
                if named is None:
                    misspelled.add(self._unknown(argument, signature))
                    self._pass_over(argument)
                    continue
                parameter = named
            if parameter.name in given:
                message = f"`{parameter.name}` is given twice"
                self._error("repeated-argument", message, argument.span, "leave one of them out")
                self._pass_over(argument)
            else:
                given[parameter.name] = argument
        for parameter in signature.parameters:
            if parameter.required and parameter.name not in given and parameter.name not in misspelled:
                message = f"{signature.name} needs `{parameter.name}`, {_articled(parameter.type)}"
                self._error("missing-argument", message, call.span, f"it is {signature}")
        return given

    def _pass_over(self, argument: Argument) -> None:
        """Look at a misplaced argument's variables all the same; what they are used for is not known."""
        self._value(argument.value)
        self.unresolved = True

    def _named(self, argument: Argument, signature: Signature) -> Parameter | None:
        name = argument.name or ""
        if (exact := signature.parameter(name)) is not None:
            return exact
        span = replace(argument.span, end=argument.span.column + len(name))
        folded = name.replace("_", "").casefold()
        for parameter in signature.parameters:
            for spelling in (parameter.name, *parameter.aliases):
                if spelling.replace("_", "").casefold() == folded:
                    message = f"the argument is written `{spelling}`, not `{name}`"
                    mended = f"{spelling}={argument.value}"
                    self.found.append(diagnostics.warning("mended", message, span, mended=mended))
                    return parameter
        return None

    def _unknown(self, argument: Argument, signature: Signature) -> str | None:
        """Report an argument that the tool does not take; return the name that is likely meant."""
        name = argument.name or ""
        span = replace(argument.span, end=argument.span.column + len(name))
        nearest = _nearest(name, (p.name for p in signature.parameters))
        taken = ", ".join(f"`{p.name}`" for p in signature.parameters) or "none"
        help = f"did you mean `{nearest}`?" if nearest else f"its arguments are {taken}"  # noqa: A001
        self._error("unknown-argument", f"{signature.name} takes no argument `{name}`", span, help)
        return nearest

    def _value(self, value: Value) -> tuple[Value, Type]:
        """Resolve the variables in a value; return it with its type."""
        if isinstance(value, Variable):
            binding = self._look_up(value)
            return replace(value, name=binding.name), binding.type
        if isinstance(value, ListValue):
            resolved = [self._value(item) for item in value.items]
            texts = all(accepts(Type.STR, kind) for _, kind in resolved)
            items = tuple(item for item, _ in resolved)
            return replace(value, items=items), Type.LIST if texts else Type.MIXED
        return value, _type_of(value)

    def _look_up(self, variable: Variable) -> _Binding:
        binding = self._scope.get(variable.name)
        if binding is not None:
            return binding
        self.unresolved = True
        if variable.name in self._unknown_names:
            return _Binding(variable.name, Type.ANY)
        self._unknown_names.add(variable.name)
        later = self._lines.get(variable.name)
        if later is not None and later > variable.span.line:
            message = f"`{variable.name}` is not defined before line {later}"
            self._error(
                "unknown-variable", message, variable.span, "move the step that defines it above this one"
            )
        else:
            few = len(self._unknown_names) <= _SUGGESTIONS
            nearest = _nearest(variable.name, self._known()) if few else None
            message = f"`{variable.name}` is not defined"
            help = self._how_to_define(variable.name, nearest)  # noqa: A001
            self._error("unknown-variable", message, variable.span, help)
        return _Binding(variable.name, Type.ANY)

    def _known(self) -> list[str]:
        """Return what is defined so far, last defined first; lines that could not be read do not count."""
        return [name for name in reversed(self._scope) if name not in self._broken]

    def _how_to_define(self, name: str, nearest: str | None) -> str | None:
        if _PICTURE.fullmatch(name):
            given = ", ".join(self._inputs) or "none"
            return f"pictures are given by name: one is IMAGE, two are LEFT and RIGHT; given here: {given}"
        if nearest:
            return f"did you mean `{nearest}`?"
        known = ", ".join(f"`{each}`" for each in self._known()[4::-1])
        return f"defined here: {known}" if known else None

    def _expression(self, literal: Literal, parameter: Parameter, signature: Signature) -> Computation | None:
        if not isinstance(literal.value, str):
            self._fits(literal, _type_of(literal), parameter, signature)
            return None
        try:
            expression = parse_expression(literal.value)
        except MalformedExpression as fault:
            span = _inside(literal, fault.column, fault.end)
            self._error("malformed-expression", fault.message, span, fault.help)
            self.unresolved = True  # what the expression would have used is not known
            return None
        names: dict[str, str] = {}
        for reference in expression.references:
            span = _inside(literal, reference.column, reference.column + len(reference.name) + 2)
            binding = self._look_up(Variable(reference.name, span))
            names[reference.name] = binding.name
            if binding.type in (Type.IMAGE, Type.REGIONS):
                message = f"an expression cannot compute with {_articled(binding.type)}, `{reference.name}`"
                tool = "Vqa" if binding.type is Type.IMAGE else "Count"
                self._error("wrong-type", message, span, f"use {tool} first, and its answer here")
        return Computation(expression, names)

    def _fits(self, value: Value, actual: Type, parameter: Parameter, signature: Signature) -> None:
        if accepts(parameter.type, actual) or (actual is Type.NONE and parameter.nullable):
            return
        wanted = f"`{parameter.name}` of {signature.name} takes {_articled(parameter.type)}"
        message = f"{wanted}, found {_found(value, actual)}"
        self._error("wrong-type", message, value.span, _advice(value, parameter.type, actual))


def _type_of(literal: Literal) -> Type:
    return _LITERAL_TYPES[type(literal.value)]


_LITERAL_TYPES = {str: Type.STR, int: Type.INT, float: Type.FLOAT, bool: Type.BOOL, type(None): Type.NONE}

_ARTICLED = {
    Type.IMAGE: "an image",
    Type.REGIONS: "regions",
    Type.STR: "text",
    Type.INT: "a whole number",
    Type.FLOAT: "a number",
    Type.BOOL: "True or False",
    Type.LIST: "a list of texts",
    Type.TEXTS: "text or a list of texts",
    Type.SCALAR: "a number, text or boolean",
    Type.EXPRESSION: "an expression in quotes",
    Type.NONE: "None",
    Type.MIXED: "a list that holds more than texts",
    Type.ANY: "anything",
}


def _articled(kind: Type) -> str:
    return _ARTICLED[kind]


def _found(value: Value, actual: Type) -> str:
    if isinstance(value, Variable):
        return f"`{value.name}`, which is {_articled(actual)}"
    written = str(value)
    return f"`{written}`" if len(written) <= 60 else f"`{written[:57]}...`"


def _advice(value: Value, expected: Type, actual: Type) -> str | None:
    if expected is Type.REGIONS and actual is Type.IMAGE:
        return "find the regions first, with Loc, FaceDet or Seg"
    if expected is Type.EXPRESSION and isinstance(value, Variable):
        return f"write `'{{{value.name}}}'`"
    if expected is Type.REGIONS and actual is Type.STR:
        return "find the regions first, with Loc(image=..., object=...)"
    if expected is Type.LIST and isinstance(value, Literal) and isinstance(value.value, str):
        return f"write a list: `{[part.strip() for part in value.value.split(',')]}`"
    if expected in (Type.STR, Type.TEXTS) and isinstance(value, Literal) and actual is not Type.NONE:
        return f"write it in quotes: `'{value}'`"
    if expected is Type.IMAGE and actual is Type.STR:
        return "name an image, such as `IMAGE`, without quotes"
    if expected is Type.INT and actual is Type.STR and isinstance(value, Literal):
        return "write the number without quotes"
    return None


def _inside(literal: Literal, column: int, end: int) -> Span:
    """Return the place of columns of a string's content, where the string is written without escapes."""
    span = literal.span
    if not isinstance(literal.value, str) or span.end - span.column != len(literal.value) + 2:
        return span
    first = span.column + column
    return replace(span, column=min(first, span.end - 1), end=min(span.column + end, span.end))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like this one, the first of equals; None where none is alike."""
    wanted = name.casefold()[:40]
    likeness = {each: SequenceMatcher(None, wanted, each.casefold()[:40]).ratio() for each in known}
    best = max(likeness, key=lambda each: likeness[each], default=None)
    return best if best is not None and likeness[best] >= 0.6 else None
