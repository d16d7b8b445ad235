"""The parts of a page, ready for its template: values, steps, failures and remarks on the program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from visprog.errors import VisProgError, described
from visprog.language.diagnostics import Diagnostic
from visprog.trace.figures import Figure
from visprog.trace.limits import shorten
from visprog.trace.program_listing import Line

if TYPE_CHECKING:
    from visprog.trace.run import Run

_CONTEXT = 200
"""Characters of a long line that are shown on each side of a fault."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, ready for the page. `figure` is there for pictures and regions, `items` for a list.

    `more` says what was left out.
    """

    kind: str
    text: str
    figure: Figure | None = None
    items: tuple[Shown, ...] = ()
    more: str = ""
    variable: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A step's time on the run's time line, in percent of the run."""

    start: str
    width: str
    words: str


@dataclass(frozen=True, slots=True)
class Link:
    """A step or input and the id of the element that shows it."""

    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step failed: the message, what to do, and what the errors beneath add, outermost first."""

    message: str
    help: str | None
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One step, ready for the page."""

    number: int
    line: Line
    code: Markup
    tool: str
    status: str
    words: str
    time: str
    bar: Bar | None
    arguments: tuple[tuple[str, Shown], ...]
    output: Shown | None
    same: Shown | None
    warnings: tuple[str, ...]
    models: tuple[str, ...]
    cost: str
    shared: str
    failure: Failure | None
    because: Link | None
    used_by: tuple[Link, ...]
    more_users: int


@dataclass(frozen=True, slots=True)
class Complaint:
    """A diagnostic with the line that it is about, split around the place."""

    diagnostic: Diagnostic
    before: str
    marked: str
    after: str


def complaints(run: Run, diagnostics: Iterable[Diagnostic]) -> Iterator[Complaint]:
    """Yield each diagnostic with its line, or with what stands around the place in a long one."""
    lines = run.program.source.splitlines()
    for diagnostic in diagnostics:
        span = diagnostic.span
        text = lines[span.line - 1] if 1 <= span.line <= len(lines) else ""
        start, end = span.column - 1, max(span.end - 1, span.column)
        before, marked, after = text[:start], text[start:end], text[end:]
        before = before if len(before) <= _CONTEXT else f"…{before[-_CONTEXT:]}"
        after = after if len(after) <= _CONTEXT else f"{after[:_CONTEXT]}…"
        yield Complaint(diagnostic, before, shorten(marked, _CONTEXT), after)


def causes(error: VisProgError) -> Iterator[str]:
    """Yield what the errors beneath add to an error, outermost first."""
    said, cause = f"{error.message}\n{error.help}", error.__cause__
    for _ in range(5):
        if cause is None:
            return
        if news := _news(cause, said):
            said += news
            yield news
        cause = cause.__cause__


def _news(error: BaseException, said: str) -> str:
    """Return what an error says that `said` does not hold yet; most repeat the one beneath, and its help."""
    kind = f"{type(error).__name__}: "
    if not isinstance(error, VisProgError):
        text = described(error)
        return "" if text.removeprefix(kind) in said else text
    news = "\n".join(part for part in (error.message, error.help or "") if part not in said)
    return f"{kind}{news.removeprefix(kind)}" if news else ""
