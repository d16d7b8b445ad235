"""The progress line of a batch."""

from __future__ import annotations

import io
from collections.abc import Callable

from rich.console import Console

from visprog.batch.reporting import ProgressLine
from visprog.batch.runner import Progress
from visprog.models.usage import Tokens


def clock() -> tuple[list[float], Callable[[], float]]:
    now = [0.0]
    return now, lambda: now[0]


def test_the_line_shows_rate_remaining_time_failures_and_cost() -> None:
    now, read = clock()
    line = ProgressLine(Console(file=io.StringIO()), read)
    assert line.text() == ""
    line(Progress(1_000))
    assert line.text() == "0 of 1,000"
    now[0] = 50
    line(Progress(1_000, 300, 200, 2, Tokens(1_234, 56)))
    assert line.text() == ("300 of 1,000, 2.0 a second, 5 min 50 s left, 2 failed, 1,234 tokens in, 56 out")
    now[0] = 1_000
    line(Progress(1_000, 1_000, 900))
    assert line.text() == "1,000 of 1,000, 6.0 a minute"


def test_without_a_terminal_the_line_is_printed_every_ten_seconds() -> None:
    (now, read), printed = clock(), io.StringIO()
    with ProgressLine(Console(file=printed), read) as line:
        for second in range(25):
            now[0] = float(second)
            line(Progress(100, second))
    assert printed.getvalue().splitlines() == [
        "10 of 100, 1.0 a second, 1 min 30 s left",
        "20 of 100, 1.0 a second, 1 min 20 s left",
    ]


def test_on_a_terminal_the_line_is_updated_in_place() -> None:
    printed = io.StringIO()
    with ProgressLine(Console(file=printed, force_terminal=True, width=100)) as line:
        line(Progress(100, 40, 40))
    assert "40 of 100" in printed.getvalue()
