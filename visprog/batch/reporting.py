"""The output of a batch for the user: the progress line while it runs, and the summary at the end."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from visprog.batch.runner import Progress, Summary
from visprog.printable import json_text
from visprog.trace.number_format import cost, duration

_PRINT_INTERVAL = 10.0
"""Seconds between two lines if standard error is not a terminal."""


class ProgressLine:
    """Shows the progress on standard error. Give it to `run_batch` as `on_progress`.

    On a terminal the line is updated in place; otherwise a new line is printed every ten seconds. `clock`
    returns seconds.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._console = console or Console(stderr=True)
        self._clock = clock
        self._started = self._printed = clock()
        self._progress: Progress | None = None
        self._live: Live | None = None

    def __enter__(self) -> ProgressLine:
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._view, console=self._console, refresh_per_second=4, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, progress: Progress) -> None:
        """Show this progress."""
        self._progress = progress
        now = self._clock()
        if self._live is None and now - self._printed >= _PRINT_INTERVAL:
            self._printed = now
            self._console.print(self.text(), soft_wrap=True)

    def text(self) -> str:
        """Return the line: `120 of 1,000, 3.2 a second, 4 min 35 s left, 2 failed, 12 tokens in, 3 out`."""
        progress = self._progress
        if progress is None:
            return ""
        new, seconds = progress.done - progress.earlier, self._clock() - self._started
        parts = [f"{progress.done:,} of {progress.tasks:,}"]
        if new and seconds > 0:
            rate = new / seconds
            parts.append(f"{rate:.1f} a second" if rate >= 1 else f"{rate * 60:.1f} a minute")
            if progress.done < progress.tasks:
                parts.append(f"{duration((progress.tasks - progress.done) / rate)} left")
        if progress.failed:
            parts.append(f"{progress.failed:,} failed")
        if tokens := cost(progress.tokens):
            parts.append(tokens)
        return ", ".join(parts)

    def _view(self) -> Table:
        progress = self._progress or Progress(1)
        line = Table.grid(padding=(0, 1))
        line.add_row(ProgressBar(progress.tasks, progress.done, width=24), Text(self.text()))
        return line


def summary_text(summary: Summary) -> str:
    """Return the summary for people: `1,000 tasks: 998 done, 2 failed; 1,234 tokens in, 56 out`."""
    tasks = f"{summary.tasks:,} task{'' if summary.tasks == 1 else 's'}"
    counts = f"{summary.tasks - summary.failed:,} done, {summary.failed:,} failed"
    earlier = summary.tasks - summary.performed
    before = f" ({earlier:,} finished by earlier commands)" if earlier else ""
    tokens = cost(summary.tokens)
    remarks = _transient_remark(summary.transient) + _damage_warning(summary.damaged)
    return f"{tasks}: {counts}{before}{f'; {tokens}' if tokens else ''}{remarks}"


def summary_json(summary: Summary) -> str:
    """Return the summary as JSON, for other programs."""
    facts = {
        "tasks": summary.tasks,
        "done": summary.tasks - summary.failed,
        "failed": summary.failed,
        "performed": summary.performed,
        "damaged": summary.damaged,
        "transient": summary.transient,
        **summary.tokens._asdict(),
        "results": str(summary.results),
    }
    return json_text(facts)


def _damage_warning(lines: int) -> str:
    if not lines:
        return ""
    what = "a line of the journal is" if lines == 1 else f"{lines:,} lines of the journal are"
    return f"\nwarning: {what} damaged; the affected tasks were run again. Check the disk"


def _transient_remark(tasks: int) -> str:
    if not tasks:
        return ""
    what = "one task" if tasks == 1 else f"{tasks:,} tasks"
    return f"\n{what} failed because of a server, memory or a file; run the same command to try again"
