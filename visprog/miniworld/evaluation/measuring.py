"""The whole measurement: what is measured, on which seeds, and the report that comes of it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import perf_counter
from typing import TypeVar

import visprog
from visprog.errors import UsageError
from visprog.miniworld.evaluation import baselines, perception
from visprog.miniworld.evaluation.each import each
from visprog.miniworld.evaluation.examples import Gallery
from visprog.miniworld.evaluation.intervals import (
    bootstrap,
    f1,
    gain,
    mean,
    precision,
    proportion,
    recall,
)
from visprog.miniworld.evaluation.report import (
    TITLES,
    Figure,
    PlannerResult,
    Report,
    TaskResult,
    blamed,
    figure,
)
from visprog.miniworld.evaluation.trials import GOLD, Bench, Case, Trial
from visprog.miniworld.scene import Split
from visprog.miniworld.tasks import KINDS_OF_TASK, make_task
from visprog.miniworld.tasks.composition import make_pair
from visprog.miniworld.tasks.task import Task
from visprog.models.zoo import Zoo
from visprog.planner.selection import check_planner_name
from visprog.trace.number_format import duration

PARTS = (*perception.MEASURES, *KINDS_OF_TASK)
"""All that can be measured: the modules, and the kinds of tasks."""

PLANNERS = (GOLD, "examples", "transformers:visprog-mini/t5")
"""The planners that are measured where no other is named."""

Progress = Callable[[str, int, int], None]
"""Called with what is measured, and how many of all samples are done."""

_GAINS = {"gqa": 0.15, "nlvr": 0.15, "composition": 0.25}
"""By how much gold programs are to beat the baseline."""

_PLANNING = {"examples": 0.70, "transformers:visprog-mini/t5": 0.90}
"""How often the planners' programs are to be right."""

_ROLES = {
    "gqa": ("detector", "visual_qa"),
    "nlvr": ("detector", "visual_qa"),
    "composition": ("detector", "visual_qa", "image_text_scorer"),
    "knowtag": ("detector", "language_model", "image_text_scorer"),
    "imgedit": ("detector", "face_detector", "segmenter", "masker", "image_text_scorer", "inpainter"),
}
"""The models that each kind of task needs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is measured: `n` samples of each of the parts, with the seeds from `seed` on."""

    n: int = 500
    seed: int = 0
    split: Split = "test"
    parts: tuple[str, ...] = PARTS
    planners: tuple[str, ...] = PLANNERS

    @property
    def seeds(self) -> range:
        """The seeds."""
        return range(self.seed, self.seed + self.n)


def check(settings: Settings) -> None:
    """Raise UsageError for what cannot be measured."""
    for part in settings.parts:
        if part not in PARTS:
            raise UsageError(
                f"there is nothing called `{part}` to measure", help=f"choose of {', '.join(PARTS)}"
            )
    for name in settings.planners:
        check_planner_name(name, others=(GOLD,))


def measure(models: Zoo, settings: Settings, progress: Progress = lambda *_: None) -> Report:
    """Measure, and report. Raises UsageError, or ModelUnavailable before anything is measured."""
    check(settings)
    started, before = datetime.now(UTC).isoformat(timespec="seconds"), perf_counter()
    kinds = [kind for kind in KINDS_OF_TASK if kind in settings.parts]
    _load(models, settings, kinds)
    modules = tuple(_modules(models, settings, progress))
    gallery = Gallery()
    tasks, trials = [], list[Trial]()
    bench = Bench(models, settings.planners if kinds else (GOLD,))
    try:
        for kind in kinds:
            result, tried = _task(bench, kind, settings, gallery, progress)
            tasks.append(result)
            trials += [trial for trial in tried if kind != "composition"]
    finally:
        bench.close()
    facts = _facts(models, settings, started, perf_counter() - before)
    return Report(facts, modules, tuple(tasks), tuple(_planning(settings, trials)), gallery.trials)


def _load(models: Zoo, settings: Settings, kinds: Sequence[str]) -> None:
    """Load every model that will be needed: one that is missing is no failure of perception."""
    measures = (measure for part in settings.parts for measure in perception.MEASURES.get(part, ()))
    for role in dict.fromkeys(
        [
            *(role for measure in measures for role in measure.roles),
            *(r for kind in kinds for r in _ROLES[kind]),
        ]
    ):
        models.get(role)


def _modules(models: Zoo, settings: Settings, progress: Progress) -> Iterator[Figure]:
    for part in settings.parts:
        for found in perception.MEASURES.get(part, ()):

            def one(seed: int, found: perception.Measure = found) -> perception.Counts:
                return perception.counts_of(found, seed, settings.split, models)

            counts = list(_followed(found.name, each(one, settings.seeds), settings.n, progress))
            yield figure(found.name, bootstrap(counts, found.statistic), found.target)


