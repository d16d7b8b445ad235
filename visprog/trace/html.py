"""A run as one self-contained HTML page: it asks for nothing from outside, and reads well without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from visprog.errors import VisProgError
from visprog.language.checker import CheckedStep
from visprog.language.diagnostics import Diagnostic
from visprog.language.program import ListValue, Literal, Value, Variable
from visprog.trace.figures import Album, Figure
from visprog.trace.listing import Line, Token, input_anchor, listing, step_anchor
from visprog.trace.pages import allowed, environment, packed, source
from visprog.trace.rendering import Description, cost, describe, duration, shared, shorten, visible
from visprog.values import Image, Region, Regions

if TYPE_CHECKING:
    from visprog.trace.run import Run, StepRecord

_WORDS = {
    "done": "computed",
    "cached": "remembered",
    "failed": "failed",
    "skipped": "skipped",
    "unneeded": "not needed",
    "stopped": "not run",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, ready for the page. `figure` is there for pictures and regions, `items` for a list."""

    kind: str
    text: str
    figure: Figure | None = None
    items: tuple[Shown, ...] = ()
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


@dataclass(frozen=True, slots=True)
class Complaint:
    """A diagnostic with the line that it is about, split around the place."""

    diagnostic: Diagnostic
    before: str
    marked: str
    after: str


def render_html(run: Run) -> str:
    """Return the page. Texts are escaped, each distinct picture is embedded once."""
    page = _Page(run)
    cards = tuple(page.cards())
    fields = {
        "run": run,
        "title": run.instruction or "Run of a program",
        "started": _moment(run.started),
        "cost": cost(run.tokens),
        "inputs": page.inputs(),
        "result": page.result(),
        "failed": next((card for card in cards if card.status == "failed"), None),
        "lines": page.codes.items(),
        "cards": {card.number - 1: card for card in cards},
        "complaints": tuple(_complaints(run)),
        "models": tuple(dict.fromkeys(name for card in cards for name in card.models)),
    }
    fields |= {  # after all else: every figure has been made by now
        "pictures": page.album.elements,
        "proportions": page.album.proportions,
        "policy": _policy(page.album.proportions),
    }
    return str(_template().render(fields))


def _policy(proportions: str) -> str:
    style, script = _lasting_parts()
    return (
        f"default-src 'none'; img-src data:; style-src {style} {allowed(proportions)}; "
        f"script-src {script}; base-uri 'none'; form-action 'none'"
    )


@cache
def _lasting_parts() -> tuple[str, str]:
    return allowed(_style()), allowed(_script())


def cards(run: Run, album: Album) -> tuple[Card, ...]:
    """Return the run's steps, ready for another page, which shows the pictures in `album`."""
    return tuple(_Page(run, album).cards())


def frame(run: Run) -> str:
    """Return the page inside a sandboxed frame, whose styles and script cannot reach the page around it."""
    return (
        f'<iframe srcdoc="{escape(render_html(run))}" sandbox="allow-scripts" title="Trace of the run" '
        'style="width: 100%; height: 640px; border: 1px solid #8884; border-radius: 8px"></iframe>'
    )


