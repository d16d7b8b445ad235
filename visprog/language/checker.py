"""Check a program's names, arguments and types before it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from visprog.language import advice, diagnostics
from visprog.language.binding import bind_arguments, chosen_word
from visprog.language.checked import Checked, CheckedStep, Computation
from visprog.language.conditions import invalid_conditions
from visprog.language.diagnostics import Diagnostic
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
from visprog.language.templates import INSERTABLE, doubled_names, merged_texts, read_template
from visprog.language.text_references import invalid_braces
from visprog.language.types import (
    Parameter,
    Signature,
    Signatures,
    Type,
    accepts,
    common_type,
    element_of,
    lifts,
    list_of,
)

_PICTURE = re.compile(r"IMAGE\d*|LEFT|RIGHT")

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
    """The single-assignment name and the type of a variable at one point of the program.

    `root` is the input in which an image or regions lie, if it is known.
    """

    name: str
    type: Type
    root: str | None = None


class _Checker:
    """Checks the steps in order and keeps the current binding of each variable."""

    def __init__(self, tools: Signatures, inputs: Mapping[str, Type], parsed: Parsed) -> None:
        self._tools = tools
        self._inputs = inputs
        self._scope = {name: _Binding(name, kind, name) for name, kind in inputs.items()}
        self._scope |= {name: _Binding(name, Type.ANY) for name in parsed.broken}
        self._types = {binding.name: binding.type for binding in self._scope.values()}
        self._broken = parsed.broken
        self._lines = {step.target: step.span.line for step in reversed(parsed.program.steps)}
        self._count: dict[str, int] = dict.fromkeys(inputs, 1)
        self._unknown_names: set[str] = set()
        self._suggested_names: list[str] = []
        self.found: list[Diagnostic] = []
        self.unresolved = False

    def step(self, step: Step) -> CheckedStep:
        if isinstance(step.value, Call):
            return self._call(step.value, step)
        resolved, returns = self._value(step.value)
        return self._checked_step(step, None, {"var": resolved}, {}, returns, root=self._root_of(step.value))

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
        name = self._define(step, returns, root)
        return CheckedStep(step, name, tool, arguments, expressions, uses, returns, lifted)

    def _define(self, step: Step, returns: Type, root: str | None) -> str:
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
        self._scope[target] = _Binding(name, returns, root)
        self._types[name] = returns
        return name

    def _error(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.found.append(diagnostics.error(code, message, span, help))

    def _call(self, call: Call, step: Step) -> CheckedStep:
        signature = self._tools.signature(call.tool)
        if signature is None:
            likely = advice.closest_match(call.tool, self._tools.names())
            help = f"did you mean `{likely}`?" if likely else "run `visprog tools` to list the tools"  # noqa: A001
            self._error("unknown-tool", f"unknown tool `{call.tool}`", call.span, help)
            self._skip(call.arguments)
            return self._checked_step(step, call.tool, {}, {}, Type.ANY)
        bound = bind_arguments(call, signature)
        self.found += bound.found
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
            self._error("nested-list", message, call.span, advised)
        return list_of(returns)

    def _skip(self, arguments: Iterable[Argument]) -> None:
        """Check only the variables of arguments that fit no parameter."""
        for argument in arguments:
            for variable in variables(argument.value):
                self._look_up(variable)
        self.unresolved = True

    def _argument(self, argument: Argument, parameter: Parameter, signature: Signature) -> tuple[Value, Type]:
        """Resolve an argument and check its type."""
        if parameter.type is Type.CHOICE and not _is_none(argument.value, parameter):
            word, finding = chosen_word(argument, parameter)
            self._skip([argument] if word is None else [])
            if finding is not None:
                self.found.append(finding)
            return word or argument.value, Type.CHOICE
        value, actual = self._value(argument.value)
        if isinstance(value, Template) and (whole := self._whole_list(value, parameter)) is not None:
            value, actual = whole
        fits = accepts(parameter.type, actual) or (actual is Type.NONE and parameter.nullable)
        if not (fits or lifts(parameter.type, actual)) or _has_wrong_item(value, actual, parameter.type):
            self._wrong_type(argument.value, actual, parameter, signature)
            return value, Type.ANY
        return value, actual

    def _whole_list(self, text: Template, parameter: Parameter) -> tuple[Variable, Type] | None:
        """Return the list that a text consists of, if the parameter takes a list."""
        only = text.parts[0] if len(text.parts) == 1 else ""
        kind = self._types.get(only.name, Type.ANY) if isinstance(only, Variable) else Type.STR
        fits = kind.is_list and accepts(parameter.type, kind)
        return (only, kind) if isinstance(only, Variable) and fits else None

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
                self._error("list-length", message, other.value.span, advised)

    def _root(self, given: Mapping[str, Argument], signature: Signature) -> str | None:
        """Return the input in which the result lies. Report regions that lie in another input."""
        placed = [p for p in signature.parameters if p.type in (Type.IMAGE, Type.REGIONS) and p.name in given]
        placed.sort(key=lambda parameter: parameter.type is not Type.IMAGE)
        roots = {p.name: self._root_of(given[p.name].value) for p in placed}
        if sum(p.type is Type.IMAGE for p in signature.parameters) <= 1:
            known = [(name, root) for name, root in roots.items() if root is not None]
            for name, root in known[1:]:
                if root != known[0][1]:
                    self._foreign_regions(given[name].value, root, known[0][1])
        if signature.same_as is not None and signature.same_as in given:
            return self._root_of(given[signature.same_as].value)
        return roots.get(signature.frame_from or "")

    def _foreign_regions(self, value: Value, root: str, other: str) -> None:
        message = f"`{value}` lies in {root}, and cannot be used with {other}"
        self._error("other-picture", message, value.span, f"find the regions in {other} first")

    def _root_of(self, value: Value) -> str | None:
        """Return the input in which an image or regions lie, if it is known and the only one."""
        bindings = [self._scope.get(each.name) for each in variables(value)]
        roots = {binding.root if binding is not None else None for binding in bindings}
        return roots.pop() if len(roots) == 1 else None

    def _value(self, value: Value) -> tuple[Value, Type]:
        """Resolve the variables in a value; return it with its type."""
        if isinstance(value, Variable):
            binding = self._look_up(value)
            return replace(value, name=binding.name), binding.type
        if isinstance(value, ListValue):
            resolved = [self._value(item) for item in value.items]
            kinds = [kind for _, kind in resolved]
            items = tuple(item for item, _ in resolved)
            kind = Type.ANY if Type.ANY in kinds else list_of(common_type(kinds)) if kinds else Type.EMPTY
            return replace(value, items=items), kind
        if isinstance(value, Literal) and isinstance(value.value, str):
            return self._text(value, value.value), Type.STR
        return value, advice.type_of(value) if isinstance(value, Literal) else Type.STR

    def _text(self, literal: Literal, text: str) -> Literal | Template:
        """Return a text with its references resolved, and report those that cannot be inserted."""
        if "{" not in text and "}" not in text:
            return literal
        for name, start, end in doubled_names(text, self._scope):
            message = f"`{{{{{name}}}}}` is the word in braces, not the value of `{name}`"
            self.found.append(
                diagnostics.warning(
                    "text-reference",
                    message,
                    literal.span_of(start, end),
                    f"write `{{{name}}}` for the value",
                )
            )
        parts: list[str | Variable] = []
        for part in read_template(text, self._scope):
            if isinstance(part, str):
                parts.append(part)
            elif part.name is None:
                message = f"`{' '.join(part.text.split())}` is not a name, and only a name can stand here"
                self._error(
                    "text-reference", message, literal.span_of(part.start, part.end), advice.NAME_ONLY
                )
                self.unresolved = True  # the variables in the braces may be intended here
            else:
                parts.append(self._inserted(part.name, literal.span_of(part.start, part.end)))
        if not any(isinstance(part, Variable) for part in parts):
            return replace(literal, value="".join(map(str, parts)))
        return Template(merged_texts(parts), literal.span)

    def _inserted(self, name: str, span: Span) -> Variable:
        keep = f"double the braces to keep them: `{{{{{name}}}}}`"
        binding = self._look_up(Variable(name, span), keep)
        if binding.type not in INSERTABLE:
            kind = advice.describe_type(binding.type)
            message = f"`{{{name}}}` cannot be inserted into a text: `{name}` is {kind}"
            self._error("wrong-type", message, span, advice.INSERT_INSTEAD.get(binding.type))
        return Variable(binding.name, span)

    def _look_up(self, variable: Variable, advised: str = "") -> _Binding:
        """Return the binding of a variable. Report an unknown one; `advised` is further advice."""
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
            help = "; ".join(filter(None, [self._how_to_define(variable.name, likely), advised]))  # noqa: A001
            self._error("unknown-variable", message, variable.span, help or None)
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
            self._wrong_type(literal, advice.type_of(literal), parameter, signature)
            return None
        try:
            expression = parse_expression(literal.value)
        except MalformedExpression as fault:
            span = _columns(literal, (fault.column, fault.end))
            self._error("malformed-expression", fault.message, span, fault.help)
            self.unresolved = True  # the variables that the expression uses are unknown
            return None
        names: dict[str, str] = {}
        types: dict[str, Type] = {}
        for reference in expression.references:
            span = literal.span_of(reference.column - 1, reference.column + len(reference.name) + 1)
            binding = self._look_up(Variable(reference.name, span))
            names[reference.name], types[reference.name] = binding.name, binding.type
            if binding.type in advice.ANSWER_FIRST:
                kind = advice.describe_type(binding.type)
                message = f"Eval cannot compute with `{reference.name}`, which is {kind}"
                self._error("wrong-type", message, span, f"{advice.ANSWER_FIRST[binding.type]} here")
        for braces in invalid_braces(literal.value, self._scope):
            self._error("text-reference", braces.message, _columns(literal, braces.columns), braces.help)
        for each in invalid_conditions(expression.root):
            self._error("constant-condition", each.message, _columns(literal, each.columns), each.help)
        for misused in list_faults(expression.root, types):
            self._error("list-value", misused.message, _columns(literal, misused.columns), misused.help)
        return Computation(expression, names, expression_type(expression.root, types))

    def _wrong_type(self, value: Value, actual: Type, parameter: Parameter, signature: Signature) -> None:
        expected = f"`{parameter.name}` of {signature.name} takes {advice.describe_type(parameter.type)}"
        message = f"{expected}, found {advice.describe_value(value, actual)}"
        self._error("wrong-type", message, value.span, advice.suggest_fix(value, parameter.type, actual))


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
