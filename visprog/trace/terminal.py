"""A run on a terminal: a live list of its steps, and a table after it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from visprog.engine.events import Event, StepFailed, StepFinished, StepProgress, StepSkipped, StepStarted
from visprog.language.checked import CheckedStep
from visprog.printable import one_line
from visprog.trace.folders import without_folders
from visprog.trace.limits import Limits, shorten
from visprog.trace.number_format import cost, duration, elements, shared
from visprog.trace.shortening import Shortener
from visprog.trace.value_view import TEXT_LIMIT, describe

if TYPE_CHECKING:
    from visprog.trace.record import RunRecord, StepRecord

_WARNINGS = Limits(text=TEXT_LIMIT, items=100, value=10_000, total=10_000)

_LEAST = 20
"""Minimum width of the column of results. A narrower terminal cuts the other columns."""

_MARKS = {
    "done": ("✓", "green"),
    "cached": ("↺", "cyan"),
    "failed": ("✗", "bold red"),
    "skipped": ("–", "dim"),
    "unneeded": ("–", "dim"),
}


def render(run: RunRecord, console: Console) -> None:
    """Print the steps with their values and times, the warnings, and the result."""
    console.print(_steps(run, console.width))
    for warning in Shortener(_WARNINGS).lines(run.warnings):
        console.print(_line("warning: ", "yellow", without_folders(warning)))
    if spent := cost(run.tokens):
        console.print(_line("cost: ", "dim", spent))
    if run.error is None:
        console.print(_line(f"{run.checked.result} = ", "bold", describe(run.result).summary))
    else:
        console.print(_line("error: ", "bold red", without_folders(shorten(run.error.message, TEXT_LIMIT))))
        if run.error.help:
            console.print(_line("help: ", "cyan", without_folders(shorten(run.error.help, TEXT_LIMIT))))


def _steps(run: RunRecord, width: int) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    table.add_column()
    table.add_column(style="bold", no_wrap=True)
    table.add_column(style="magenta", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", style="dim", no_wrap=True)
    rows = [_row(record, run) for record in run.steps]
    others = sum(max((cell_len(str(row[column])) for row in rows), default=0) for column in (0, 1, 2, 3, 5))
    room = max(_LEAST, width - others - 10)  # 10: the gaps between columns
    for row, record in zip(rows, run.steps, strict=True):
        facts = _facts(record)
        row[4].truncate(max(_LEAST // 2, room - cell_len(facts)), overflow="ellipsis")
        row[4].append(facts, "dim").truncate(room, overflow="ellipsis")
        table.add_row(*row)
    return table


def _facts(record: StepRecord) -> str:
    """Return the number of elements of a step, and of the calls that a model answered together with it."""
    counts = elements(record.elements) if record.elements else ""
    return "".join(f"  {each}" for each in (counts, shared(record.together)) if each)


def _row(record: StepRecord, run: RunRecord) -> tuple[str, Text, str, str, Text, str]:
    mark, style = _MARKS[record.status]
    return (
        str(record.index + 1),
        Text(mark, style),
        one_line(record.name),
        one_line(record.step.tool or "="),
        _outcome(record, run),
        "" if record.status in ("skipped", "unneeded") else duration(record.seconds),
    )


def _outcome(record: StepRecord, run: RunRecord) -> Text:
    match record.status:
        case "failed":
            words = record.error.message if record.error else "failed"
            return Text(one_line(without_folders(shorten(words, TEXT_LIMIT))), "red")
        case "skipped":
            cause = "" if record.because is None else run.checked.steps[record.because].step.target
            return Text(f"skipped: {one_line(cause)} failed", "dim")
        case "unneeded":
            return Text("not needed for the result", "dim")
    return Text(one_line(describe(record.value).summary))


def _line(lead: str, style: str, words: str) -> Text:
    return Text.assemble((one_line(lead), style), one_line(words))


class LiveSteps:
    """Shows the steps on standard error while a program runs. Pass it to the engine as an observer.

        with LiveSteps(checked.steps) as live: ...

    If standard error is not a terminal, each finished step is printed as a plain line. Calls from several
    threads are safe.
    """

    def __init__(self, steps: Sequence[CheckedStep], console: Console | None = None) -> None:
        self._steps = steps
        self._console = console or Console(stderr=True)
        self._started: dict[int, float] = {}
        self._progress: dict[int, str] = {}
        self._finished: dict[int, Text] = {}
        self._lock = threading.Lock()
        self._live: Live | None = None

    def __enter__(self) -> LiveSteps:
        if self._console.is_terminal:
            self._live = Live(get_renderable=self.__rich__, console=self._console, refresh_per_second=12)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, event: Event) -> None:
        """Show an event."""
        with self._lock:
            if isinstance(event, StepStarted):
                self._started[event.index] = time.monotonic()
                return
            if isinstance(event, StepProgress):
                self._progress[event.index] = f"{event.done}/{event.total}"
                return
            line = self._finished[event.index] = self._finished_line(event)
        if not self._console.is_terminal:
            self._console.print(line, soft_wrap=True)

    def _finished_line(self, event: StepFinished | StepFailed | StepSkipped) -> Text:
        match event:
            case StepFinished():
                mark = _MARKS["cached" if event.cached else "done"]
                words, taken = describe(event.value).summary, duration(event.seconds)
            case StepFailed():
                mark, words, taken = _MARKS["failed"], event.error.message, duration(event.seconds)
            case StepSkipped():
                mark, taken = _MARKS["skipped"], ""
                cause = event.because
                words = "not needed" if cause is None else f"skipped: {self._name(cause)} failed"
        warnings = () if isinstance(event, StepSkipped) else event.warnings
        outcome = one_line(shorten("; ".join([words, *warnings]), 2 * TEXT_LIMIT))
        line = Text.assemble(mark, " ", self._title(event.index), "  ", outcome)
        spent = "" if isinstance(event, StepSkipped) else cost(event.tokens)
        counts, others = "", ""
        if isinstance(event, StepFinished):
            counts = elements(event.elements) if event.elements else ""
            others = shared(event.together)
        return line.append("".join(f"  {each}" for each in (taken, counts, others, spent) if each), "dim")

    def _name(self, index: int) -> str:
        return self._steps[index].step.target

    def _title(self, index: int) -> Text:
        tool = self._steps[index].tool or "="
        return Text.assemble((one_line(self._name(index)), "bold"), " ", (one_line(tool), "magenta"))

    def __rich__(self) -> Group:
        """Return the steps that fit the window: the running ones, and the last finished ones."""
        with self._lock:
            running = [index for index in self._started if index not in self._finished]
            room = max(1, self._console.height - len(running) - 2)
            finished = list(self._finished.values())[-room:]
        for line in finished:
            line.truncate(self._console.width, overflow="ellipsis")
        return Group(*finished, *self._running(running))

    def _running(self, indices: list[int]) -> Iterator[Spinner]:
        now = time.monotonic()
        for index in indices:
            done = f"  {self._progress[index]}" if index in self._progress else ""
            since = Text(f"{done}  {now - self._started[index]:.0f} s", "dim")
            yield Spinner("dots", Text.assemble(self._title(index), since), style="cyan")
