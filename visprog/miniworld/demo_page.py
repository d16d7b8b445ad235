"""The page of the demo: a card for each task, with its pictures, its program and its trace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from html import unescape
from typing import Any, NamedTuple

from markupsafe import Markup
from PIL import Image as PILImage

from visprog.miniworld.demo_tasks import DemoTask
from visprog.trace.html import render_html
from visprog.trace.program_listing import Line, listing
from visprog.trace.run import Run
from visprog.trace.templates import environment, policy_hash, source
from visprog.trace.thumbnails import Thumbnail, thumbnail
from visprog.trace.value_view import describe
from visprog.values import Image


class DemoResult(NamedTuple):
    """A task and its run."""

    task: DemoTask
    run: Run

    @property
    def right(self) -> bool | None:
        """Whether the result is right; None if the task has no right answer to compare with."""
        if self.task.answer is None:
            return None
        return self.run.ok and self.run.result == self.task.answer


class _Card(NamedTuple):
    """A task in the form that the page needs: pictures by name, and each program line with its result."""

    done: DemoResult
    inputs: tuple[tuple[str, Thumbnail], ...]
    result: Thumbnail | None
    answer: str
    lines: tuple[tuple[Line, str], ...]
    trace: str


def render(results: Iterable[DemoResult], *, profile: str, seconds: float) -> str:
    """Return the page. It has no external resources, and all text is escaped."""
    cards = [_card(each) for each in results]
    policy = _policy([card.trace for card in cards])
    page: str = _template().render(cards=cards, profile=profile, seconds=seconds, policy=policy)
    return page


def _card(done: DemoResult) -> _Card:
    run = done.run
    result = run.result if run.ok else None
    return _Card(
        done,
        tuple((name, _enlarged(image)) for name, image in run.inputs.items()),
        _enlarged(result) if isinstance(result, Image) else None,
        result if isinstance(result, str) else describe(result).summary,
        tuple(_lines(run)),
        render_html(run),
    )


def _enlarged(image: Image) -> Thumbnail:
    """Return the picture at twice its size. Unlike a browser, this interpolates smoothly."""
    twice = image.width * 2, image.height * 2
    return thumbnail(Image.from_pil(image.to_pil().resize(twice, PILImage.Resampling.LANCZOS)))


def _lines(run: Run) -> Iterator[tuple[Line, str]]:
    results = {record.index: describe(record.value).summary for record in run.steps if record.error is None}
    for line in listing(run.checked):
        yield line, "" if line.step is None else results.get(line.step, "")


def _policy(traces: Iterable[str]) -> str:
    """Return the content security policy of the page. It also allows the styles and scripts of the traces.

    A frame must satisfy the policy of its page as well as its own.
    """
    styles, scripts = [policy_hash(_style())], []
    for trace in traces:
        found = re.search(r'Content-Security-Policy" content="([^"]*)"', trace)
        rules = dict(rule.split(maxsplit=1) for rule in unescape(found[1]).split(";")) if found else {}
        styles += rules.get("style-src", "").split()
        scripts += rules.get("script-src", "").split()
    return (
        f"default-src 'none'; img-src data:; style-src {' '.join(dict.fromkeys(styles))}; "
        f"script-src {' '.join(dict.fromkeys(scripts))}; base-uri 'none'; form-action 'none'"
    )


@cache
def _template() -> Any:
    made = environment("visprog.miniworld")
    made.globals["style"] = Markup(_style())  # noqa: S704 - files of this package
    return made.get_template("demo.html.jinja")


def _style() -> str:
    """Return the style of traces, followed by the style of the demo."""
    return source("visprog.trace", "page.css") + source("visprog.miniworld", "demo.css")