class _Page:
    """Gathers what the page shows of one run."""

    def __init__(self, run: Run, album: Album | None = None) -> None:
        self.run = run
        self.album = Album() if album is None else album
        self.codes = {line: _code(line) for line in listing(run.checked)}
        self.records = {record.index: record for record in run.steps}
        self.steps = {step.name: (index, step) for index, step in enumerate(run.checked.steps)}
        self.values: dict[str, Any] = dict(run.inputs)
        self.values.update({r.step.name: r.value for r in run.steps if r.status in ("done", "cached")})
        self.anchors = {name: input_anchor(place) for place, name in enumerate(run.checked.inputs)}
        self.anchors.update({name: step_anchor(index) for name, (index, _) in self.steps.items()})

    def inputs(self) -> tuple[Shown, ...]:
        return tuple(
            self._shown(self.run.inputs[name], name) if name in self.run.inputs else _nothing(name, anchor)
            for name, anchor in self.anchors.items()
            if name in self.run.checked.inputs
        )

    def result(self) -> Shown | None:
        name = self.run.checked.result
        return self._shown(self.values[name], name) if name in self.values else None

    def cards(self) -> Iterator[Card]:
        lines = {line.step: line for line in self.codes}
        for index, step in enumerate(self.run.checked.steps):
            yield self._card(index, step, lines[index], self.records.get(index))

    def _card(self, index: int, step: CheckedStep, line: Line, record: StepRecord | None) -> Card:
        status = record.status if record else "stopped"
        ran = record is not None and status in ("done", "cached", "failed")
        because = record.because if record else None
        return Card(
            number=index + 1,
            line=line,
            code=self.codes[line],
            tool=step.tool or "",
            status=status,
            words=_WORDS[status],
            time=duration(record.seconds) if record and ran else "",
            bar=self._bar(record) if record and ran else None,
            arguments=tuple((name, self._argument(value)) for name, value in step.arguments.items()),
            output=self._shown(record.value, step.name) if record and step.name in self.values else None,
            same=self._same(step),
            warnings=record.warnings if record else (),
            models=record.models if record else (),
            cost=cost(record.tokens) if record else "",
            shared=shared(record.together) if record else "",
            failure=_failure(record.error) if record else None,
            because=None if because is None else self._link(because),
            used_by=tuple(self._users(step.name)),
        )

    def _bar(self, record: StepRecord) -> Bar:
        total = max(self.run.seconds, record.at + record.seconds) or 1.0
        start, width = 100 * record.at / total, 100 * record.seconds / total
        words = f"{duration(record.seconds)}, begun after {duration(record.at)}"
        return Bar(f"{min(start, 99.2):.2f}", f"{max(width, 0.8):.2f}", words)

    def _link(self, index: int) -> Link:
        return Link(self.run.checked.steps[index].step.target, step_anchor(index))

    def _users(self, name: str) -> Iterator[Link]:
        for index, step in enumerate(self.run.checked.steps):
            if name in step.uses:
                yield self._link(index)

    def _argument(self, value: Value) -> Shown:
        match value:
            case Variable(name) if name in self.values:
                return self._shown(self.values[name], name)
            case Variable(name):
                return _nothing(self._spelled(name), self.anchors.get(name, ""))
            case ListValue(items):
                return Shown("list", "", items=tuple(map(self._argument, items)))
            case Literal(literal):
                return self._shown(literal, "")

    def _same(self, step: CheckedStep) -> Shown | None:
        """Return what the step hands on unchanged, which a page need not show at full size again."""
        own = self.values.get(step.name)
        for use in step.uses:
            value = self.values.get(use)
            if isinstance(own, Image) and isinstance(value, Image):
                same = self.album.is_same(own, value)
            else:
                same = own is value and isinstance(own, Regions)
            if same:
                return self._shown(own, use)
        return None

    def _spelled(self, name: str) -> str:
        """Return a variable's name as the program spells it, not in single-assignment form."""
        return self.steps[name][1].step.target if name in self.steps else name

    def _shown(self, value: object, name: str) -> Shown:
        description = describe(value)
        kind, text = description.kind, shorten(value) if isinstance(value, str) else description.summary
        items: tuple[Shown, ...] = ()
        if isinstance(value, list):
            items = tuple(self._shown(item, "") for item in value)
        figure = self._figure(value, name, description)
        return Shown(kind, text, figure, items, self._spelled(name), self.anchors.get(name, ""))

    def _figure(self, value: object, name: str, description: Description) -> Figure | None:
        if isinstance(value, Image):
            alt = f"{self._spelled(name)}, a {description.summary}" if name else description.summary
            return self.album.figure(value, alt)
        if isinstance(value, Region) and value.mask is not None:
            height, width = value.mask.shape
            value = Regions([value], size=(width, height))
        if isinstance(value, Regions) and (picture := self._picture(name, value.size)) is not None:
            return self.album.figure(picture, f"Picture with {_spoken(value)}", value)
        return None

    def _picture(self, name: str, size: tuple[int, int]) -> Image | None:
        """Return the picture that a variable's regions are of: the nearest one upstream of their size."""
        if name in self.steps:
            uses = self.steps[name][1].uses
            pictures = (value for use in uses if isinstance(value := self.values.get(use), Image))
            found = next((picture for picture in pictures if picture.size == size), None)
            upstream = (self._picture(use, size) for use in uses)
            return found or next((picture for picture in upstream if picture is not None), None)
        return next((picture for picture in self.run.inputs.values() if picture.size == size), None)


def _code(line: Line) -> Markup:
    """Mark up a line of the program; it stands twice on the page, and is most of its elements."""
    return Markup("".join(map(_marked, line.tokens)))  # noqa: S704 - each is escaped


def _marked(token: Token) -> str:
    text = escape(visible(token.text), quote=False)
    if token.kind == "mark":
        return text
    if token.anchor:
        return f'<a href="#{token.anchor}">{text}</a>'
    return f'<span class="{token.kind}">{text}</span>'


def _moment(started: str) -> str:
    """Write a point in time for people: `2026-01-31 18:20:04 UTC`; what is not ISO 8601 stays as it is."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".rstrip()


def _nothing(name: str, anchor: str) -> Shown:
    return Shown("absent", "", variable=name, anchor=anchor)


def _spoken(regions: Regions) -> str:
    named = [describe(region).summary for region in regions[:5]]
    more = f" and {len(regions) - 5} more" if len(regions) > 5 else ""
    return f"{', '.join(named)}{more} marked" if named else "no region"


def _failure(error: VisProgError | None) -> Failure | None:
    if error is None:
        return None
    causes: list[str] = []
    said, cause = f"{error.message}\n{error.help}", error.__cause__
    while cause is not None and len(causes) < 5:
        if news := _news(cause, said):
            said += news
            causes.append(shorten(news))
        cause = cause.__cause__
    return Failure(shorten(error.message), error.help, tuple(causes))


def _news(error: BaseException, said: str) -> str:
    """Return what an error says that `said` does not hold yet; most repeat the one beneath, and its help."""
    kind = f"{type(error).__name__}: "
    parts = (error.message, error.help or "") if isinstance(error, VisProgError) else (str(error) or kind,)
    news = "\n".join(part for part in parts if part not in said)
    return f"{kind}{news.removeprefix(kind)}" if news else ""


def _complaints(run: Run) -> Iterator[Complaint]:
    lines = run.program.source.splitlines()
    for diagnostic in run.diagnostics:
        span = diagnostic.span
        text = lines[span.line - 1] if 1 <= span.line <= len(lines) else ""
        start, end = span.column - 1, max(span.end - 1, span.column)
        yield Complaint(diagnostic, text[:start], text[start:end], text[end:])


@cache
def _template() -> Any:
    """Compile the page's template, with its style and script."""
    made = environment("visprog.trace")
    made.globals["style"] = Markup(_style())  # noqa: S704 - a file of this package
    made.globals["script"] = Markup(_script())  # noqa: S704 - likewise
    return made.get_template("page.html.jinja")


@cache
def _style() -> str:
    return packed(source("visprog.trace", "page.css"))


@cache
def _script() -> str:
    return packed(source("visprog.trace", "page.js"))
