"""A run as one self-contained HTML page. It loads nothing from the network and works without scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from visprog.errors import VisProgError
from visprog.language.checked import CheckedStep
from visprog.language.program import ListValue, Literal, Template, Value, Variable
from visprog.language.summary import summarize
from visprog.trace.figures import Album, Figure
from visprog.trace.folders import without_folders
from visprog.trace.limits import Limits, shorten
from visprog.trace.number_format import cost, duration, shared
from visprog.trace.page_parts import Bar, Card, Failure, Link, PageValue, causes, quoted_diagnostics
from visprog.trace.program_html import program_html
from visprog.trace.program_listing import step_anchor
from visprog.trace.shortening import Shortener
from visprog.trace.templates import environment, minified, policy_hash, source
from visprog.trace.value_view import (
    TEXT_LIMIT,
    ImageView,
    ListView,
    RegionsView,
    RegionView,
    TextView,
    ValueView,
    describe,
)
from visprog.values import Image, Regions

if TYPE_CHECKING:
    from visprog.planner.plan import Plan
    from visprog.trace.record import RunRecord, StepRecord

MOST_BYTES = 24_000_000
"""Maximum size of a page. Pictures take up to 13 million bytes of it."""

_VALUES = Limits(text=TEXT_LIMIT, items=100, value=6_000, total=400_000)
_TEXTS = Limits(text=TEXT_LIMIT, items=20, value=6_000, total=200_000)
_TRANSCRIPT = Limits(text=50_000, items=50, value=200_000, total=200_000)
_LITERALS = 20
"""Maximum number of items of a written list."""

_NO_HTML = Markup()

_STATUS_TEXTS = {
    "done": "computed",
    "cached": "cached",
    "failed": "failed",
    "skipped": "skipped",
    "unneeded": "not needed",
    "stopped": "not run",
}


def render_html(run: RunRecord) -> str:
    """Return the page. Texts are escaped, long values are cut, and each distinct picture is embedded once."""
    page = _Page(run)
    page.enlarge()
    cards = tuple(page.cards())
    found = summarize(run.diagnostics)
    fields = {
        "run": run,
        "title": shorten(run.instruction or "Run of a program", TEXT_LIMIT),
        "started": _readable_time(run.started),
        "cost": cost(run.tokens),
        "inputs": page.inputs(),
        "result": page.result(),
        "failed": next((card for card in cards if card.status == "failed"), None),
        "lines": page.program.lines,
        "cards": {card.number - 1: card for card in cards},
        "diagnostics": tuple(quoted_diagnostics(run, found.shown)),
        "more_diagnostics": found.rest,
        "models": page.lines(tuple(dict.fromkeys(name for card in cards for name in card.models))),
        "environment": dict(zip(run.environment, page.lines(tuple(run.environment.values())), strict=False)),
    }
    if run.plan:
        fields |= {"planner": without_folders(shorten(run.plan.planner, TEXT_LIMIT))}
        fields |= {"plan_remarks": page.lines(run.plan.remarks), "transcript": _transcript(run.plan)}
    fields |= {  # last, because they depend on all figures
        "pictures": page.album.elements,
        "proportions": page.album.proportions,
        "policy": _policy(page.album.proportions),
    }
    return str(_template().render(fields))


def _transcript(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return the role and text of each message. A last entry counts those left out."""
    texts = Shortener(_TRANSCRIPT).lines([message.content for message in plan.transcript])
    roles = [message.role for message in plan.transcript[: len(texts)]]
    return tuple(zip([*roles, ""], texts, strict=False))


def _policy(proportions: str) -> str:
    style, script = _fixed_hashes()
    return (
        f"default-src 'none'; img-src data:; style-src {style} {policy_hash(proportions)}; "
        f"script-src {script}; base-uri 'none'; form-action 'none'"
    )


@cache
def _fixed_hashes() -> tuple[str, str]:
    return policy_hash(_style()), policy_hash(_script())


def cards(run: RunRecord, album: Album) -> tuple[Card, ...]:
    """Return the steps of a run for another page, which has the pictures of `album`."""
    return tuple(_Page(run, album).cards())


def frame(run: RunRecord) -> str:
    """Return the page in a sandboxed frame. Its styles and script cannot affect the page around it."""
    return (
        f'<iframe srcdoc="{escape(render_html(run))}" sandbox="allow-scripts" title="Trace of the run" '
        'style="width: 100%; height: 640px; border: 1px solid #8884; border-radius: 8px"></iframe>'
    )


