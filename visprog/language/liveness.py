"""Find the variable of a program's result and the steps that the result depends on."""

from __future__ import annotations

from collections.abc import Iterable

from visprog.language import diagnostics
from visprog.language.checked import CheckedStep
from visprog.language.diagnostics import Diagnostic

RESULT_NAMES = frozenset({"result", "final_result", "final_answer"})
"""The variables for a program's result; case is ignored."""


def result_name(steps: tuple[CheckedStep, ...]) -> str:
    """Return the variable of the result in single-assignment form; "" if there are no steps."""
    named = [each.name for each in steps if each.step.target.casefold() in RESULT_NAMES]
    return named[-1] if named else steps[-1].name if steps else ""


def live_steps(result: str, steps: tuple[CheckedStep, ...]) -> frozenset[int]:
    """Return the indices of the steps that the result depends on.

    One pass backwards is enough: a step comes after every step that it uses.
    """
    names, needed = {result}, set()
    for index in range(len(steps) - 1, -1, -1):
        if steps[index].name in names:
            needed.add(index)
            names.update(steps[index].uses)
    return frozenset(needed)


def unused_steps(steps: tuple[CheckedStep, ...], needed: frozenset[int]) -> Iterable[Diagnostic]:
    """Yield a warning for each step that the result does not depend on."""
    used = {name for each in steps for name in each.uses}
    for index, each in enumerate(steps):
        if index in needed:
            continue
        target, span = each.step.target, each.step.span
        if each.name in used:
            message = f"the result does not depend on `{target}`"
            yield diagnostics.warning("dead-step", message, span, "the step will not run")
        else:
            message = f"`{target}` is never used"
            yield diagnostics.warning(
                "unused-variable", message, span, "use it or remove it; the step will not run"
            )
