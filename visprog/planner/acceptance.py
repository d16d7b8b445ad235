"""Judges whether a program means what its instruction asks, as far as can be told without looking.

A program that the checker accepts can still be wrong: a step is not used, an edit is lost, the result is a
number although a picture was asked for, or a word of the instruction is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from visprog.language import diagnostics
from visprog.language.checked import Checked, CheckedStep
from visprog.language.checker import check
from visprog.language.coercion import word_number
from visprog.language.diagnostics import Diagnostic
from visprog.language.program import Span, variables
from visprog.language.types import Type
from visprog.planner.bank import Bank
from visprog.planner.coverage import uncovered_words
from visprog.planner.plan import Request
from visprog.planner.prompt import usable_examples
from visprog.planner.result_kind import ResultKind, expected_kind, result_kind

_UNUSED = frozenset({"unused-variable", "dead-step"})


class Judge:
    """Judges the programs that a planner writes for one request, following the examples of a bank.

    Words that no step covers are a reason to reject only one program: a planner that insists may be right.
    """

    def __init__(self, request: Request, bank: Bank) -> None:
        self._request = request
        inputs = dict.fromkeys(("IMAGE", "LEFT", "RIGHT"), Type.IMAGE)
        examples = usable_examples(request, bank)
        self._expected = expected_kind(
            result_kind(check(each.program, request.tools, inputs)) for each in examples
        )
        self._may_ask_for_words = True

    def faults(self, checked: Checked) -> tuple[Diagnostic, ...]:
        """Return the reasons to reject a program: the checker's errors, or else all other reasons."""
        errors = tuple(each for each in checked.diagnostics if each.is_error)
        if errors:
            return errors
        found = plan_faults(checked, self._request, self._expected)
        if not found and self._may_ask_for_words:
            found = forgotten_words(checked, self._request, self._expected)
            self._may_ask_for_words = not found
        return found


def plan_faults(checked: Checked, request: Request, expected: ResultKind | None) -> tuple[Diagnostic, ...]:
    """Return the faults of a program without errors. `expected` is None if any kind of result fits."""
    found = [*_unused(checked, request), *_result_faults(checked, expected)]
    if expected is ResultKind.PICTURE and not found:
        found += _lost_edits(checked, request)
    return tuple(sorted(found, key=lambda each: (each.span.line, each.span.column)))


def forgotten_words(
    checked: Checked, request: Request, expected: ResultKind | None
) -> tuple[Diagnostic, ...]:
    """Return an error that names the words of the instruction that no step covers, if there are any.

    For edits, numbers say only how many things there are: "tag the 3 dogs".
    """
    words = uncovered_words(request.instruction, checked, request.tools)
    if expected is ResultKind.PICTURE:
        words = [word for word in words if word_number(word) is None and not word.isdigit()]
    if not words:
        return ()
    listed = ", ".join(f"'{word}'" for word in words)
    message = f"no step does anything about {listed}"
    advised = "use these words in the text of a step, or choose a tool or a word for them"
    return (diagnostics.error("forgotten-words", message, Span(1, 1, 2), advised),)


def _unused(checked: Checked, request: Request) -> Iterator[Diagnostic]:
    for each in checked.diagnostics:
        if each.code in _UNUSED:
            step = next(step for step in checked.steps if step.step.span == each.span)
            yield diagnostics.error(each.code, each.message, each.span, _use_of(step, request))


def _use_of(step: CheckedStep, request: Request) -> str:
    target = step.step.target
    if step.returns is Type.IMAGE and _is_edit(step, request):
        return f"write `image={target}` in the next edit, so that it continues from this one"
    if step.returns is Type.IMAGE:
        return f"write `image={target}` in the step that should look at this part of the picture"
    if step.returns is Type.REGIONS:
        return f"write `object={target}` in the step that should use these regions, or remove this line"
    return f"use `{{{target}}}` in the Eval of the result, or remove this line"


def _result_faults(checked: Checked, expected: ResultKind | None) -> Iterator[Diagnostic]:
    found = result_kind(checked)
    if expected is None or found is expected:
        return
    if expected is ResultKind.ANSWER and found is ResultKind.TRUTH:
        return
    message = f"the result is {found.value}, but the instruction asks for {expected.value}"
    yield diagnostics.error("wrong-result", message, _result_span(checked), _result_advice(found, expected))


def _result_advice(found: ResultKind, expected: ResultKind) -> str:
    match expected, found:
        case ResultKind.PICTURE, _:
            return "end with the picture that the last edit returns"
        case _, ResultKind.PICTURE:
            return "ask about this picture with Vqa, and return its answer"
        case _, ResultKind.REGIONS:
            return "return Count of the regions, or a Vqa answer about them"
    return "compare the value in Eval, as in `RESULT=Eval('{ANSWER0} == 2')`, or ask a yes/no question"


def _result_span(checked: Checked) -> Span:
    spans = [step.step.span for step in checked.steps if step.name == checked.result]
    return spans[-1] if spans else Span(1, 1, 2)


def _lost_edits(checked: Checked, request: Request) -> Iterator[Diagnostic]:
    """Yield the edits that the result does not contain, and a result that is not edited at all."""
    steps = {step.name: step for step in checked.steps}
    lineage = _lineage(checked.result, steps)
    edits = [step for step in checked.steps if _is_edit(step, request)]
    for step in edits:
        if step.name not in lineage and not _is_crop(step, request):
            message = f"the result does not contain the edit `{step.step.target}`"
            advised = f"write `image={step.step.target}` in the next edit"
            yield diagnostics.error("lost-edit", message, step.step.span, advised)
    if not edits:
        message = "the result is the picture as it was: no step edits it"
        yield diagnostics.error(
            "unedited-result", message, _result_span(checked), "add the step that makes the edit"
        )


def _lineage(name: str, steps: Mapping[str, CheckedStep]) -> set[str]:
    """Return the pictures from which a picture was made, itself included."""
    found: set[str] = set()
    rest = [name]
    while rest:
        step = steps.get(current := rest.pop())
        if current in found or step is None:
            continue
        found.add(current)
        rest += [
            variable.name
            for value in step.arguments.values()
            for variable in variables(value)
            if variable.name in steps and steps[variable.name].returns in (Type.IMAGE, Type.IMAGES)
        ]
    return found


def _is_crop(step: CheckedStep, request: Request) -> bool:
    """Return whether a step cuts a part out of a picture: other steps may only look at the part."""
    tool = request.tools.get(step.tool) if step.tool is not None else None
    return tool is not None and tool.crops


def _is_edit(step: CheckedStep, request: Request) -> bool:
    """Return whether a step makes a new picture: its tool takes a picture and returns one."""
    tool = request.tools.get(step.tool) if step.tool is not None else None
    if tool is None or tool.signature.returns is not Type.IMAGE:
        return False
    return any(parameter.type is Type.IMAGE for parameter in tool.signature.parameters)
