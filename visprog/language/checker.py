"""Check a program's names, arguments and types before it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from visprog.language import advice, diagnostics
from visprog.language.binding import bind_arguments, chosen_word
from visprog.language.checked import Checked, CheckedStep, Computation
from visprog.language.conditions import invalid_conditions
from visprog.language.expression import MalformedExpression, parse_expression
from visprog.language.inference import expression_type
from visprog.language.list_faults import list_faults
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
    Template,
    Value,
    Variable,
    variables,
)
from visprog.language.scope import Scope
from visprog.language.text_references import invalid_braces
from visprog.language.types import (
    Parameter,
    Signature,
    Signatures,
    Type,
    accepts,
    element_of,
    lifts,
    list_of,
)


def check(parsed: Parsed | Program, tools: Signatures, inputs: Mapping[str, Type]) -> Checked:
    """Check a program against the tools and inputs that it will have. Raise nothing and load nothing."""
    if isinstance(parsed, Program):
        parsed = Parsed(parsed)
    checker = _Checker(tools, inputs, parsed)
    steps = tuple(checker.step(step) for step in parsed.program)
    found = [*parsed.diagnostics, *checker.scope.found]
    if not steps and not any(each.is_error for each in found):
        message = "the program is empty"
        found.append(
            diagnostics.error("no-result", message, Span(1, 1, 2), "write a statement: `RESULT=Tool(...)`")
        )
    result = result_name(steps)
    needed = live_steps(result, steps)
    if not checker.scope.unresolved and not parsed.broken:
        faulty = {each.span.line for each in found if each.is_error}
        found += [each for each in unused_steps(steps, needed) if each.span.line not in faulty]
    found.sort(key=lambda each: (each.span.line, each.span.column))
    return Checked(parsed.program, dict(inputs), tuple(found), steps, result, needed, parsed, tools)


class _Checker:
    """Checks the steps in order."""

    def __init__(self, tools: Signatures, inputs: Mapping[str, Type], parsed: Parsed) -> None:
        self._tools = tools
        self.scope = Scope(inputs, parsed)

    def step(self, step: Step) -> CheckedStep:
        if isinstance(step.value, Call):
            return self._call(step.value, step)
        resolved, returns = self.scope.resolve(step.value)
        return self._checked_step(
            step, None, {"var": resolved}, {}, returns, root=self.scope.root_of(step.value)
        )

    def _checked_step(
        self,
        step: Step,
        tool: str | None,
        arguments: Mapping[str, Value],
        expressions: Mapping[str, Computation],
        returns: Type,
        lifted: tuple[str, ...] = (),
        root: str | None = None,
    ) -> CheckedStep:
        names = [each.name for value in arguments.values() for each in variables(value)]
        names += [name for expression in expressions.values() for name in expression.names.values()]
        uses = tuple(dict.fromkeys(names))
        name = self.scope.define(step, returns, root)
        return CheckedStep(step, name, tool, arguments, expressions, uses, returns, lifted)

    def _call(self, call: Call, step: Step) -> CheckedStep:
        signature = self._tools.signature(call.tool)
        if signature is None:
            likely = advice.closest_match(call.tool, self._tools.names())
            help = f"did you mean `{likely}`?" if likely else "run `visprog tools` to list the tools"  # noqa: A001
            self.scope.error("unknown-tool", f"unknown tool `{call.tool}`", call.span, help)
            self._skip(call.arguments)
            return self._checked_step(step, call.tool, {}, {}, Type.ANY)
        bound = bind_arguments(call, signature)
        self.scope.found += bound.found
        if bound.skipped:
            self._skip(bound.skipped)
        arguments: dict[str, Value] = {}
        expressions: dict[str, Computation] = {}
        types: dict[str, Type] = {}
        for name, argument in bound.given.items():
            parameter = signature.parameter(name)
            assert parameter is not None, "arguments are bound to the signature's own parameters"  # noqa: S101
            if parameter.type is Type.EXPRESSION and isinstance(argument.value, Literal):
                expression = self._expression(argument.value, parameter, signature)
                if expression is not None:
                    expressions[name] = expression
            else:
                arguments[name], types[name] = self._argument(argument, parameter, signature)
        lifted = tuple(name for name, kind in types.items() if self._is_lifted(name, kind, signature))
        self._check_lengths([bound.given[name] for name in lifted], signature)
        root = self._root(bound.given, signature)
        returns = self._returns(signature, types, expressions, lifted, call)
        return self._checked_step(step, signature.name, arguments, expressions, returns, lifted, root)

    def _returns(
        self,
        signature: Signature,
        types: Mapping[str, Type],
        expressions: Mapping[str, Computation],
        lifted: tuple[str, ...],
        call: Call,
    ) -> Type:
        returns = signature.returns
        if signature.same_as is not None:
            returns = types.get(signature.same_as, Type.ANY)
        elif returns is Type.SCALAR:
            returns = next((each.type for each in expressions.values()), returns)
        if not lifted:
            return returns
        if returns.is_list:
            message = f"{signature.name} returns a list for each item of `{lifted[0]}`"
            advised = "a list cannot contain lists: call it for one item at a time"
            self.scope.error("nested-list", message, call.span, advised)
        return list_of(returns)

    def _skip(self, arguments: Iterable[Argument]) -> None:
        """Check only the variables of arguments that fit no parameter."""
        for argument in arguments:
            for variable in variables(argument.value):
                self.scope.look_up(variable)
        self.scope.unresolved = True

    def _argument(self, argument: Argument, parameter: Parameter, signature: Signature) -> tuple[Value, Type]:
        """Resolve an argument and check its type."""
        if parameter.type is Type.CHOICE and not _is_none(argument.value, parameter):
            word, finding = chosen_word(argument, parameter)
            self._skip([argument] if word is None else [])
            if finding is not None:
                self.scope.found.append(finding)
            return word or argument.value, Type.CHOICE
        value, actual = self.scope.resolve(argument.value)
        if isinstance(value, Template) and (whole := self._whole_list(value, parameter)) is not None:
            value, actual = whole
        fits = accepts(parameter.type, actual) or (actual is Type.NONE and parameter.nullable)
        if not (fits or lifts(parameter.type, actual)) or _has_wrong_item(value, actual, parameter.type):
            self._wrong_type(argument.value, actual, parameter, signature)
            return value, Type.ANY
        return value, actual

    def _whole_list(self, text: Template, parameter: Parameter) -> tuple[Template, Type] | None:
        """Return a text that consists of a list as this list, if the parameter takes a list."""
        only = text.parts[0] if len(text.parts) == 1 else ""
        kind = self.scope.type_of(only) if isinstance(only, Variable) else Type.STR
        fits = kind.is_list and accepts(parameter.type, kind)
        return (replace(text, is_list=True), kind) if fits else None

    def _is_lifted(self, name: str, actual: Type, signature: Signature) -> bool:
        parameter = signature.parameter(name)
        return parameter is not None and lifts(parameter.type, actual)

    def _check_lengths(self, lifted: list[Argument], signature: Signature) -> None:
        """Report lists of different lengths, of which the tool would take one item each."""
        known = [each for each in lifted if isinstance(each.value, ListValue)]
        for first, other in pairwise(known):
            lengths = [len(each.value.items) for each in (first, other) if isinstance(each.value, ListValue)]
            if lengths[0] != lengths[1]:
                message = f"the lists have different lengths: {lengths[0]} and {lengths[1]}"
                advised = f"{signature.name} is called once for each item, so the lists must be equally long"
                self.scope.error("list-length", message, other.value.span, advised)

    def _root(self, given: Mapping[str, Argument], signature: Signature) -> str | None:
        """Return the input in which the result lies. Report regions that lie in another input."""
        placed = [p for p in signature.parameters if p.type in (Type.IMAGE, Type.REGIONS) and p.name in given]
        placed.sort(key=lambda parameter: parameter.type is not Type.IMAGE)
        roots = {p.name: self.scope.root_of(given[p.name].value) for p in placed}
        if sum(p.type is Type.IMAGE for p in signature.parameters) <= 1:
            known = [(name, root) for name, root in roots.items() if root is not None]
            for name, root in known[1:]:
                if root != known[0][1]:
                    self._foreign_regions(given[name].value, root, known[0][1])
        if signature.same_as is not None and signature.same_as in given:
            return self.scope.root_of(given[signature.same_as].value)
        return roots.get(signature.frame_from or "")

    def _foreign_regions(self, value: Value, root: str, other: str) -> None:
        message = f"`{value}` lies in {root}, and cannot be used with {other}"
        self.scope.error("other-picture", message, value.span, f"find the regions in {other} first")

    def _expression(self, literal: Literal, parameter: Parameter, signature: Signature) -> Computation | None:
        if not isinstance(literal.value, str):
            self._wrong_type(literal, advice.type_of(literal), parameter, signature)
            return None
        try:
            expression = parse_expression(literal.value)
        except MalformedExpression as fault:
            span = _columns(literal, (fault.column, fault.end))
            self.scope.error("malformed-expression", fault.message, span, fault.help)
            self.scope.unresolved = True  # the variables that the expression uses are unknown
            return None
        names: dict[str, str] = {}
        types: dict[str, Type] = {}
        for reference in expression.references:
            span = literal.span_of(reference.column - 1, reference.column + len(reference.name) + 1)
            binding = self.scope.look_up(Variable(reference.name, span))
            names[reference.name], types[reference.name] = binding.name, binding.type
            if binding.type in advice.ANSWER_FIRST:
                kind = advice.describe_type(binding.type)
                message = f"Eval cannot compute with `{reference.name}`, which is {kind}"
                self.scope.error("wrong-type", message, span, f"{advice.ANSWER_FIRST[binding.type]} here")
        for braces in invalid_braces(literal.value, self.scope.bindings):
            self.scope.error("text-reference", braces.message, _columns(literal, braces.columns), braces.help)
        for each in invalid_conditions(expression.root):
            self.scope.error("constant-condition", each.message, _columns(literal, each.columns), each.help)
        for misused in list_faults(expression.root, types):
            self.scope.error("list-value", misused.message, _columns(literal, misused.columns), misused.help)
        return Computation(expression, names, expression_type(expression.root, types))

    def _wrong_type(self, value: Value, actual: Type, parameter: Parameter, signature: Signature) -> None:
        expected = f"`{parameter.name}` of {signature.name} takes {advice.describe_type(parameter.type)}"
        message = f"{expected}, found {advice.describe_value(value, actual)}"
        self.scope.error("wrong-type", message, value.span, advice.suggest_fix(value, parameter.type, actual))


def _columns(literal: Literal, columns: tuple[int, int]) -> Span:
    """Return the place of some columns of a text, which count from 1."""
    return literal.span_of(columns[0] - 1, columns[1] - 1)


def _has_wrong_item(value: Value, actual: Type, expected: Type) -> bool:
    """Return whether a list has a literal that does not fit, in a list that may fit as a whole."""
    if not isinstance(value, ListValue) or actual is not Type.SCALARS:
        return False
    item_type = expected if lifts(expected, actual) else element_of(expected)
    literals = (item for item in value.items if isinstance(item, Literal))
    return not all(accepts(item_type, advice.type_of(item)) for item in literals)


def _is_none(value: Value, parameter: Parameter) -> bool:
    return parameter.nullable and isinstance(value, Literal) and value.value is None
