"""How far a batch is, in one line: rate, remaining time, failures and cost."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from visprog.batch.runner import Progress
from visprog.trace.number_format import cost, duration

_PLAIN_EVERY = 10.0


class ProgressLine:
    """Shows the line on standard error while a batch runs; give it to `run_batch` as `watch`.

    On a terminal it moves; elsewhere a line is printed every ten seconds. `clock` tells seconds.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._console = console or Console(stderr=True)
        self._clock = clock
        self._began = self._said = clock()
        self._state: Progress | None = None
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

    def __call__(self, state: Progress) -> None:
        """Take notice of how far the batch is."""
        self._state = state
        now = self._clock()
        if self._live is None and now - self._said >= _PLAIN_EVERY:
            self._said = now
            self._console.print(self.words(), soft_wrap=True)

    def words(self) -> str:
        """Return the line: `120 of 1,000, 3.2 a second, 4 min 35 s left, 2 failed, 12 tokens in, 3 out`."""
        state = self._state
        if state is None:
            return ""
        fresh, seconds = state.done - state.earlier, self._clock() - self._began
        parts = [f"{state.done:,} of {state.tasks:,}"]
        if fresh and seconds > 0:
            rate = fresh / seconds
            parts.append(f"{rate:.1f} a second" if rate >= 1 else f"{rate * 60:.1f} a minute")
            if state.done < state.tasks:
                parts.append(f"{duration((state.tasks - state.done) / rate)} left")
        if state.failed:
            parts.append(f"{state.failed:,} failed")
        if spent := cost(state.tokens):
            parts.append(spent)
        return ", ".join(parts)

    def _view(self) -> Table:
        state = self._state or Progress(1)
        line = Table.grid(padding=(0, 1))
        line.add_row(ProgressBar(state.tasks, state.done, width=24), Text(self.words()))
        return line
