"""Examples for the page: a few successes and failures of each planner on each kind of task."""

from __future__ import annotations

from collections import Counter

from visprog.miniworld.evaluation.blame import Blame
from visprog.miniworld.evaluation.trials import GOLD, Trial

_SUCCESSES = 2
_FAILURES = 2
"""So many by each cause."""


class Gallery:
    """Keeps the first trials of each sort, of families that are not shown yet where there are some."""

    def __init__(self) -> None:
        self._kept: list[Trial] = []
        self._sorts: Counter[tuple[str, str, Blame | None]] = Counter()
        self._families: set[tuple[str, str, str, Blame | None]] = set()

    def show(self, trial: Trial) -> None:
        """Take a trial where it adds something: gold programs show all but failures of planning."""
        task = trial.task
        if trial.planner != GOLD and trial.blame is not Blame.PLANNER:
            return
        sort = task.kind, trial.planner, trial.blame
        family = (task.kind, task.family, trial.planner, trial.blame)
        room = _FAILURES if trial.blame else _SUCCESSES
        if self._sorts[sort] < room and family not in self._families:
            self._sorts[sort] += 1
            self._families.add(family)
            self._kept.append(trial)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """What was kept: kind by kind, the successes first, then the failures of gold programs."""
        kinds = list(dict.fromkeys(trial.task.kind for trial in self._kept))
        return tuple(
            sorted(
                self._kept,
                key=lambda trial: (
                    kinds.index(trial.task.kind),
                    trial.blame is not None,
                    trial.planner != GOLD,
                ),
            )
        )
