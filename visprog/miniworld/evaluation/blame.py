"""Where a failure comes from: the planner, perception, or logic."""

from __future__ import annotations

from enum import StrEnum


class Blame(StrEnum):
    """The first stage at fault."""

    LOGIC = "logic"
    PLANNER = "planner"
    PERCEPTION = "perception"


def blame(*, gold_with_truth: bool, program_with_truth: bool) -> Blame:
    """Return what a failed task fails by, told by running it again with the scene's truth for models.

    Every failure has one cause, the first of these:

    - logic: the gold program is wrong even with the truth, so that no plan and no model could have helped;
    - planner: the gold program is right with the truth, and the planner's is not, or there is none;
    - perception: the planner's program is right with the truth, so that only the models are left.
    """
    if not gold_with_truth:
        return Blame.LOGIC
    return Blame.PERCEPTION if program_with_truth else Blame.PLANNER