def _task(
    bench: Bench, kind: str, settings: Settings, gallery: Gallery, progress: Progress
) -> tuple[TaskResult, list[Trial]]:
    """Try all tasks of a kind; return what came of them, and the trials without their records."""

    def tried(task: Task) -> tuple[tuple[Trial, ...], bool | None]:
        case = Case(task)
        return bench.try_out(case), baselines.alone(case, bench.models) if kind in baselines.NAMES else None

    tasks = list(tasks_of(kind, settings))
    by_planner: dict[str, list[Trial]] = {planner: [] for planner in settings.planners}
    theirs = []
    for trials, alone in _followed(TITLES[kind], each(tried, tasks), len(tasks), progress):
        for trial in trials:
            gallery.show(trial)
            by_planner[trial.planner].append(replace(trial, answers=()))
        theirs.append(alone is True)
    together = _paired if kind == "composition" else list
    results = tuple(_result(kind, each_, together(theirs)) for each_ in by_planner.values())
    return _with_baseline(kind, results, theirs), [trial for each_ in by_planner.values() for trial in each_]


def tasks_of(kind: str, settings: Settings) -> Iterator[Task]:
    """Yield the tasks of a kind; of a composition both pictures, one after the other."""
    for seed in settings.seeds:
        if kind == "composition":
            yield from make_pair(seed, settings.split)
        else:
            yield make_task(kind, seed, settings.split)


def _paired(right: Iterable[bool]) -> list[bool]:
    """Return for each two pictures that differ in composition alone whether both are right."""
    found = list(right)
    return [first and second for first, second in zip(found[::2], found[1::2], strict=True)]


def _with_baseline(kind: str, results: tuple[PlannerResult, ...], theirs: list[bool]) -> TaskResult:
    name = baselines.NAMES.get(kind)
    if name is None:
        return TaskResult(kind, TITLES[kind], None, results)
    if kind != "composition":
        return TaskResult(kind, TITLES[kind], figure(name, proportion(theirs)), results)
    single = figure(f"{name}: a picture at a time", proportion(theirs))
    return TaskResult(kind, TITLES[kind], figure(name, proportion(_paired(theirs))), results, (single,))


def _result(kind: str, trials: list[Trial], theirs: list[bool]) -> PlannerResult:
    planner = trials[0].planner
    right = [trial.score.right for trial in trials]
    ours = _paired(right) if kind == "composition" else right
    beaten = None
    if kind in baselines.NAMES:
        target = _GAINS[kind] if planner == GOLD else None
        name = f"{TITLES[kind]}: programs over {baselines.NAMES[kind]}"
        beaten = figure(name, gain(ours, theirs), target, "points")
    planning = proportion([trial.planned for trial in trials])
    return PlannerResult(
        planner,
        len(trials),
        figure("right", proportion(ours)),
        None if planner == GOLD else figure("program right", planning),
        beaten,
        tuple(_details(kind, trials)),
        blamed(trials),
    )


def _details(kind: str, trials: list[Trial]) -> Iterator[Figure]:
    if kind == "composition":
        yield figure("a picture at a time", proportion([trial.score.right for trial in trials]))
    elif kind == "knowtag":
        yield from _tagging(trials)
    elif kind == "imgedit":
        yield from _editing(trials)


def _tagging(trials: list[Trial]) -> Iterator[Figure]:
    def counts(matching: str) -> list[tuple[float, float, float]]:
        return [
            (parts.get(matching, 0), parts.get("found", 0), len(trial.task.tags))
            for trial in trials
            for parts in [trial.score.parts]
        ]

    for name, statistic in (("precision", precision), ("recall", recall), ("F1", f1)):
        yield figure(f"tags: {name}", bootstrap(counts("matched"), statistic))
    yield figure("localisation F1", bootstrap(counts("located"), f1))


def _editing(trials: list[Trial]) -> Iterator[Figure]:
    """Without an outcome nothing is right of an edit; what is untouched is told of edits that were made."""
    parts = [trial.score.parts for trial in trials]
    painting = [
        trial for trial in trials if trial.task.edit is not None and trial.task.edit.change == "replace"
    ]
    shows = [trial.score.parts.get("shows") == 1.0 for trial in painting]
    yield figure("mask IoU", mean([part.get("iou", 0.0) for part in parts]))
    exact = [part["outside"] == 1.0 for part in parts if "outside" in part]
    kept = [part["kept"] for part in parts if "kept" in part]
    if exact:
        yield figure("edits that touch no pixel outside their mask", proportion(exact))
    if kept:
        yield figure("pixels that were to stay, untouched", mean(kept))
    if shows:
        yield figure("the painted region is named right", proportion(shows))


def _planning(settings: Settings, trials: list[Trial]) -> Iterator[Figure]:
    for planner in settings.planners:
        planned = [trial.planned for trial in trials if trial.planner == planner]
        if planner != GOLD and planned:
            name = f"Programs by {planner}: right with the truth"
            yield figure(name, proportion(planned), _PLANNING.get(planner))


_Made = TypeVar("_Made")


def _followed(title: str, made: Iterable[_Made], total: int, progress: Progress) -> Iterator[_Made]:
    progress(title, 0, total)
    for done, one in enumerate(made, start=1):
        yield one
        progress(title, done, total)


def _facts(models: Zoo, settings: Settings, started: str, seconds: float) -> dict[str, str]:
    seeds = settings.seeds
    return {
        "models": models.profile.name,
        "split": settings.split,
        "seeds": f"{seeds.start} to {seeds.stop - 1}",
        "samples": f"{settings.n} of each",
        "planners": ", ".join(settings.planners),
        "started": started,
        "took": duration(seconds),
        "visprog": visprog.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
