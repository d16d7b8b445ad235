"""Many diagnostics in few lines: the first ones in full, and the places of the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from visprog.language.diagnostics import Diagnostic, render

_MOST = 10
"""Diagnostics that are shown in full."""

_ALIKE = 3
"""Warnings of one kind that are shown in full; of one more, too."""

_RANGES = 8

_NOUNS = {
    "syntax": "syntax errors",
    "unknown-tool": "unknown tools",
    "unknown-variable": "unknown variables",
    "unknown-argument": "unknown arguments",
    "missing-argument": "missing arguments",
    "wrong-type": "wrong types",
    "mended": "slips that were put right",
    "rebound-variable": "variables with a second value",
    "unused-variable": "unused variables",
    "dead-step": "unused steps",
}


class Digest(NamedTuple):
    """The diagnostics to show in full, and a line for each kind of those that are left out."""

    shown: tuple[Diagnostic, ...]
    rest: tuple[str, ...]


def digest(diagnostics: Iterable[Diagnostic]) -> Digest:
    """Choose what to show: errors first, at most ten in all, and of each kind of warning the first three."""
    everything = list(diagnostics)
    kinds = _by_kind(everything)
    chosen: set[int] = set()
    for diagnostic in sorted(everything, key=lambda each: not each.is_error):  # stable: in their order
        alike = kinds[diagnostic.code, diagnostic.severity]
        place = next(n for n, each in enumerate(alike) if each is diagnostic)
        few = diagnostic.is_error or len(alike) <= _ALIKE + 1 or place < _ALIKE
        if few and len(chosen) < _MOST:
            chosen.add(id(diagnostic))
        elif len(chosen) >= _MOST:
            break
    rest = []
    for (code, severity), alike in kinds.items():
        if hidden := [each for each in alike if id(each) not in chosen]:
            rest.append(_rest(code, severity, hidden))
    return Digest(tuple(each for each in everything if id(each) in chosen), tuple(rest))


def render_digest(
    diagnostics: Iterable[Diagnostic], source: str, *, name: str = "", color: bool = False
) -> str:
    """Return `render` of those that are shown in full, and the lines for the others."""
    shown, rest = digest(diagnostics)
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
    """Write sorted numbers briefly: `4 to 12, 15, 19`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    words = [f"{a}" if a == b else f"{a}, {b}" if b == a + 1 else f"{a} to {b}" for a, b in ranges]
    return ", ".join(words[:_RANGES]) + (", ..." if len(words) > _RANGES else "")
