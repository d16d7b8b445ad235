"""Errors and warnings about a program, and their renderers.

`render` writes them for a terminal, `render_plain` for a language model, `to_json` for other programs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal as OneOf

from visprog.language.program import Span, lines_of
from visprog.printable import one_line

CODES: dict[str, str] = {
    "too-long": "the program or one of its lines is too long",
    "too-many-steps": "a program has at most 200 steps",
    "syntax": "the line is not a statement of the language",
    "unclosed-string": "a string has no closing quote",
    "unclosed-bracket": "a bracket is not closed",
    "mended": "a mistake with only one possible meaning was corrected",
    "unknown-tool": "no tool has this name",
    "unknown-variable": "the variable is not defined at this point",
    "unknown-argument": "the tool has no argument with this name",
    "missing-argument": "a required argument is missing",
    "repeated-argument": "an argument is given twice",
    "too-many-arguments": "there are more positional arguments than the tool takes",
    "wrong-type": "a value does not have the type that the tool takes",
    "malformed-expression": "the text is not an Eval expression",
    "constant-condition": "a constant is used as a condition",
    "text-reference": "braces in a text contain something else than the name of a variable",
    "wrong-word": "a parameter takes one of several words, and this is not one of them",
    "list-value": "a list is used where a single value is needed",
    "list-length": "lists whose items are used together have different lengths",
    "nested-list": "a list would contain lists",
    "other-picture": "regions of one picture are used with another picture",
    "rebound-variable": "a variable gets a second value",
    "unused-variable": "a variable is never used",
    "dead-step": "the result does not depend on a step",
    "no-result": "the program is empty",
    "wrong-result": "the result of a plan is of another kind than the instruction asks for",
    "unedited-result": "the result of a plan for an edit is a picture that no step edits",
    "lost-edit": "the result of a plan does not contain one of its edits",
    "forgotten-words": "no step of a plan covers some words of the instruction",
}
"""Every code with its meaning. The codes are stable: other programs may rely on them."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error or warning: a stable `code`, a message, its place, and a suggestion in `help`.

    `mended` is the corrected statement or argument, if something was corrected.
    """

    code: str
    severity: OneOf["error", "warning"]
    message: str
    span: Span
    help: str | None = None
    mended: str | None = None

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"{self.code!r} is not a diagnostic code")

    @property
    def is_error(self) -> bool:
        """Whether it prevents the program from running."""
        return self.severity == "error"


def error(code: str, message: str, span: Span, help: str | None = None) -> Diagnostic:
    """Return an error: the program cannot run."""
    return Diagnostic(code, "error", message, span, help)


def warning(
    code: str,
    message: str,
    span: Span,
    help: str | None = None,
    mended: str | None = None,
) -> Diagnostic:
    """Return a warning: the program can still run."""
    return Diagnostic(code, "warning", message, span, help, mended)


_RED, _YELLOW, _BLUE, _BOLD, _RESET = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"


def render(diagnostics: Iterable[Diagnostic], source: str, *, name: str = "", color: bool = False) -> str:
    """Return the diagnostics for people, each with its line and carets under the place."""
    lines = lines_of(source)
    return "\n\n".join(_render_one(each, lines, name, color) for each in diagnostics)


def _render_one(diagnostic: Diagnostic, lines: list[str], name: str, color: bool) -> str:
    def paint(text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if color else text

    accent = _RED if diagnostic.is_error else _YELLOW
    span = diagnostic.span
    gutter = " " * max(2, len(str(span.line)))
    bar = paint("|", _BLUE)
    place = f"{one_line(name)}, line {span.line}" if name else f"line {span.line}"
    out = [
        paint(f"{diagnostic.severity}[{diagnostic.code}]", accent)
        + paint(f": {one_line(diagnostic.message)}", _BOLD),
        f"{gutter}{paint('-->', _BLUE)} {place}, column {span.column}",
    ]
    if 1 <= span.line <= len(lines):
        text, start, end = _window(lines[span.line - 1], span)
        start, end = (
            len(one_line(text[:start])),
            len(one_line(text[:end])),
        )  # escapes are longer than the characters
        carets = "^" * max(1, end - start)
        hint = f" {one_line(diagnostic.help)}" if diagnostic.help else ""
        out += [
            f"{gutter} {bar}",
            f"{paint(str(span.line).rjust(len(gutter)), _BLUE)} {bar} {one_line(text)}",
            f"{gutter} {bar} {' ' * start}{paint(carets + hint, accent)}",
        ]
        if diagnostic.mended is not None:
            out.append(f"{gutter} {paint('=', _BLUE)} read as: {one_line(diagnostic.mended)}")
    elif diagnostic.help:
        out.append(f"{gutter} {paint('=', _BLUE)} help: {one_line(diagnostic.help)}")
    return "\n".join(out)


_WIDTH = 160


def _window(line: str, span: Span) -> tuple[str, int, int]:
    """Shorten a long line to the text around the span; return it with the start and end of the span."""
    start, end = min(span.column - 1, len(line)), min(span.end - 1, len(line))
    if len(line) <= _WIDTH:
        return line, start, end
    first = max(0, min(start - _WIDTH // 3, len(line) - _WIDTH))
    cut = line[first : first + _WIDTH]
    before = "…" if first else ""
    after = "…" if first + _WIDTH < len(line) else ""
    start, end = start - first + len(before), min(end - first, _WIDTH) + len(before)
    return f"{before}{cut}{after}", start, end


def render_plain(diagnostics: Iterable[Diagnostic], source: str) -> str:
    """Return the diagnostics for a language model: one line each, followed by the line of the program."""
    lines = lines_of(source)
    return "\n".join(_plain(each, lines) for each in diagnostics)


def _plain(diagnostic: Diagnostic, lines: list[str]) -> str:
    line = diagnostic.span.line
    quoted = f"\n  {line}: {one_line(lines[line - 1])}" if 1 <= line <= len(lines) else ""
    hint = f" (hint: {one_line(diagnostic.help)})" if diagnostic.help else ""
    message = f"{diagnostic.severity} on line {line} [{diagnostic.code}]: {one_line(diagnostic.message)}"
    return f"{message}{hint}{quoted}"


def to_json(diagnostic: Diagnostic) -> dict[str, object]:
    """Return the diagnostic as plain data."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "line": diagnostic.span.line,
        "column": diagnostic.span.column,
        "end_column": diagnostic.span.end,
        "help": diagnostic.help,
        "mended": diagnostic.mended,
    }
