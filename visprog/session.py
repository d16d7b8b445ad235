"""The class VisProg: plan, check and run programs."""

from __future__ import annotations

import contextlib
import math
import platform
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image as PILImage

import visprog
from visprog.audio import load_audio
from visprog.engine.cache.disk import DiskMemo
from visprog.engine.cache.memory import DEFAULT_BYTES, Memo
from visprog.engine.interpreter import Interpreter
from visprog.engine.observing import Observer
from visprog.errors import AudioError, ProgramError, UsageError, VisProgError
from visprog.images import Images, Source, load_image, need_of
from visprog.inputs import input_names, named_images, read_program
from visprog.language import coercion
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import Parsed, parse
from visprog.language.program import Program
from visprog.language.summary import render_summary
from visprog.language.types import Type
from visprog.models.roles import Transcriber
from visprog.models.zoo import Zoo
from visprog.modules import TOOLS
from visprog.parallel import parallel_map
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

_WORKERS = 32
"""Maximum number of tasks that run at the same time."""

_MOST_BYTES = 2**30
"""Maximum number of bytes that reading and keeping the pictures of running tasks takes."""

_MAX_KEPT_PROGRAMS = 64
"""Number of programs, given as texts, that are kept with the result of their check."""

_MAX_KEPT_TEXT = 20_000
"""Maximum number of characters of such a program."""


