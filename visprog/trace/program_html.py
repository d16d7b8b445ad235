"""The parts of a page that depend on the program alone. They are kept for the next run of the program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from threading import Lock

from markupsafe import Markup

from visprog.language.checked import Checked, CheckedStep
from visprog.printable import printable
from visprog.trace.limits import shorten
from visprog.trace.program_listing import Line, Token, input_anchor, listing, step_anchor

_COMMENTS, _TOKENS, _USERS = 200, 2_000, 20
"""Maximum numbers: comment lines, tokens of a line, steps that use a value."""

_MAX_PROGRAMS = 16
"""Number of programs whose parts are kept."""


class ProgramHtml:
    """The lines of a program with their HTML, and the places on the page that show its variables.

    All keys are single-assignment names: `anchors` has the id of the element of each input and step, `steps`
    has the index and the step, and `used_by` has links to the steps that use the variable.
    """

    def __init__(self, checked: Checked) -> None:
        self.lines = tuple((line, _line_html(line)) for line in _limit_comments(listing(checked)))
        self.step_lines = {line.step: (line, html) for line, html in self.lines if line.step is not None}
        self.steps = {step.name: (index, step) for index, step in enumerate(checked.steps)}
        self.anchors = {name: input_anchor(place) for place, name in enumerate(checked.inputs)}
        self.anchors.update({name: step_anchor(index) for name, (index, _) in self.steps.items()})
        self.used_by = {name: _links(users, checked.steps) for name, users in _users(checked.steps).items()}


def program_html(checked: Checked) -> ProgramHtml:
    """Return the parts for a program. The last ones are kept, as a program may run over many pictures."""
    with _LOCK:
        kept = _PROGRAMS.pop(id(checked), None)
        parts = ProgramHtml(checked) if kept is None else kept[1]
        _PROGRAMS[id(checked)] = checked, parts  # keeping the program keeps its id unique
        if len(_PROGRAMS) > _MAX_PROGRAMS:
            del _PROGRAMS[next(iter(_PROGRAMS))]
    return parts


_LOCK = Lock()
_PROGRAMS: dict[int, tuple[Checked, ProgramHtml]] = {}


def _users(steps: Sequence[CheckedStep]) -> Mapping[str, Sequence[int]]:
    """Return the indices of the steps that use each variable."""
    users: dict[str, list[int]] = {}
    for index, step in enumerate(steps):
        for name in dict.fromkeys(step.uses):
            users.setdefault(name, []).append(index)
    return users


def _links(users: Sequence[int], steps: Sequence[CheckedStep]) -> Markup:
    """Return links to the first of these steps, and the number of the others."""
    links = (
        f'<a class="variable" href="#{step_anchor(index)}">{_escaped(steps[index].step.target)}</a>'
        for index in users[:_USERS]
    )
    more = f" and {len(users) - _USERS} more" if len(users) > _USERS else ""
    return Markup(", ".join(links) + more)  # noqa: S704 - the names are escaped


def _line_html(line: Line) -> Markup:
    """Return a line of the program as HTML."""
    more = "…" if len(line.tokens) > _TOKENS else ""
    return Markup("".join(map(_token_html, line.tokens[:_TOKENS])) + more)  # noqa: S704 - each is escaped


def _limit_comments(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield all lines of steps, and the first comments."""
    comments = 0
    for line in lines:
        comments += line.step is None
        if line.step is not None or comments <= _COMMENTS:
            yield line


def _token_html(token: Token) -> str:
    text = _escaped(shorten(token.text, 5_000))
    if token.kind == "mark":
        return text
    if token.anchor:
        return f'<a href="#{token.anchor}">{text}</a>'
    return f'<span class="{token.kind}">{text}</span>'


def _escaped(text: str) -> str:
    return escape(printable(text), quote=False)
