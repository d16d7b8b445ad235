"""Plan, check and run, on one page."""

from __future__ import annotations

import math
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import visprog
from visprog.audio import load_audio
from visprog.engine.cache.disk import DiskMemo
from visprog.engine.cache.memory import DEFAULT_BYTES, Memo
from visprog.engine.execution import Observer
from visprog.engine.interpreter import Interpreter
from visprog.errors import AudioError, ProgramError, UsageError, VisProgError
from visprog.images import Images, load_image, need_of
from visprog.inputs import input_names, named_images, read_program
from visprog.language import coercion
from visprog.language.checker import Checked, check
from visprog.language.parser import Parsed, parse
from visprog.language.program import Program
from visprog.language.summary import render_summary
from visprog.language.types import Type
from visprog.models.roles import Transcriber
from visprog.models.zoo import Zoo
from visprog.modules import TOOLS
from visprog.planner.language_model import LanguageModelPlanner
from visprog.planner.plan import Plan, Planner, Request
from visprog.planner.selection import check_planner_name, choose_planner
from visprog.planner.task_selection import choose_task, usual_pictures
from visprog.prompts import BANKS
from visprog.tool_sources import installed_tools
from visprog.tools import Registry, Tool
from visprog.trace.run import Run
from visprog.values import Image

if TYPE_CHECKING:
    from typing import Self

_AT_ONCE = 32
"""So many tasks of many are under way at a time."""

_HELD = 2**30
"""Bytes of pictures that tasks under way hold, and that reading the next ones takes, all together."""


