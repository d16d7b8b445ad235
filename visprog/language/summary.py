"""Summarize many diagnostics: the first ones in full, and the lines of the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from visprog.language.diagnostics import Diagnostic, render

_MAX_SHOWN = 10
"""Maximum diagnostics that are shown in full."""

_MAX_OF_KIND = 3
"""Maximum warnings of one kind that are shown in full; a single further one is shown too."""

_MAX_RANGES = 8
"""Maximum ranges of lines that are listed for one kind."""

_NOUNS = {
    "syntax": "syntax errors",
    "unknown-tool": "unknown tools",
    "unknown-variable": "unknown variables",
    "unknown-argument": "unknown arguments",
    "missing-argument": "missing arguments",
    "wrong-type": "wrong types",
    "mended": "corrected mistakes",
    "rebound-variable": "variables with a second value",
    "unused-variable": "unused variables",
    "dead-step": "unused steps",
}


class Summary(NamedTuple):
    """The diagnostics to show in full, and one line for each kind of the others."""

    shown: tuple[Diagnostic, ...]
    rest: tuple[str, ...]


def summarize(diagnostics: Iterable[Diagnostic]) -> Summary:
    """Choose at most ten diagnostics: errors first, and at most three warnings of each kind."""
    everything = list(diagnostics)
    kinds = _by_kind(everything)
    chosen: set[int] = set()
    for diagnostic in sorted(everything, key=lambda each: not each.is_error):  # a stable sort
        same = kinds[diagnostic.code, diagnostic.severity]
        place = next(n for n, each in enumerate(same) if each is diagnostic)
        few = diagnostic.is_error or len(same) <= _MAX_OF_KIND + 1 or place < _MAX_OF_KIND
        if few and len(chosen) < _MAX_SHOWN:
            chosen.add(id(diagnostic))
        elif len(chosen) >= _MAX_SHOWN:
            break
    rest = []
    for (code, severity), same in kinds.items():
        if hidden := [each for each in same if id(each) not in chosen]:
            rest.append(_rest(code, severity, hidden))
    return Summary(tuple(each for each in everything if id(each) in chosen), tuple(rest))


def render_summary(
    diagnostics: Iterable[Diagnostic], source: str, *, name: str = "", color: bool = False
) -> str:
    """Render the chosen diagnostics in full, and one line for each kind of the others."""
    shown, rest = summarize(diagnostics)
    full = render(shown, source, name=name, color=color)
    return "\n\n".join(part for part in (full, "\n".join(rest)) if part)


def _by_kind(diagnostics: Iterable[Diagnostic]) -> dict[tuple[str, str], list[Diagnostic]]:
    kinds: dict[tuple[str, str], list[Diagnostic]] = {}
    for each in diagnostics:
        kinds.setdefault((each.code, each.severity), []).append(each)
    return kinds


def _rest(code: str, severity: str, hidden: list[Diagnostic]) -> str:
    noun = _NOUNS.get(code, f"{severity}s [{code}]") if len(hidden) > 1 else f"{severity} [{code}]"
    lines = sorted({each.span.line for each in hidden})
    return f"and {len(hidden)} more {noun}: {'line' if len(lines) == 1 else 'lines'} {_ranges(lines)}"


def _ranges(numbers: list[int]) -> str:
    """Return sorted numbers as ranges: `4 to 12, 15, 19`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    words = [f"{a}" if a == b else f"{a}, {b}" if b == a + 1 else f"{a} to {b}" for a, b in ranges]
    return ", ".join(words[:_MAX_RANGES]) + (", ..." if len(words) > _MAX_RANGES else "")