class _Page:
    """Builds the parts of the page for one run."""

    def __init__(self, run: RunRecord, album: Album | None = None) -> None:
        self.run = run
        self.album = Album() if album is None else album
        self.program = program_html(run.checked)
        self._values = Shortener(_VALUES)
        self._texts = Shortener(_TEXTS)
        self.records = {record.index: record for record in run.steps}
        self.values = run.assigned_values
        self._summaries: dict[int, str] = {}

    def enlarge(self) -> None:
        """Keep large copies of the inputs, the result, and the pictures that steps made."""
        pictures = [value for value in self.values.values() if isinstance(value, Image)]
        result = self.values.get(self.run.checked.result)
        if isinstance(result, Image) and result.origin is None:  # a crop is drawn as part of its picture
            pictures.insert(len(self.run.inputs), result)
        for picture in pictures:
            self.album.enlarge(picture)

    def lines(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return texts without folders. Long ones are cut."""
        return tuple(map(without_folders, self._texts.lines(texts))) if texts else ()

    def inputs(self) -> tuple[PageValue, ...]:
        return tuple(
            self._shown(self.run.inputs[name], name) if name in self.run.inputs else _absent(name, anchor)
            for name, anchor in self.program.anchors.items()
            if name in self.run.checked.inputs
        )

    def result(self) -> PageValue | None:
        name = self.run.checked.result
        return self._shown(self.values[name], name) if name in self.values else None

    def cards(self) -> Iterator[Card]:
        for index, step in enumerate(self.run.checked.steps):
            yield self._card(index, step, self.records.get(index))

    def _card(self, index: int, step: CheckedStep, record: StepRecord | None) -> Card:
        line, code = self.program.step_lines[index]
        status = record.status if record else "stopped"
        ran = record is not None and (record.completed or status == "failed")
        because = record.because if record else None
        return Card(
            number=index + 1,
            line=line,
            code=code,
            tool=step.tool or "",
            status=status,
            status_text=_STATUS_TEXTS[status],
            time=duration(record.seconds) if record and ran else "",
            bar=self._bar(record) if record and ran else None,
            arguments=tuple((name, self._argument(value)) for name, value in step.arguments.items()),
            output=self._shown(record.value, step.name) if record and step.name in self.values else None,
            same=self._same(step),
            warnings=self.lines(record.warnings) if record else (),
            models=self.lines(record.models) if record else (),
            cost=cost(record.tokens) if record else "",
            shared=shared(record.together) if record else "",
            failure=self._failure(record.error) if record else None,
            because=None if because is None else self._link(because),
            used_by=self.program.used_by.get(step.name, _NO_HTML),
        )

    def _bar(self, record: StepRecord) -> Bar:
        total = max(self.run.seconds, record.at + record.seconds) or 1.0
        start, width = 100 * record.at / total, 100 * record.seconds / total
        title = f"{duration(record.seconds)}, started after {duration(record.at)}"
        return Bar(f"{min(start, 99.2):.2f}", f"{max(width, 0.8):.2f}", title)

    def _link(self, index: int) -> Link:
        return Link(self.run.checked.steps[index].step.target, step_anchor(index))

    def _argument(self, value: Value) -> PageValue:
        match value:
            case Variable(name) if name in self.values:
                return self._shown(self.values[name], name, drawn=False)
            case Variable(name):
                return _absent(self._source_name(name), self.program.anchors.get(name, ""))
            case ListValue(items):
                shown = tuple(map(self._argument, items[:_LITERALS]))
                return PageValue("list", "", items=shown, more=_more(len(items) - len(shown)))
            case Literal(literal):
                return self._shown(literal, "")
            case Template():
                return self._shown(str(value)[1:-1], "")

    def _same(self, step: CheckedStep) -> PageValue | None:
        """Return the input that the step returns unchanged, so that the page need not show it again."""
        own = self.values.get(step.name)
        for use in step.uses:
            value = self.values.get(use)
            if isinstance(own, Image) and isinstance(value, Image):
                same = self.album.is_same(own, value)
            else:
                same = own is value and isinstance(own, Regions)
            if same:
                return self._shown(own, use, drawn=False)
        return None

    def _source_name(self, name: str) -> str:
        """Return a variable's name as written in the program, not in single-assignment form."""
        return self.program.steps[name][1].step.target if name in self.program.steps else name

    def _shown(self, value: object, name: str, *, drawn: bool = True) -> PageValue:
        """Return a value for the page. Regions are drawn over their picture if `drawn` is set."""
        view = self._values.view(value)
        figure = self._figure(view, name) if drawn or isinstance(view, ImageView) else None
        summary = self._regions_summary(value) if isinstance(value, Regions) else _summary(view)
        return self._page_value(view, summary, figure, name)

    def _regions_summary(self, regions: Regions) -> str:
        """Return the summary of regions. It is kept, because most regions are shown several times."""
        if id(regions) not in self._summaries:
            self._summaries[id(regions)] = describe(regions).summary
        return self._summaries[id(regions)]

    def _item(self, view: ValueView) -> PageValue:
        return self._page_value(view, _summary(view), self._figure(view, ""), "")

    def _page_value(self, view: ValueView, text: str, figure: Figure | None, name: str) -> PageValue:
        items: tuple[PageValue, ...] = ()
        more = ""
        match view:
            case TextView():
                text = view.text()
            case ListView():
                items, text, more = tuple(map(self._item, view.items)), "", _more(view.hidden)
        return PageValue(
            view.kind, text, figure, items, more, self._source_name(name), self.program.anchors.get(name, "")
        )

    def _figure(self, view: ValueView, name: str) -> Figure | None:
        match view:
            case ImageView(image):
                size = view.summary()
                alt = f"{self._source_name(name)}, a {size}" if name else size
                return self.album.figure(image, alt)
            case RegionView(region) if region.mask is not None:
                height, width = region.mask.shape
                return self._drawn(Regions([region], size=(width, height)), name)
            case RegionsView(regions=regions):
                return self._drawn(regions, name)
        return None

    def _drawn(self, regions: Regions, name: str) -> Figure | None:
        """Return the picture that the regions belong to, with the regions over it, or None."""
        picture = self._picture(name, regions.size)
        if picture is None:
            return None
        return self.album.figure(picture, f"Picture with {_alt_text(regions)}", regions)

    def _failure(self, error: VisProgError | None) -> Failure | None:
        if error is None:
            return None
        advice = self._line(error.help) if error.help else None
        return Failure(self._line(error.message), advice, tuple(map(self._line, causes(error))))

    def _line(self, text: str) -> str:
        return without_folders(self._texts.text(text))

    def _picture(self, name: str, size: tuple[int, int]) -> Image | None:
        """Return the picture that a variable's regions belong to: the nearest one upstream of their size."""
        if name in self.program.steps:
            uses = self.program.steps[name][1].uses
            pictures = (value for use in uses if isinstance(value := self.values.get(use), Image))
            found = next((picture for picture in pictures if picture.size == size), None)
            upstream = (self._picture(use, size) for use in uses)
            return found or next((picture for picture in upstream if picture is not None), None)
        return next((picture for picture in self.run.inputs.values() if picture.size == size), None)


def _readable_time(started: str) -> str:
    """Write a time such as `2026-01-31 18:20:04 UTC`. A text that is not ISO 8601 is returned unchanged."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".rstrip()


def _summary(view: ValueView) -> str:
    """Return a value's summary. Texts and lists have none, as the page shows their content."""
    return "" if isinstance(view, TextView | ListView) else shorten(view.summary(), TEXT_LIMIT)


def _absent(name: str, anchor: str) -> PageValue:
    return PageValue("absent", "", variable=name, anchor=anchor)


def _more(hidden: int) -> str:
    return f"and {hidden:,} more" if hidden > 0 else ""


def _alt_text(regions: Regions) -> str:
    named = [shorten(describe(region).summary, 80) for region in regions[:5]]
    more = f" and {len(regions) - 5} more" if len(regions) > 5 else ""
    return f"{', '.join(named)}{more} marked" if named else "no region"


@cache
def _template() -> Any:
    """Return the compiled template of the page, with its style and script."""
    made = environment("visprog.trace")
    made.globals["style"] = Markup(_style())  # noqa: S704 - a file of this package
    made.globals["script"] = Markup(_script())  # noqa: S704 - a file of this package
    return made.get_template("page.html.jinja")


@cache
def _style() -> str:
    return minified(source("visprog.trace", "page.css"))


@cache
def _script() -> str:
    return minified(source("visprog.trace", "page.js"))