class VisProg:
    """Plans programs from instructions, and runs them.

    `planner` is "auto" (a language model if OPENAI_API_KEY, OPENAI_BASE_URL or the `base_url` of the role
    language_model is set, else the profile's choice, which is the examples in most), "examples", "openai",
    "openai:MODEL", "transformers:MODEL", or a Planner. "openai" has the options of the role language_model.
    `models` is a profile's name or path, a mapping from role to model ("backend:identifier",
    "backend:identifier,option=value", or any object that does what the role says), or a Zoo. `tools` are
    added to the built-in ones and to those of installed packages. What was computed once is remembered, up to
    `memory` bytes; 0 remembers nothing. With `cache`, a folder or a DiskMemo, it is kept on disk too, for
    other processes. At most `workers` steps and one more compute at once; those that wait for a model do not
    count. With `batching`, what steps ask of one model at the same time is asked of it at once. A run takes
    at most `deadline` seconds, from its first step on: steps that are not done by then fail, and the results
    of the others stay.
    """

    def __init__(
        self,
        *,
        planner: str | Planner = "auto",
        models: str | Path | Mapping[str, object] | Zoo = "base",
        tools: Iterable[Tool] = (),
        memory: int = DEFAULT_BYTES,
        cache: str | Path | DiskMemo | None = None,
        workers: int | None = None,
        batching: bool = True,
        deadline: float | None = None,
    ) -> None:
        self._deadline = _checked_deadline(deadline)
        self.tools = Registry([*TOOLS, *installed_tools(), *tools])
        self.models = models if isinstance(models, Zoo) else _zoo(models)
        self.tools.check_settings(self.models.profile.tools)
        if isinstance(planner, str):
            check_planner_name(planner)
        self._planner = planner
        self._disk = cache if isinstance(cache, DiskMemo) or cache is None else DiskMemo(cache)
        memo = Memo(memory, self._disk) if memory or self._disk is not None else None
        self._interpreter = Interpreter(
            self.tools, self.models, memo=memo, workers=workers, batching=batching
        )

    @cached_property
    def planner(self) -> Planner:
        """The planner, chosen on first use. Raises UsageError or ModelUnavailable."""
        return choose_planner(self._planner, self.models) if isinstance(self._planner, str) else self._planner

    def plan(self, instruction: str, inputs: Sequence[str] = (), *, task: str = "auto") -> Plan:
        """Make a program from an instruction. `inputs` names the pictures; none is looked at.

        Without names, a statement about two pictures is about LEFT and RIGHT, and all else about IMAGE.
        `task` names the bank of examples: "gqa", "nlvr", "knowtag", "imgedit", or "auto". Raises PlanError or
        ModelError where no program can be made.
        """
        return self.planner.plan(self._request(instruction, inputs, task))

    def check(
        self, program: str | Program | Parsed, inputs: Sequence[str] = ("IMAGE", "LEFT", "RIGHT")
    ) -> Checked:
        """Check a program that will be given pictures of these names. Nothing is raised or run."""
        if isinstance(program, Program):
            read = parse(program.source)  # knows of mends; but the program may have been changed since
            program = read if read.program == program else Parsed(program)
        parsed = parse(program) if isinstance(program, str) else program
        return check(parsed, self.tools, dict.fromkeys(inputs, Type.IMAGE))

    def execute(
        self,
        program: str | Path | Program | Parsed | Checked | Plan,
        images: Images = (),
        *,
        observer: Observer | None = None,
        deadline: float | None = None,
    ) -> Run:
        """Run a program; a Path is a file with one. The Run says what came of each step: see `ok`, `result`.

        `deadline`, in seconds, takes the place of the session's. Steps that are not done by then have failed,
        by a StepError with a DeadlineExceeded as its cause.

        Raises ProgramError where the program has errors, before any picture is read or any tool is called,
        and ImageError where a picture cannot be read.
        """
        seconds = self._deadline if deadline is None else _checked_deadline(deadline)
        pictures = named_images(images)
        plan = program if isinstance(program, Plan) else None
        if isinstance(program, Path):
            program = read_program(program)
        checked = self._checked(program.checked if isinstance(program, Plan) else program, tuple(pictures))
        if not checked.ok:
            errors = [each for each in checked.diagnostics if each.is_error]
            message = f"the program has {len(errors)} error{'s' * (len(errors) > 1)}"
            shown = render_summary(errors, checked.program.source or str(checked.program))
            raise ProgramError(f"{message}\n\n{shown}", checked.diagnostics)
        return self._run(checked, _loaded(pictures), plan, observer, seconds)

    def run(
        self, instruction: str, images: Images = (), *, task: str = "auto", observer: Observer | None = None
    ) -> Run:
        """Plan a program from the instruction, and run it over the pictures."""
        plan = self.plan(instruction, input_names(images), task=task)
        return self.execute(plan, images, observer=observer)

    def vote(
        self,
        instruction: str,
        images: Images = (),
        *,
        votes: int,
        task: str = "auto",
        execute: Callable[[Plan], Run] | None = None,
    ) -> Run:
        """Sample several programs, run them all, and return the run whose result most of them agree on.

        `execute` runs each of them in place of the session's own, such as to show them. Raises UsageError
        where the planner always writes the same program, as `examples` does.
        """
        request = self._request(instruction, input_names(images), task)
        if not isinstance(self.planner, LanguageModelPlanner):
            raise UsageError(
                "the planner always writes the same program, so that there is nothing to vote on",
                help="vote with a language model, by `--planner openai` or `--planner transformers:MODEL`",
            )
        plans = self.planner.plan_many(request, votes)
        runs = [execute(plan) if execute else self.execute(plan, images) for plan in plans]
        voters = [run for run in runs if run.ok] or runs[:1]
        if not voters[0].ok:
            return voters[0]
        place, agreeing = _majority([run.result for run in voters])
        elected = voters[place]
        remark = f"{agreeing} of {votes} programs came to this result"
        assert elected.plan is not None, "it was planned above"  # noqa: S101
        plan = replace(
            elected.plan,
            remarks=(*elected.plan.remarks, remark),
            input_tokens=sum(each.input_tokens for each in plans),
            output_tokens=sum(each.output_tokens for each in plans),
        )
        return replace(elected, plan=plan)

    def run_many(
        self, tasks: Iterable[tuple[str, Images]], *, task: str = "auto", workers: int = _AT_ONCE
    ) -> Iterator[Run | VisProgError]:
        """Run many instructions, each over its pictures; yield what came of them, in order.

        Where an instruction cannot be planned, or a picture cannot be read, its error stands in the run's
        place. `workers` of them are under way at a time, so that calls to models can be gathered; fewer where
        pictures are large. Steps that several of them have in common run once.
        """

        def attempt(instruction: str, images: Images) -> Run | VisProgError:
            try:
                return self.run(instruction, images, task=task)
            except VisProgError as error:
                return error

        waiting: deque[tuple[Future[Run | VisProgError], int]] = deque()
        held = 0
        pool = ThreadPoolExecutor(workers, thread_name_prefix="visprog-run")
        try:
            for instruction, images in tasks:  # it may be a stream without end
                needed = _needed(images)
                while waiting and held + needed > _HELD:
                    run, size = waiting.popleft()
                    held -= size
                    yield run.result()
                try:
                    pictures = _loaded(images)
                except VisProgError as error:
                    pictures, run = {}, Future[Run | VisProgError]()
                    run.set_result(error)
                else:
                    run = pool.submit(attempt, instruction, pictures)
                size = sum(picture.pixels.nbytes for picture in pictures.values())
                waiting.append((run, size))
                held += size
                while waiting and (waiting[0][0].done() or len(waiting) > 2 * workers):
                    run, size = waiting.popleft()
                    held -= size
                    yield run.result()
            while waiting:
                yield waiting.popleft()[0].result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # whoever stops here wants no more of them

    def transcribe(self, speech: str | Path) -> str:
        """Return what is said in a recording, WAV or FLAC, as the role Transcriber hears it.

        Raises AudioError where it cannot be read, or nothing is said.
        """
        samples = load_audio(speech)
        said = cast(Transcriber, self.models.get("transcriber")).transcribe(samples).strip()
        if not said:
            raise AudioError(f"nothing is said in {speech}", help="record it again, louder or closer")
        return said

    def close(self) -> None:
        """Let the worker threads go, and the file of a cache."""
        self._interpreter.close()
        if self._disk is not None:
            self._disk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _request(self, instruction: str, inputs: Sequence[str], task: str) -> Request:
        if not str(instruction).strip():
            raise UsageError("the instruction is empty", help="say in words what is to be done")
        if task == "auto":
            task = choose_task(instruction, len(inputs))
        elif task not in BANKS:
            raise UsageError(f"there is no task `{task}`", help=f"the tasks are auto, {', '.join(BANKS)}")
        names = inputs or usual_pictures(instruction, task)
        return Request(instruction, dict.fromkeys(names, Type.IMAGE), task, self.tools)

    def _checked(self, program: str | Program | Parsed | Checked, names: tuple[str, ...]) -> Checked:
        """Check a program for these pictures; what this session found sound for them is taken as it is."""
        if not isinstance(program, Checked):
            return self.check(program, names)
        if program.ok and program.tools is self.tools and program.used_inputs <= set(names):
            return program
        return self.check(program.parsed or program.program, names)

    def _run(
        self,
        checked: Checked,
        images: Mapping[str, Image],
        plan: Plan | None,
        observer: Observer | None,
        deadline: float | None,
    ) -> Run:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        before = perf_counter()
        events = self._interpreter.run(checked, images, observer, deadline)
        seconds = perf_counter() - before
        return Run(checked, images, events, started, seconds, plan, self._environment())

    def _environment(self) -> dict[str, str]:
        return {
            "visprog": visprog.__version__,
            "python": platform.python_version(),
            "platform": platform.platform(terse=True),
            "models": self.models.profile.name,
        }


_LONGEST_DEADLINE = 1e8
"""About three years. Timers of the system take no more than some centuries."""


def _checked_deadline(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    if not 0 < seconds < math.inf:
        raise UsageError(f"the deadline is {seconds:g} seconds", help="give a number of seconds above 0")
    return min(seconds, _LONGEST_DEADLINE)


def _majority(results: Sequence[Any]) -> tuple[int, int]:
    """Return the index of the most frequent result, the first of several, and how often it occurs.

    Results are compared as Eval compares them: 'Two' equals 2.
    """
    counts = [sum(coercion.equal(result, other) for other in results) for result in results]
    most = max(counts)
    return counts.index(most), most


def _zoo(models: str | Path | Mapping[str, object]) -> Zoo:
    return Zoo(models=models) if isinstance(models, Mapping) else Zoo(models)


def _loaded(images: Images) -> dict[str, Image]:
    return {name: load_image(source) for name, source in named_images(images).items()}


def _needed(images: Images) -> int:
    """Return how many bytes it takes to read and hold pictures; nothing for those that cannot be read."""
    try:
        needs = [need_of(source) for source in named_images(images).values()]
    except VisProgError:
        return 0
    return sum(need.held for need in needs) + max((need.reading for need in needs), default=0)
