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
from visprog.language.program import Variable
from visprog.language.summary import summarize
from visprog.trace.figures import Album
from visprog.trace.folders import without_folders
from visprog.trace.limits import Limits, shorten
from visprog.trace.number_format import cost, duration, elements, shared
from visprog.trace.page_parts import Bar, Card, Failure, Link, PageValue, Strip, causes, quoted_diagnostics
from visprog.trace.page_values import PageValues, is_strip
from visprog.trace.program_html import program_html
from visprog.trace.program_listing import step_anchor
from visprog.trace.shortening import Shortener
from visprog.trace.strips import Strips
from visprog.trace.templates import environment, minified, policy_hash, source
from visprog.trace.value_view import TEXT_LIMIT, describe
from visprog.values import Image, Regions

if TYPE_CHECKING:
    from visprog.planner.plan import Plan
    from visprog.trace.record import RunRecord, StepRecord

MOST_BYTES = 24_000_000
"""Maximum size of a page. Pictures take up to 16 million bytes of it."""

_TEXTS = Limits(text=TEXT_LIMIT, items=20, value=6_000, total=200_000)
_TRANSCRIPT = Limits(text=50_000, items=50, value=200_000, total=200_000)
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
        "result_strip": page.result_strip(),
        "result_step": page.result_step(),
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
        self._texts = Shortener(_TEXTS)
        self.records = {record.index: record for record in run.steps}
        self.values = run.assigned_values
        self._shown = PageValues(self.program, run.inputs, self.values, self.album)
        self._strips = Strips(self._shown, self.values, without_folders)

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
            self._shown.shown(self.run.inputs[name], name)
            if name in self.run.inputs
            else self._shown.absent(name)
            for name in self.program.anchors
            if name in self.run.checked.inputs
        )

    def result(self) -> PageValue | None:
        name = self.run.checked.result
        return self._shown.shown(self.values[name], name) if name in self.values else None

    def result_strip(self) -> Strip | None:
        """Return the first pictures of a result that is a list of pictures, else None."""
        name = self.run.checked.result
        return self._strips.of_result(self.values.get(name), name)

    def result_step(self) -> int:
        """Return the number of the step that computed the result; 0 if the result is an input."""
        name = self.run.checked.result
        while name in self.program.steps:
            index, step = self.program.steps[name]
            if step.tool is not None:
                return index + 1
            name = step.uses[0]
        return 0

    def cards(self) -> Iterator[Card]:
        for index, step in enumerate(self.run.checked.steps):
            yield self._card(index, step, self.records.get(index))

    def _card(self, index: int, step: CheckedStep, record: StepRecord | None) -> Card:
        line, code = self.program.step_lines[index]
        status = record.status if record else "stopped"
        ran = record is not None and (record.completed or status == "failed")
        because = record.because if record else None
        arguments = self._arguments(step)  # first: their pictures are embedded, and crops are drawn as parts
        same = self._same(step)
        strip = self._strips.of_step(step, record) if record is not None and same is None else None
        return Card(
            number=index + 1,
            line=line,
            code=code,
            tool=step.tool or "",
            status=status,
            status_text=_STATUS_TEXTS[status],
            time=duration(record.seconds) if record and ran else "",
            bar=self._bar(record) if record and ran else None,
            arguments=arguments,
            output=self._output(step.name, strip) if step.name in self.values else None,
            strip=strip,
            elements=elements(record.elements) if record and record.elements else "",
            same=same,
            warnings=self.lines(record.warnings) if record else (),
            models=self.lines(record.models) if record else (),
            cost=cost(record.tokens) if record else "",
            shared=shared(record.together) if record else "",
            failure=self._failure(record.error) if record else None,
            because=None if because is None else self._link(because),
            used_by=self.program.used_by.get(step.name, _NO_HTML),
        )

    def _arguments(self, step: CheckedStep) -> tuple[tuple[str, PageValue], ...]:
        return tuple(
            (name, self._shown.argument(value, lifted=name in step.lifted))
            for name, value in step.arguments.items()
        )

    def _output(self, name: str, strip: Strip | None) -> PageValue:
        """Return the value of a step. A strip shows all of it, so that only its summary is needed."""
        value = self.values[name]
        return self._shown.shown(value, name) if strip is None else PageValue("list", describe(value).summary)

    def _bar(self, record: StepRecord) -> Bar:
        total = max(self.run.seconds, record.at + record.seconds) or 1.0
        start, width = 100 * record.at / total, 100 * record.seconds / total
        title = f"{duration(record.seconds)}, started after {duration(record.at)}"
        return Bar(f"{min(start, 99.2):.2f}", f"{max(width, 0.8):.2f}", title)

    def _link(self, index: int) -> Link:
        return Link(self.run.checked.steps[index].step.target, step_anchor(index))

    def _same(self, step: CheckedStep) -> PageValue | None:
        """Return the input that the step returns unchanged, so that the page need not show it again."""
        own = self.values.get(step.name)
        for use in step.uses:
            value = self.values.get(use)
            if isinstance(own, Image) and isinstance(value, Image):
                same = self.album.is_same(own, value)
            else:
                same = own is value and (isinstance(own, Regions) or is_strip(own))
            if same:
                return self._shown.argument(Variable(use))
        return None

    def _failure(self, error: VisProgError | None) -> Failure | None:
        if error is None:
            return None
        advice = self._line(error.help) if error.help else None
        return Failure(self._line(error.message), advice, tuple(map(self._line, causes(error))))

    def _line(self, text: str) -> str:
        return without_folders(self._texts.text(text))


def _readable_time(started: str) -> str:
    """Write a time such as `2026-01-31 18:20:04 UTC`. A text that is not ISO 8601 is returned unchanged."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname() or ''}".rstrip()


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
