"""Which variable holds a program's result, and which steps it depends on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from visprog.language import diagnostics
from visprog.language.diagnostics import Diagnostic

if TYPE_CHECKING:
    from visprog.language.checker import CheckedStep

RESULT_NAMES = frozenset({"result", "final_result", "final_answer"})
"""The variables, case ignored, that hold a program's result."""


def result_of(steps: tuple[CheckedStep, ...]) -> str:
    """Return the variable that holds the result, in single-assignment form."""
    named = [each.name for each in steps if each.step.target.casefold() in RESULT_NAMES]
    return named[-1] if named else steps[-1].name if steps else ""


def needed_for(result: str, steps: tuple[CheckedStep, ...]) -> frozenset[int]:
    """Return the indices of the steps that the result depends on.

    One walk backwards is enough: a step comes after everything that it uses.
    """
    wanted, needed = {result}, set()
    for index in range(len(steps) - 1, -1, -1):
        if steps[index].name in wanted:
            needed.add(index)
            wanted.update(steps[index].uses)
    return frozenset(needed)


def useless(steps: tuple[CheckedStep, ...], needed: frozenset[int]) -> Iterable[Diagnostic]:
    """Yield a warning for each step that the result does not depend on."""
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
