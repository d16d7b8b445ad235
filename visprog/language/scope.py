"""The variables of a program at one point: their names, types and places, and texts that use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from visprog.language import advice, diagnostics
from visprog.language.diagnostics import Diagnostic
from visprog.language.parser import Parsed
from visprog.language.program import ListValue, Literal, Span, Step, Template, Value, Variable, variables
from visprog.language.templates import INSERTABLE, doubled_names, merged_texts, read_template
from visprog.language.types import Type, common_type, list_of

_PICTURE = re.compile(r"IMAGE\d*|LEFT|RIGHT")

_MAX_SUGGESTIONS = 30
"""Maximum number of unknown names that get a suggestion: a program with more has another problem."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The single-assignment name and the type of a variable at one point of the program.

    `root` is the input in which an image or regions lie, if it is known.
    """

    name: str
    type: Type
    root: str | None = None


class Scope:
    """The bindings of the variables at one point of a program, and what was found so far.

    `unresolved` is true if something could not be resolved: a variable that looks unused may be used there.
    """

    def __init__(self, inputs: Mapping[str, Type], parsed: Parsed) -> None:
        self._inputs = inputs
        self.bindings = {name: Binding(name, kind, name) for name, kind in inputs.items()}
        self.bindings |= {name: Binding(name, Type.ANY) for name in parsed.broken}
        self._types = {binding.name: binding.type for binding in self.bindings.values()}
        self._broken = parsed.broken
        self._lines = {step.target: step.span.line for step in reversed(parsed.program.steps)}
        self._count: dict[str, int] = dict.fromkeys(inputs, 1)
        self._unknown_names: set[str] = set()
        self.found: list[Diagnostic] = []
        self.unresolved = False

    def error(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        """Add an error to what was found."""
        self.found.append(diagnostics.error(code, message, span, help))

    def define(self, step: Step, returns: Type, root: str | None) -> str:
        """Bind the target of a step, and return its single-assignment name."""
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
        self.bindings[target] = Binding(name, returns, root)
        self._types[name] = returns
        return name

    def type_of(self, variable: Variable) -> Type:
        """Return the type of a resolved variable."""
        return self._types.get(variable.name, Type.ANY)

    def root_of(self, value: Value) -> str | None:
        """Return the input in which an image or regions lie, if it is known and the only one."""
        bindings = [self.bindings.get(each.name) for each in variables(value)]
        roots = {binding.root if binding is not None else None for binding in bindings}
        return roots.pop() if len(roots) == 1 else None

    def resolve(self, value: Value) -> tuple[Value, Type]:
        """Resolve the variables in a value; return it with its type."""
        if isinstance(value, Variable):
            binding = self.look_up(value)
            return replace(value, name=binding.name), binding.type
        if isinstance(value, ListValue):
            resolved = [self.resolve(item) for item in value.items]
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
        for name, start, end in doubled_names(text, self.bindings):
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
        for part in read_template(text, self.bindings):
            if isinstance(part, str):
                parts.append(part)
            elif part.name is None:
                message = f"`{' '.join(part.text.split())}` is not a name, and only a name can stand here"
                self.error("text-reference", message, literal.span_of(part.start, part.end), advice.NAME_ONLY)
                self.unresolved = True  # the variables in the braces may be intended here
            else:
                parts.append(self._inserted(part.name, literal.span_of(part.start, part.end)))
        if not any(isinstance(part, Variable) for part in parts):
            return replace(literal, value="".join(map(str, parts)))
        return Template(merged_texts(parts), literal.span)

    def _inserted(self, name: str, span: Span) -> Variable:
        keep = f"double the braces to keep them: `{{{{{name}}}}}`"
        binding = self.look_up(Variable(name, span), keep)
        if binding.type not in INSERTABLE:
            kind = advice.describe_type(binding.type)
            message = f"`{{{name}}}` cannot be inserted into a text: `{name}` is {kind}"
            self.error("wrong-type", message, span, advice.INSERT_INSTEAD.get(binding.type))
        return Variable(binding.name, span)

    def look_up(self, variable: Variable, advised: str = "") -> Binding:
        """Return the binding of a variable. Report an unknown one; `advised` is further advice."""
        binding = self.bindings.get(variable.name)
        if binding is not None:
            return binding
        self.unresolved = True
        if variable.name in self._unknown_names:
            return Binding(variable.name, Type.ANY)
        self._unknown_names.add(variable.name)
        later = self._lines.get(variable.name)
        if later is not None and later > variable.span.line:
            message = f"`{variable.name}` is used before its definition on line {later}"
            self.error("unknown-variable", message, variable.span, f"move line {later} above this line")
        else:
            few = len(self._unknown_names) <= _MAX_SUGGESTIONS
            likely = advice.closest_match(variable.name, self._known()) if few else None
            message = f"`{variable.name}` is not defined"
            help = "; ".join(filter(None, [self._how_to_define(variable.name, likely), advised]))  # noqa: A001
            self.error("unknown-variable", message, variable.span, help or None)
        return Binding(variable.name, Type.ANY)

    def _known(self) -> list[str]:
        """Return the names defined so far, last one first, without those of lines that cannot be parsed."""
        return [name for name in reversed(self.bindings) if name not in self._broken]

    def _how_to_define(self, name: str, likely: str | None) -> str | None:
        if _PICTURE.fullmatch(name):
            given = f"has {', '.join(self._inputs)}" if self._inputs else "has no picture"
            return f"this program {given}; one picture is named IMAGE, two are LEFT and RIGHT"
        if likely:
            return f"did you mean `{likely}`?"
        known = ", ".join(f"`{each}`" for each in self._known()[4::-1])
        return f"the defined variables are {known}" if known else None
