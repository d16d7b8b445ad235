"""The demo's page: a card for each exhibit, with its pictures, its program and its whole trace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from html import unescape
from typing import Any, NamedTuple

from markupsafe import Markup
from PIL import Image as PILImage

from visprog.miniworld.exhibits import Exhibit
from visprog.trace.html import render_html
from visprog.trace.program_listing import Line, listing
from visprog.trace.run import Run
from visprog.trace.templates import environment, policy_hash, source
from visprog.trace.thumbnails import Thumbnail, thumbnail
from visprog.trace.value_view import describe
from visprog.values import Image


class Shown(NamedTuple):
    """An exhibit and its run."""

    exhibit: Exhibit
    run: Run

    @property
    def right(self) -> bool | None:
        """Whether the result is the right one; None where that is for the eye to judge."""
        if self.exhibit.answer is None:
            return None
        return self.run.ok and self.run.result == self.exhibit.answer


class _Card(NamedTuple):
    """An exhibit, ready for the page: pictures by name, and each line of the program with what it came to."""

    shown: Shown
    inputs: tuple[tuple[str, Thumbnail], ...]
    result: Thumbnail | None
    answer: str
    lines: tuple[tuple[Line, str], ...]
    trace: str


def render(shown: Iterable[Shown], *, profile: str, seconds: float) -> str:
    """Return the page. It asks for nothing from outside, and every text on it is escaped."""
    cards = [_card(each) for each in shown]
    policy = _policy([card.trace for card in cards])
    page: str = _template().render(cards=cards, profile=profile, seconds=seconds, policy=policy)
    return page


def _card(shown: Shown) -> _Card:
    run = shown.run
    result = run.result if run.ok else None
    return _Card(
        shown,
        tuple((name, _enlarged(image)) for name, image in run.inputs.items()),
        _enlarged(result) if isinstance(result, Image) else None,
        result if isinstance(result, str) else describe(result).summary,
        tuple(_lines(run)),
        render_html(run),
    )


def _enlarged(image: Image) -> Thumbnail:
    """Return the picture at twice its size: as a browser would show it, but smooth."""
    twice = image.width * 2, image.height * 2
    return thumbnail(Image.from_pil(image.to_pil().resize(twice, PILImage.Resampling.LANCZOS)))


def _lines(run: Run) -> Iterator[tuple[Line, str]]:
    came_to = {record.index: describe(record.value).summary for record in run.steps if record.error is None}
    for line in listing(run.checked):
        yield line, "" if line.step is None else came_to.get(line.step, "")


def _policy(traces: Iterable[str]) -> str:
    """Return the policy that allows the page's own style, and what the traces in its frames consist of.

    A frame inherits the policy of the page around it, and keeps to its own as well.
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
    """Return the style of traces, and what the page has beside it."""
    return source("visprog.trace", "page.css") + source("visprog.miniworld", "demo.css")