class VisProg:
    """Plans programs from instructions, and runs them.

    `planner` is "auto", "examples", "patterns", "openai", "openai:MODEL", "transformers:MODEL", or a Planner.
    "auto" is a language model if OPENAI_API_KEY, OPENAI_BASE_URL or the `base_url` of the role language_model
    is set; otherwise it is the profile's choice, which is "examples" in most profiles. "openai" has the
    options of the role language_model. `models` is a profile's name or path, a mapping from role to model
    ("backend:identifier", "backend:identifier,option=value", or any object with the methods of the role), or
    a Zoo. `tools` are added to the built-in tools and to the tools of installed packages.

    Results are cached in memory, up to `memory` bytes; 0 turns the cache off. With `cache`, a folder or a
    DiskMemo, they are also kept on disk for other processes. At most `workers` + 1 steps compute at the same
    time; steps that wait for a model are not counted. With `batching`, calls of several steps to one model
    are combined. A run takes at most `deadline` seconds from its first step: unfinished steps fail then, and
    the results of the others are kept.
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
        self._check_text = lru_cache(_MAX_KEPT_PROGRAMS)(  # tools can be added, and not removed
            lambda text, names, _tool_count: self._check(parse(text), names)
        )
        self._interpreter = Interpreter(
            self.tools, self.models, memo=memo, workers=workers, batching=batching
        )

    @cached_property
    def planner(self) -> Planner:
        """The planner. It is chosen on first use, which may raise UsageError or ModelUnavailable."""
        return choose_planner(self._planner, self.models) if isinstance(self._planner, str) else self._planner

    def plan(self, instruction: str, inputs: Sequence[str] = (), *, task: str = "auto") -> Plan:
        """Return a program for an instruction. `inputs` are the names of the pictures, which are not read.

        Without names, a statement about two pictures has the inputs LEFT and RIGHT, and any other instruction
        has IMAGE. `task` names the bank of examples: "gqa", "nlvr", "knowtag", "imgedit", or "auto". Raises
        PlanError or ModelError if no program can be made.
        """
        return self.planner.plan(self._request(instruction, inputs, task))

    def check(
        self, program: str | Program | Parsed, inputs: Sequence[str] = ("IMAGE", "LEFT", "RIGHT")
    ) -> Checked:
        """Check a program for pictures with these names. It does not run, and its errors are not raised."""
        names = tuple(inputs)
        if isinstance(program, str) and len(program) <= _MAX_KEPT_TEXT:
            return self._check_text(program, names, len(self.tools))
        if isinstance(program, Program):
            read = parse(program.source)  # it knows of repairs; but the program may have been changed since
            program = read if read.program == program else Parsed(program)
        return self._check(parse(program) if isinstance(program, str) else program, names)

    def execute(
        self,
        program: str | Path | Program | Parsed | Checked | Plan,
        images: Images = (),
        *,
        observer: Observer | None = None,
        deadline: float | None = None,
    ) -> Run:
        """Run a program, or the program in a file, and return the record of the run: see `ok` and `result`.

        `deadline`, in seconds, replaces the session's. Steps that are unfinished then fail with a StepError
        whose cause is DeadlineExceeded.

        Raises ProgramError if the program has errors, before a picture is read or a tool is called. Raises
        ImageError if a picture cannot be read.
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
        """Plan a program for the instruction, and run it over the pictures."""
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
        """Sample several programs, run them all, and return a run with the most frequent result.

        `execute` runs the programs instead of the session, for example to show them. Raises UsageError if the
        planner always writes the same program, as `examples` does.
        """
        request = self._request(instruction, input_names(images), task)
        if not isinstance(self.planner, LanguageModelPlanner):
            raise UsageError(
                "the planner always writes the same program, so voting needs a language model",
                help="use `--planner openai` or `--planner transformers:MODEL`",
            )
        plans = self.planner.plan_many(request, votes)
        runs = [execute(plan) if execute else self.execute(plan, images) for plan in plans]
        voters = [run for run in runs if run.ok] or runs[:1]
        if not voters[0].ok:
            return voters[0]
        place, agreeing = _majority([run.result for run in voters])
        elected = voters[place]
        remark = f"{agreeing} of {votes} programs had this result"
        assert elected.plan is not None, "the program was planned above"  # noqa: S101
        plan = replace(
            elected.plan,
            remarks=(*elected.plan.remarks, remark),
            input_tokens=sum(each.input_tokens for each in plans),
            output_tokens=sum(each.output_tokens for each in plans),
        )
        return replace(elected, plan=plan)

    def run_many(
        self, tasks: Iterable[tuple[str, Images]], *, task: str = "auto", workers: int = _WORKERS
    ) -> Generator[Run | VisProgError, None, None]:
        """Run many instructions, each over its pictures; yield their runs in order.

        If an instruction cannot be planned, or a picture cannot be read, the error is yielded instead of a
        run. Up to `workers` tasks run at the same time, so that models can answer several calls together;
        fewer if the pictures are large. Steps that several tasks share run once.
        """

        def attempt(task_of_many: tuple[str, Images]) -> Run | VisProgError:
            instruction, images = task_of_many
            try:
                return self.run(instruction, images, task=task)
            except VisProgError as error:
                return error

        taken = ((instruction, _without_arrays(images)) for instruction, images in tasks)
        return parallel_map(
            attempt, taken, workers=workers, weight=lambda each: _needed(each[1]), capacity=_MOST_BYTES
        )

    def transcribe(self, speech: str | Path) -> str:
        """Return the words in a recording, WAV or FLAC, with the model of the role Transcriber.

        Raises AudioError if the file cannot be read, or contains no words.
        """
        samples = load_audio(speech)
        words = cast(Transcriber, self.models.get("transcriber")).transcribe(samples).strip()
        if not words:
            raise AudioError(f"no words were heard in {speech}", help="record it again, louder or closer")
        return words

    def close(self) -> None:
        """End the worker threads, and close the file of the cache."""
        self._interpreter.close()
        if self._disk is not None:
            self._disk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _request(self, instruction: str, inputs: Sequence[str], task: str) -> Request:
        if not str(instruction).strip():
            raise UsageError("the instruction is empty", help="describe what to do in words")
        if task == "auto":
            task = choose_task(instruction, len(inputs))
        elif task not in BANKS:
            raise UsageError(f"unknown task `{task}`", help=f"the tasks are auto, {', '.join(BANKS)}")
        names = inputs or usual_pictures(instruction, task)
        return Request(instruction, dict.fromkeys(names, Type.IMAGE), task, self.tools)

    def _check(self, parsed: Parsed, names: tuple[str, ...]) -> Checked:
        return check(parsed, self.tools, dict.fromkeys(names, Type.IMAGE))

    def _checked(self, program: str | Program | Parsed | Checked, names: tuple[str, ...]) -> Checked:
        """Check a program for these pictures, unless this session has already checked it for them."""
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
"""Seconds, about three years. The timers of operating systems overflow after a few centuries."""


def _checked_deadline(seconds: float | None) -> float | None:
    if seconds is None:
        return None
    if not 0 < seconds < math.inf:
        raise UsageError(
            f"the deadline must be more than 0 seconds, found {seconds:g}", help="give a number of seconds"
        )
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


def _without_arrays(images: Images) -> Images:
    """Read arrays and PIL pictures, which the caller may change before the task starts."""
    if isinstance(images, Mapping):
        return {name: _without_array(source) for name, source in images.items()}
    if isinstance(images, list | tuple):
        return [_without_array(source) for source in images]
    return _without_array(cast("Source", images))


def _without_array(source: Source) -> Source:
    if isinstance(source, np.ndarray | PILImage.Image):
        with contextlib.suppress(VisProgError):  # the task reports it
            return load_image(source)
    return source


def _needed(images: Images) -> int:
    """Return the bytes that reading and keeping the pictures takes; 0 if they cannot be read."""
    try:
        needs = [need_of(source) for source in named_images(images).values()]
    except VisProgError:
        return 0
    return sum(need.held for need in needs) + max((need.reading for need in needs), default=0)
