"""The kinds of results that tasks ask for: a picture, a truth value, or another answer."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

from visprog.language.checked import Checked, CheckedStep
from visprog.language.expression_tree import (
    Call,
    Comparison,
    Conditional,
    Constant,
    Logic,
    Node,
    Reference,
    Unary,
)
from visprog.language.program import Literal, Template, Variable
from visprog.language.types import Type


class ResultKind(enum.Enum):
    """What a program's result is. The value describes it in messages."""

    PICTURE = "a picture"
    TRUTH = "true or false"
    ANSWER = "an answer"
    REGIONS = "regions"


def expected_kind(kinds: Iterable[ResultKind]) -> ResultKind | None:
    """Return the kind that a task asks for, from the kinds of its examples; None if they differ too much."""
    found = set(kinds)
    if found == {ResultKind.ANSWER, ResultKind.TRUTH}:
        return ResultKind.ANSWER
    return found.pop() if len(found) == 1 else None


_AUXILIARIES = frozenset(
    "is are was were do does did has have had can could will would should isn't aren't wasn't weren't "
    "doesn't don't didn't hasn't haven't can't".split()
)
"""The first words of questions that are answered with yes or no."""


def result_kind(checked: Checked) -> ResultKind:
    """Return the kind of a program's result."""
    steps = {step.name: step for step in checked.steps}
    step = steps.get(checked.result)
    kind = step.returns if step is not None else checked.inputs.get(checked.result, Type.ANY)
    if kind in (Type.IMAGE, Type.IMAGES):
        return ResultKind.PICTURE
    if kind in (Type.REGIONS, Type.REGION_SETS):
        return ResultKind.REGIONS
    return ResultKind.TRUTH if _is_truth(checked.result, steps) else ResultKind.ANSWER


def _is_truth(name: str, steps: Mapping[str, CheckedStep]) -> bool:
    step = steps.get(name)
    if step is None:
        return False
    if step.returns is Type.BOOL:
        return True
    if step.expressions:
        (computation,) = step.expressions.values()
        return _is_condition(computation.expression.root, computation.names, steps)
    if step.tool is None or step.tool == "Result":
        return any(_is_truth(name, steps) for name in step.uses)
    return is_yes_no_question(step)


def _is_condition(node: Node, names: Mapping[str, str], steps: Mapping[str, CheckedStep]) -> bool:
    match node:
        case Comparison() | Logic() | Unary("not") | Call("any" | "all") | Constant(bool()):
            return True
        case Conditional(_, then, otherwise):
            return all(_is_condition(each, names, steps) or _is_yes_no(each) for each in (then, otherwise))
        case Reference(name):
            return _is_truth(names[name], steps)
    return False


def _is_yes_no(node: Node) -> bool:
    return isinstance(node, Constant) and str(node.value).casefold() in ("yes", "no", "true", "false")


def is_yes_no_question(step: CheckedStep) -> bool:
    """Return whether a step asks a question that is answered with yes or no, for one picture."""
    question = step.arguments.get("question")
    if step.lifted or question is None:
        return False
    first = question.parts[0] if isinstance(question, Template) else question
    text = first.value if isinstance(first, Literal) else first
    if isinstance(first, Variable) or not isinstance(text, str):
        return False
    words = text.casefold().replace("\u2019", "'").split()
    return bool(words) and words[0] in _AUXILIARIES and " or " not in text.casefold()
