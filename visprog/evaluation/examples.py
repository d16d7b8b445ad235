"""Examples for the report page: a few successes and failures of each planner on each kind of task."""

from __future__ import annotations

from collections import Counter

from visprog.evaluation.benchmark import GOLD
from visprog.evaluation.trials import Blame, Trial

_SUCCESSES = 2
"""Maximum number of successes for each kind of task and planner."""

_FAILURES = 2
"""Maximum number of failures for each kind of task, planner and cause."""


class ExampleSelection:
    """Collects the first trials of each sort, each from another family of instructions."""

    def __init__(self) -> None:
        self._kept: list[Trial] = []
        self._sorts: Counter[tuple[str, str, bool, Blame | None]] = Counter()
        self._families: set[tuple[str, str, bool, Blame | None, str]] = set()

    def add(self, trial: Trial) -> None:
        """Keep a trial if its sort is not full yet.

        If gold programs and planners are evaluated on samples with truth, planners contribute only failures
        of planning: their other trials show the same as those of gold programs.
        """
        if trial.planner != GOLD and trial.planned is not None and trial.blame is not Blame.PLANNER:
            return
        sort = (trial.kind.name, trial.planner, trial.score.right, trial.blame)
        family = (*sort, trial.sample.family)
        room = _SUCCESSES if trial.score.right else _FAILURES
        if self._sorts[sort] < room and family not in self._families:
            self._sorts[sort] += 1
            self._families.add(family)
            self._kept.append(trial)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials by kind of task: successes first, then failures, those of gold programs first."""
        kinds = list(dict.fromkeys(trial.kind.name for trial in self._kept))
        return tuple(
            sorted(
                self._kept,
                key=lambda trial: (
                    kinds.index(trial.kind.name),
                    not trial.score.right,
                    trial.planner != GOLD,
                ),
            )
        )
