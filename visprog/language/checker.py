"""Check a program's names, arguments and types before it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count

from visprog.language import advice, diagnostics
from visprog.language.checked import Checked, CheckedStep, Computation
from visprog.language.conditions import invalid_conditions
from visprog.language.diagnostics import Diagnostic
from visprog.language.expression import MalformedExpression, parse_expression
from visprog.language.liveness import live_steps, result_name, unused_steps
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
from visprog.language.text_references import (
    TextReference,
    braces_in,
    eval_call,
    invalid_braces,
    text_references,
)
from visprog.language.types import Parameter, Signature, Signatures, Type, accepts

_PICTURE = re.compile(r"IMAGE\d*|LEFT|RIGHT")

_ANSWER_FIRST = {
    Type.IMAGE: "call Vqa first and use its answer",
    Type.REGIONS: "call Count first and use its answer",
}
"""Advice for values that Eval cannot compute with."""

_MAX_SUGGESTIONS = 30
"""Maximum number of unknown names that get a suggestion: a program with more has another problem."""


def check(parsed: Parsed | Program, tools: Signatures, inputs: Mapping[str, Type]) -> Checked:
    """Check a program against the tools and inputs that it will have. Raise nothing and load nothing."""
    if isinstance(parsed, Program):
        parsed = Parsed(parsed)
    checker = _Checker(tools, inputs, parsed)
    steps = tuple(checker.step(step) for step in parsed.program)
    found = [*parsed.diagnostics, *checker.found]
    if not steps and not any(each.is_error for each in found):
        message = "the program is empty"
        found.append(
            diagnostics.error("no-result", message, Span(1, 1, 2), "write a statement: `RESULT=Tool(...)`")
        )
    result = result_name(steps)
    needed = live_steps(result, steps)
    if not checker.unresolved and not parsed.broken:
        faulty = {each.span.line for each in found if each.is_error}
        found += [each for each in unused_steps(steps, needed) if each.span.line not in faulty]
    found.sort(key=lambda each: (each.span.line, each.span.column))
    return Checked(parsed.program, dict(inputs), tuple(found), steps, result, needed, parsed, tools)


@dataclass(frozen=True, slots=True)
class _Binding:
    """The single-assignment name and the type of a variable at one point of the program."""

    name: str
    type: Type


class _Checker:
    """Checks the steps in order and keeps the current binding of each variable."""

    def __init__(self, tools: Signatures, inputs: Mapping[str, Type], parsed: Parsed) -> None:
        self._tools = tools
        self._inputs = inputs
        self._scope = {name: _Binding(name, kind) for name, kind in inputs.items()}
        self._scope |= {name: _Binding(name, Type.ANY) for name in parsed.broken}
        self._broken = parsed.broken
        self._lines = {step.target: step.span.line for step in reversed(parsed.program.steps)}
        self._count: dict[str, int] = dict.fromkeys(inputs, 1)
        self._unknown_names: set[str] = set()
        self._suggested_names: list[str] = []
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
        times = self._count.get(target, 0) + 1
        self._count[target] = times
        if times > 1:
            before = "is an input" if target in self._inputs and times == 2 else "already has a value"
            message = f"`{target}` {before}; this step overwrites it"
            self.found.append(
                diagnostics.warning("rebound-variable", message, step.span, "choose a new name")
            )
        name = target if times == 1 else f"{target}'{times}"
        self._scope[target] = _Binding(name, returns)
        return name

    def _error(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.found.append(diagnostics.error(code, message, span, help))

    def _call(self, call: Call) -> tuple[str, dict[str, Value], dict[str, Computation], Type]:
        signature = self._tools.signature(call.tool)
        if signature is None:
            likely = advice.closest_match(call.tool, self._tools.names())
            help = f"did you mean `{likely}`?" if likely else "run `visprog tools` to list the tools"  # noqa: A001
            self._error("unknown-tool", f"unknown tool `{call.tool}`", call.span, help)
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
            self._check_type(argument.value, actual, parameter, signature)
            self._text_references(argument.value, name)
            if signature.same_as == name:
                returns = actual
        return signature.name, arguments, expressions, returns

    def _bind(self, call: Call, signature: Signature) -> dict[str, Argument]:
        """Match each argument to a parameter: by position, by name or alias, or by a similar spelling."""
        given: dict[str, Argument] = {}
        misspelled: set[str | None] = set()
        for position, argument in enumerate(call.arguments):
            if argument.name is None:
                if position >= len(signature.parameters):
                    taken = advice.counted(len(signature.parameters), "argument")
                    message = f"{signature.name} takes at most {taken}"
                    self._error("too-many-arguments", message, argument.span, f"expected {signature}")
                    self._skip(argument)
                    continue
                parameter = signature.parameters[position]
            else:
                named = self._find_parameter(argument, signature)
                if named is None:
                    misspelled.add(self._report_unknown(argument, signature))
                    self._skip(argument)
                    continue
                parameter = named
            if parameter.name in given:
                message = f"`{parameter.name}` is given twice"
                self._error("repeated-argument", message, argument.span, "remove one of them")
                self._skip(argument)
            else:
                given[parameter.name] = argument
        for parameter in signature.parameters:
            if parameter.required and parameter.name not in given and parameter.name not in misspelled:
                expected = f"`{parameter.name}` ({advice.describe_type(parameter.type)})"
                message = f"{signature.name} needs the argument {expected}"
                self._error("missing-argument", message, call.span, f"expected {signature}")
        return given

    def _skip(self, argument: Argument) -> None:
        """Check only the variables of an argument that fits no parameter."""
        self._value(argument.value)
        self.unresolved = True

    def _find_parameter(self, argument: Argument, signature: Signature) -> Parameter | None:
        name = argument.name or ""
        if (exact := signature.parameter(name)) is not None:
            return exact
        span = replace(argument.span, end=argument.span.column + len(name))
        folded = name.replace("_", "").casefold()
        for parameter in signature.parameters:
            for spelling in (parameter.name, *parameter.aliases):
                if spelling.replace("_", "").casefold() == folded:
                    message = f"the argument is spelled `{spelling}`, not `{name}`"
                    mended = f"{spelling}={argument.value}"
                    self.found.append(diagnostics.warning("mended", message, span, mended=mended))
                    return parameter
        return None

    def _report_unknown(self, argument: Argument, signature: Signature) -> str | None:
        """Report an argument that the tool does not have; return the most similar name."""
        name = argument.name or ""
        span = replace(argument.span, end=argument.span.column + len(name))
        likely = advice.closest_match(name, (p.name for p in signature.parameters))
        taken = ", ".join(f"`{p.name}`" for p in signature.parameters) or "none"
        help = f"did you mean `{likely}`?" if likely else f"its arguments are {taken}"  # noqa: A001
        self._error("unknown-argument", f"{signature.name} has no argument `{name}`", span, help)
        return likely

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
        return value, advice.type_of(value)

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
            message = f"`{variable.name}` is used before its definition on line {later}"
            self._error("unknown-variable", message, variable.span, f"move line {later} above this line")
        else:
            few = len(self._unknown_names) <= _MAX_SUGGESTIONS
            likely = advice.closest_match(variable.name, self._known()) if few else None
            message = f"`{variable.name}` is not defined"
            help = self._how_to_define(variable.name, likely)  # noqa: A001
            self._error("unknown-variable", message, variable.span, help)
        return _Binding(variable.name, Type.ANY)

    def _known(self) -> list[str]:
        """Return the names defined so far, last one first, without those of lines that cannot be parsed."""
        return [name for name in reversed(self._scope) if name not in self._broken]

    def _how_to_define(self, name: str, likely: str | None) -> str | None:
        if _PICTURE.fullmatch(name):
            given = f"has {', '.join(self._inputs)}" if self._inputs else "has no picture"
            return f"this program {given}; one picture is named IMAGE, two are LEFT and RIGHT"
        if likely:
            return f"did you mean `{likely}`?"
        known = ", ".join(f"`{each}`" for each in self._known()[4::-1])
        return f"the defined variables are {known}" if known else None

    def _expression(self, literal: Literal, parameter: Parameter, signature: Signature) -> Computation | None:
        if not isinstance(literal.value, str):
            self._check_type(literal, advice.type_of(literal), parameter, signature)
            return None
        try:
            expression = parse_expression(literal.value)
        except MalformedExpression as fault:
            span = _span_inside(literal, fault.column, fault.end)
            self._error("malformed-expression", fault.message, span, fault.help)
            self.unresolved = True  # the variables that the expression uses are unknown
            return None
        names: dict[str, str] = {}
        for reference in expression.references:
            span = _span_inside(literal, reference.column, reference.column + len(reference.name) + 2)
            binding = self._look_up(Variable(reference.name, span))
            names[reference.name] = binding.name
            if binding.type in (Type.IMAGE, Type.REGIONS):
                kind = advice.describe_type(binding.type)
                message = f"Eval cannot compute with `{reference.name}`, which is {kind}"
                self._error("wrong-type", message, span, f"{_ANSWER_FIRST[binding.type]} here")
        for braces in invalid_braces(literal.value, self._scope):
            self._error("text-reference", braces.message, _span_inside(literal, *braces.columns), braces.help)
        for each in invalid_conditions(expression.root):
            self._error("constant-condition", each.message, _span_inside(literal, *each.columns), each.help)
        return Computation(expression, names)

    def _text_references(self, value: Value, parameter: str, place: str = "") -> None:
        """Report references to variables in a text. `place` says how to pass the text if it is in a list."""
        if isinstance(value, ListValue):
            for item in value.items:
                self._text_references(item, parameter, "in the list")
        if not isinstance(value, Literal) or not isinstance(value.value, str) or "{" not in value.value:
            return
        found = list(text_references(value.value, self._scope))
        if not found:
            return
        self.unresolved = True  # a variable that looks unused may be intended here
        fault = next((each for each in found if not self._can_be_inserted(each)), found[0])
        braces = braces_in(value.value, fault)
        message = f"`{braces}` is not replaced by a value: only Eval inserts values into text"
        if fault.name not in self._scope:
            message = f"`{braces}` is not replaced by a value, and `{fault.name}` is not defined"
        advised = self._how_to_insert(value.value, fault, place or f"as `{parameter}`")
        self._error("text-reference", message, _span_inside(value, fault.column, fault.end), advised)

    def _can_be_inserted(self, reference: TextReference) -> bool:
        binding = self._scope.get(reference.name)
        return reference.whole and binding is not None and binding.type not in (Type.IMAGE, Type.REGIONS)

    def _how_to_insert(self, text: str, fault: TextReference, place: str) -> str:
        """Return how to insert values into a text. `fault` is a reference that Eval cannot insert, if any."""
        if self._can_be_inserted(fault):
            name = self._free_name()
            return f"write `{name}={eval_call(text)}` first, and pass `{name}` {place}"
        if fault.name not in self._scope:
            known = ", ".join(f"`{name}`" for name in self._known()[4::-1])
            defined = f"the defined variables are {known}" if known else "no variable is defined"
            braces = f"; to keep the braces, add spaces: `{{ {fault.name} }}`" * fault.whole
            return f"write the words instead; {defined}{braces}"
        kind = self._scope[fault.name].type
        if kind in _ANSWER_FIRST:
            return f"`{fault.name}` is {advice.describe_type(kind)}: {_ANSWER_FIRST[kind]} in Eval"
        return "braces can contain only a name: compute the value with one Eval, then the text with another"

    def _free_name(self) -> str:
        """Return a name that is not used yet, a new one for each call."""
        taken = {*self._scope, *self._lines, *self._suggested_names}
        name = next(name for number in count() if (name := f"TEXT{number}") not in taken)
        self._suggested_names.append(name)
        return name

    def _check_type(self, value: Value, actual: Type, parameter: Parameter, signature: Signature) -> None:
        if accepts(parameter.type, actual) or (actual is Type.NONE and parameter.nullable):
            return
        expected = f"`{parameter.name}` of {signature.name} takes {advice.describe_type(parameter.type)}"
        message = f"{expected}, found {advice.describe_value(value, actual)}"
        self._error("wrong-type", message, value.span, advice.suggest_fix(value, parameter.type, actual))


def _span_inside(literal: Literal, column: int, end: int) -> Span:
    """Return the span of some columns inside a string; the whole string's span if it contains escapes."""
    span = literal.span
    if not isinstance(literal.value, str) or span.end - span.column != len(literal.value) + 2:
        return span
    first = span.column + column
    return replace(span, column=min(first, span.end - 1), end=min(span.column + end, span.end))
