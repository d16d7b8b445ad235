"""The parts of a page as its template takes them: values, steps, failures and diagnostics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from visprog.errors import VisProgError, described
from visprog.language.diagnostics import Diagnostic
from visprog.trace.figures import Figure
from visprog.trace.limits import shorten
from visprog.trace.program_listing import Line

if TYPE_CHECKING:
    from visprog.trace.record import RunRecord

_CONTEXT = 200
"""Characters of a long line that are shown on each side of an error."""


class PageValue(NamedTuple):
    """A value for the page. Pictures and regions have a `figure`, lists and templates have `items`.

    `more` says how many items were left out.
    """

    kind: str
    text: str
    figure: Figure | None = None
    items: tuple[PageValue, ...] = ()
    more: str = ""
    variable: str = ""
    anchor: str = ""


class Element(NamedTuple):
    """One call of a tool for an item of a list, or one item of a list. Its number counts from 1."""

    number: int
    arguments: tuple[tuple[str, PageValue], ...]
    output: PageValue | None
    warning: str
    is_failed: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether the element has two pictures."""
        shown = [each for _, each in self.arguments] + ([self.output] if self.output else [])
        return sum(each.figure is not None for each in shown) > 1


class Strip(NamedTuple):
    """The elements of a list of `total` items. The `rest` is folded, and `more` counts those left out."""

    first: tuple[Element, ...]
    rest: tuple[Element, ...]
    total: int
    more: str

    @property
    def has_pictures(self) -> bool:
        """Whether its first element has a picture."""
        first = self.first[:1]
        shown = [value for each in first for value in (each.output, *(given for _, given in each.arguments))]
        return any(value is not None and value.figure is not None for value in shown)


class Bar(NamedTuple):
    """The time of a step, in percent of the whole run."""

    start: str
    width: str
    title: str


class Link(NamedTuple):
    """A step or input, with the id of the element that shows it."""

    text: str
    anchor: str


class Failure(NamedTuple):
    """Why a step failed: the message, advice, and the details that its causes add, outermost first."""

    message: str
    help: str | None
    causes: tuple[str, ...]


class Card(NamedTuple):
    """A step for the page."""

    number: int
    line: Line
    code: Markup
    tool: str
    status: str
    status_text: str
    time: str
    bar: Bar | None
    arguments: tuple[tuple[str, PageValue], ...]
    output: PageValue | None
    strip: Strip | None
    elements: str
    same: PageValue | None
    warnings: tuple[str, ...]
    models: tuple[str, ...]
    cost: str
    shared: str
    failure: Failure | None
    because: Link | None
    used_by: Markup


class QuotedDiagnostic(NamedTuple):
    """A diagnostic with its line, split into the marked part and the text on both sides."""

    diagnostic: Diagnostic
    before: str
    marked: str
    after: str


def quoted_diagnostics(run: RunRecord, diagnostics: Iterable[Diagnostic]) -> Iterator[QuotedDiagnostic]:
    """Yield each diagnostic with its line. A long line is cut on both sides of the marked part."""
    lines = run.program.source.splitlines()
    for diagnostic in diagnostics:
        span = diagnostic.span
        text = lines[span.line - 1] if 1 <= span.line <= len(lines) else ""
        start, end = span.column - 1, max(span.end - 1, span.column)
        before, marked, after = text[:start], text[start:end], text[end:]
        before = before if len(before) <= _CONTEXT else f"…{before[-_CONTEXT:]}"
        after = after if len(after) <= _CONTEXT else f"{after[:_CONTEXT]}…"
        yield QuotedDiagnostic(diagnostic, before, shorten(marked, _CONTEXT), after)


def causes(error: VisProgError) -> Iterator[str]:
    """Yield the details that the causes of an error add to its message, outermost first."""
    shown, cause = f"{error.message}\n{error.help}", error.__cause__
    for _ in range(5):
        if cause is None:
            return
        if details := _new_details(cause, shown):
            shown += details
            yield details
        cause = cause.__cause__


def _new_details(error: BaseException, shown: str) -> str:
    """Return the message and help of an error, without the parts that `shown` already contains."""
    kind = f"{type(error).__name__}: "
    if not isinstance(error, VisProgError):
        text = described(error)
        return "" if text.removeprefix(kind) in shown else text
    details = "\n".join(part for part in (error.message, error.help or "") if part not in shown)
    return f"{kind}{details.removeprefix(kind)}" if details else ""
