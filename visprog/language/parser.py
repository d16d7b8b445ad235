"""Parse text into a `Program`, line by line: an error in one line does not affect the others.

The parser knows the common mistakes of language models. A mistake with only one possible meaning is corrected
and reported as a warning with the corrected statement. Every other mistake is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from visprog.language import diagnostics
from visprog.language.diagnostics import Diagnostic
from visprog.language.program import (
    Program,
    Span,
    Step,
    lines_of,
)
from visprog.language.statement import Fault, Statement

MAX_TEXT = 100_000
MAX_LINE = 5_000
MAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed program and its diagnostics.

    `broken` are the targets of lines with errors: using one of them is not another error.
    """

    program: Program
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[str] = frozenset()

    @property
    def ok(self) -> bool:
        """Whether every line was parsed without an error."""
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)


def parse(text: str) -> Parsed:
    """Parse a program. Report the errors of every line; raise nothing, whatever the text is."""
    text = text.removeprefix("\ufeff")  # a byte order mark, as some editors write it
    if len(text) > MAX_TEXT:
        message = f"the program has {len(text):,} characters, at most {MAX_TEXT:,} are allowed"
        return Parsed(Program((), text), (_too_long(message, Span(1, 1, 2)),))
    steps: list[Step] = []
    found: list[Diagnostic] = []
    broken: set[str] = set()
    for number, line in enumerate(lines_of(text), start=1):
        read, faults = _read_line(line, number)
        found += faults
        if read:
            if len(steps) + len(read) > MAX_STEPS:
                message = f"the program has more than {MAX_STEPS} steps"
                span = Span(number, 1, len(line) + 1)
                found.append(diagnostics.error("too-many-steps", message, span, "use fewer steps"))
                break
            steps += read
        elif (defined := _TARGET.match(line)) is not None:
            broken.add(defined.group(1))
    return Parsed(Program(tuple(steps), text), tuple(found), frozenset(broken))


def _too_long(message: str, span: Span) -> Diagnostic:
    return diagnostics.error("too-long", message, span, "shorten it")


_FENCE = re.compile(r"\s*+(```|~~~)[\w+.-]*+\s*+")
_HEADING = re.compile(r"\s*+program\s*+:", re.IGNORECASE)
_NUMBERING = re.compile(
    r"\s*+(?:(?:step\s*+)?\d++\s*+[.):]|[-*•])\s++(?=`*+[^\W\d]\w*+\s*+[=:])", re.IGNORECASE
)
_TARGET = re.compile(
    r"\s*+(?:(?:step\s*+)?\d++\s*+[.):]\s++|[-*•]\s++)?`*+\s*+([^\W\d]\w*+)\s*+=(?!=)", re.IGNORECASE
)


def _read_line(line: str, number: int) -> tuple[list[Step], list[Diagnostic]]:
    """Return the step of a line, after those of the calls inside its call; [] if it has errors."""
    if len(line) > MAX_LINE:
        message = f"the line has {len(line):,} characters, at most {MAX_LINE:,} are allowed"
        return [], [_too_long(message, Span(number, 1, MAX_LINE))]
    if _FENCE.fullmatch(line):
        return [], [_ignored("a code fence", number, 1, line)]
    wrapping: list[str] = []
    start = _wrapping_before(line, wrapping)
    content = line[start:]
    if content.rstrip().endswith("`") and line[:start].rstrip().endswith("`"):
        content = content.rstrip().rstrip("`")
    if not content.strip() or content.lstrip().startswith("#"):
        return [], [_ignored(wrapping[0], number, 1, line)] if wrapping else []
    steps, faults = _read_statement(content, number, start)
    if steps:
        ignored = (_corrected(f"ignored {what}", number, 1, start + 1, steps) for what in wrapping)
        faults = [*ignored, *faults]
    return steps, faults


def _wrapping_before(line: str, found: list[str]) -> int:
    """Return where the statement starts, and add descriptions of the text before it to `found`."""
    start = 0
    if heading := _HEADING.match(line):
        start = heading.end()
        found.append("the heading `Program:`")
    if numbering := _NUMBERING.match(line, start):
        start = numbering.end()
        found.append("the line's number or bullet")
    ticks = len(line[start:]) - len(line[start:].lstrip().lstrip("`"))
    if "`" in line[start : start + ticks]:
        start += ticks
        found.append("a back quote")
    return start


def _ignored(what: str, number: int, column: int, line: str) -> Diagnostic:
    span = Span(number, column, max(len(line) + 1, column + 1))
    return diagnostics.warning("mended", f"ignored {what}", span)


def _corrected(message: str, number: int, column: int, end: int, steps: list[Step]) -> Diagnostic:
    span = Span(number, column, max(end, column + 1))
    return diagnostics.warning("mended", message, span, mended="\n".join(map(str, steps)))


def _read_statement(content: str, number: int, offset: int) -> tuple[list[Step], list[Diagnostic]]:
    """Parse strictly; if that fails, try again with lenient quotes."""
    try:
        statement = Statement(content, number, offset)
        steps = statement.read()
    except Fault as fault:
        corrected = _with_lenient_quotes(content, number, offset)
        return corrected if corrected is not None else ([], [fault.diagnostic])
    return steps, [_corrected(*each, steps=steps) for each in statement.corrections]


def _with_lenient_quotes(
    content: str, number: int, offset: int
) -> tuple[list[Step], list[Diagnostic]] | None:
    if "'" not in content and '"' not in content:
        return None
    try:
        statement = Statement(content, number, offset, _closes_leniently)
        steps = statement.read()
    except Fault:
        return None
    if statement.quote is None or _TWO_STRINGS.search(statement.quote.text[1:-1]):
        return None
    message = "a quote inside the string is not escaped"
    corrections = [(message, number, statement.quote.column, statement.quote.end), *statement.corrections]
    return steps, [_corrected(*each, steps=steps) for each in corrections]


_AFTER_STRING = re.compile(
    r"""
    \s* (?: \) [\s);`]* (?:\#.*)? $
         | \]
         | , \s* (?: [^\W\d]\w*\s*= | ['"\[] | [-+]?\.?\d | [^\W\d]\w*\s*[,)\]] | $ )
        )
    """,
    re.VERBOSE,
)


_TWO_STRINGS = re.compile(r"""(['"])(?:\s*\1|\s*,|\s+[^\W\d]\w*\s*[,=])""")
"""A string's end inside a string: two arguments with something missing between them."""


def _closes_leniently(line: str, position: int) -> bool:
    """Return whether the quote ends its string, going by the text after it: an apostrophe does not."""
    return _AFTER_STRING.match(line, position + 1) is not None
