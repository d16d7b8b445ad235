"""The runner: evaluates models and planners on a data set, and returns a report."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import TypeVar

import visprog
from visprog.errors import ModelError, UsageError
from visprog.evaluation.benchmark import GOLD, Benchmark, Measure, Sample, TaskKind
from visprog.evaluation.examples import ExampleSelection
from visprog.evaluation.report import Report, TaskResult
from visprog.evaluation.statistics import Figure, bootstrap, figure, proportion
from visprog.evaluation.summary import Outcome, summarise
from visprog.evaluation.trials import Bench, Trial
from visprog.models.zoo import Zoo
from visprog.parallel import parallel_map
from visprog.planner.selection import check_planner_name
from visprog.trace.number_format import duration

Progress = Callable[[str, int, int], None]
"""Called with the title of a part, the number of samples that are finished, and their total number."""

_Result = TypeVar("_Result")

_WORKERS = 2
"""Number of threads that evaluate samples."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The scope of an evaluation: `n` samples of each part of a data set, with numbers from `seed`.

    None means all parts of the data set, or its default planners.
    """

    n: int = 500
    seed: int = 0
    split: str = "test"
    parts: tuple[str, ...] | None = None
    planners: tuple[str, ...] | None = None

    @property
    def seeds(self) -> range:
        """The numbers of the samples."""
        return range(self.seed, self.seed + self.n)


def check(benchmark: Benchmark, settings: Settings) -> None:
    """Raise UsageError if the data set does not have the split or the parts, or a planner is unknown."""
    if settings.split not in benchmark.splits:
        raise UsageError(
            f"unknown split `{settings.split}`", help=f"choose one of {', '.join(benchmark.splits)}"
        )
    for part in settings.parts or ():
        if part not in benchmark.parts:
            raise UsageError(f"unknown part `{part}`", help=f"choose from {', '.join(benchmark.parts)}")
    extra = (GOLD,) if GOLD in benchmark.planners else ()
    for name in settings.planners or ():
        check_planner_name(name, others=extra)


def evaluate(
    benchmark: Benchmark, models: Zoo, settings: Settings, progress: Progress = lambda *_: None
) -> Report:
    """Evaluate models on a data set.

    Raise UsageError if the settings do not fit the data set, and ModelUnavailable if a needed model cannot be
    loaded. Both are raised before anything is measured.
    """
    check(benchmark, settings)
    started, before = datetime.now(UTC).isoformat(timespec="seconds"), perf_counter()
    return _Evaluation(benchmark, models, settings, progress).report(started, before)


class _Evaluation:
    def __init__(self, benchmark: Benchmark, models: Zoo, settings: Settings, progress: Progress) -> None:
        parts = benchmark.parts if settings.parts is None else settings.parts
        self.benchmark, self.models, self.settings, self.progress = benchmark, models, settings, progress
        self.planners = benchmark.planners if settings.planners is None else settings.planners
        self.kinds = [kind for kind in benchmark.kinds if kind.name in parts]
        self.measures = [measure for part in parts for measure in benchmark.measures.get(part, ())]
        self.examples = ExampleSelection()
        self.planned: dict[str, list[bool]] = {planner: [] for planner in self.planners}

    def report(self, started: str, before: float) -> Report:
        self._load()
        modules = tuple(map(self._measured, self.measures))
        tasks = tuple(self._tasks())
        facts = self._facts(started, perf_counter() - before)
        planning = tuple(self._planning())
        return Report(self.benchmark.title, facts, modules, tasks, planning, self.examples.trials)

    def _load(self) -> None:
        """Load every model that is needed, so that a missing model does not count as failed samples."""
        for role in dict.fromkeys(
            [
                *(role for measure in self.measures for role in measure.roles),
                *(role for kind in self.kinds for role in kind.roles),
            ]
        ):
            self.models.get(role)

    def _measured(self, measure: Measure) -> Figure:
        def counts(number: int) -> Sequence[float]:
            return measure.counts(number, self.settings.split, self.models)

        found = self._followed(
            measure.name, parallel_map(counts, self.settings.seeds, workers=_WORKERS), self.settings.n
        )
        return figure(measure.name, bootstrap(list(found), measure.statistic), measure.target)

    def _tasks(self) -> Iterator[TaskResult]:
        if not self.kinds:
            return
        bench = Bench(self.models, self.planners)
        try:
            for kind in self.kinds:
                yield self._task(bench, kind)
        finally:
            bench.close()

    def _task(self, bench: Bench, kind: TaskKind) -> TaskResult:
        outcomes: dict[str, list[Outcome]] = {planner: [] for planner in self.planners}
        baseline = []
        for trials, baseline_is_right in self._trials(bench, kind):
            for trial in trials:
                self.examples.add(trial)
                outcomes[trial.planner].append(Outcome.of(trial))
            baseline.append(baseline_is_right)
        if not baseline:
            split, first = self.settings.split, self.settings.seed
            raise UsageError(
                f"the split `{split}` has no samples of `{kind.name}` from number {first}",
                help="choose a smaller --seed",
            )
        if kind.planning:
            for planner, found in outcomes.items():
                self.planned[planner] += [one.planned for one in found if one.planned is not None]
        return summarise(kind, outcomes, baseline)

    def _trials(self, bench: Bench, kind: TaskKind) -> Iterator[tuple[tuple[Trial, ...], bool]]:
        def tried(sample: Sample) -> tuple[tuple[Trial, ...], bool]:
            return bench.try_out(kind, sample), self._baseline(kind, sample)

        samples = kind.samples(self.settings.seeds, self.settings.split)
        total = self.settings.n * (kind.group.size if kind.group else 1)
        return self._followed(kind.title, parallel_map(tried, samples, workers=_WORKERS), total)

    def _baseline(self, kind: TaskKind, sample: Sample) -> bool:
        """Return whether the baseline is right. A model that fails is not."""
        try:
            return kind.baseline is not None and kind.baseline.is_right(sample, self.models)
        except ModelError:
            return False

    def _planning(self) -> Iterator[Figure]:
        for planner, planned in self.planned.items():
            if planner != GOLD and planned:
                name = f"Programs by {planner}: right with the truth"
                yield figure(name, proportion(planned), self.benchmark.planning.get(planner))

    def _followed(self, title: str, results: Iterable[_Result], total: int) -> Iterator[_Result]:
        self.progress(title, 0, total)
        for done, result in enumerate(results, start=1):
            yield result
            self.progress(title, done, total)

    def _facts(self, started: str, seconds: float) -> dict[str, str]:
        seeds = self.settings.seeds
        licence = {"licence": self.benchmark.licence} if self.benchmark.licence else {}
        return {
            "models": self.models.profile.name,
            "split": self.settings.split,
            "seeds": f"{seeds.start} to {seeds.stop - 1}",
            "samples": f"{self.settings.n} of each",
            "planners": ", ".join(self.planners),
            "started": started,
            "took": duration(seconds),
            "visprog": visprog.__version__,
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            **licence,
        }
