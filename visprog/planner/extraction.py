"""Finds the program in what a language model answered.

What stands around a program is removed here; what is wrong inside it is left to the parser, which mends or
reports it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from visprog.language.parser import MAX_LINE
from visprog.language.program import lines_of

_STATEMENT = re.compile(
    r"""
    \s* (?i:\**program\**\s*:\**\s*)? (?:(?i:step\s*)?\d+\s*[.):]\s* | [-*•]\s+)? `*\s*
    (?: (?P<loud>[A-Z][A-Z0-9_]*) \s*=(?!=)                       # whatever follows: the parser explains it
      | (?P<call>[^\W\d]\w*) \s*=\s* [^\W\d]\w*\s*\(
      | (?P<alias>[^\W\d]\w*) \s*=\s* [^\W\d]\w* [\s`;]* (?:\#.*)? $ )
    """,
    re.VERBOSE,
)
_NEW_CALL = re.compile(r"\s*[^\W\d]\w*\s*=\s*[^\W\d]\w*\s*\(")
_BARE_CALL = re.compile(r"\s*[^\W\d]\w*\(.*\)\s*$")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*[\w+.-]*\s*")
_LABEL = re.compile(r"[\s*#>]*(?:instruction|statement|question|pictures?)\b[^:=]{0,40}:", re.IGNORECASE)
_HEADING = re.compile(r"[\s*#>]*program[\s*]*:[\s*]*", re.IGNORECASE)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_END_OF_THOUGHT = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)
_STRING = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


def extract_program(answer: str) -> str | None:
    """Return the text of the program in `answer`, or None where there is none.

    Left out are thoughts, prose, code fences, a repeated instruction, and whatever follows a further
    instruction that the model made up. A call spread over lines is put on one. Pieces that define different
    names are parts of one program; a piece that defines a name again is a new version, and the last counts.
    """
    lines = _first_task(_whole_calls(lines_of(_without_thoughts(answer))))
    fenced, loose = _split_at_fences(lines)
    pieces = [piece for piece in map(_without_labels, fenced) if any(map(_defined, piece))]
    program = _latest(pieces or _runs(loose))
    return "\n".join(program).strip("\n") if program else None


def is_whole(answer: str) -> bool:
    """Whether the program in an answer that was cut off is surely complete: more follows its RESULT."""
    before, newline, _ = answer.rpartition("\n")
    program = extract_program(before) if newline else None
    if program is None or extract_program(answer) != program:
        return False
    return _defined(program.rpartition("\n")[2]) == "RESULT"


def _without_thoughts(answer: str) -> str:
    """Remove what reasoning models think aloud; some servers send the end of a thought without its start."""
    spoken = _THOUGHT.sub("", answer)
    ends = [match.end() for match in _END_OF_THOUGHT.finditer(spoken)]
    return spoken[ends[-1] :] if ends else spoken


def _defined(line: str) -> str | None:
    """Return the name that a line defines, if it looks like a statement."""
    match = _STATEMENT.match(line)
    return match and (match["loud"] or match["call"] or match["alias"])


def _whole_calls(lines: Iterable[str]) -> list[str]:
    """Join the lines of a call: the language has one statement a line, models like to spread them."""
    whole: list[str] = []
    for line in lines:
        if whole and _continues(whole[-1], line):
            whole[-1] = f"{whole[-1].rstrip()} {line.strip()}"
        else:
            whole.append(line)
    return whole


def _continues(before: str, line: str) -> bool:
    if len(before) > MAX_LINE or not _NEW_CALL.match(before) or _NEW_CALL.match(line) or not line.strip():
        return False
    code = _STRING.sub("''", before).rstrip()
    opened = code.count("(") + code.count("[") > code.count(")") + code.count("]")
    return opened and (code.endswith(("(", "[", ",")) or line.lstrip().startswith((")", "]")))


def _first_task(lines: list[str]) -> list[str]:
    """Cut off what follows a further instruction: small models go on and invent the next example."""
    begun = False
    for number, line in enumerate(lines):
        begun = begun or _defined(line) is not None
        if begun and _LABEL.match(line):
            return lines[:number]
    return lines


def _split_at_fences(lines: list[str]) -> tuple[list[list[str]], list[str]]:
    """Return the lines inside each pair of fences, and those outside. The last fence may be left open."""
    fenced: list[list[str]] = []
    loose: list[str] = []
    inside = False
    for line in lines:
        if _FENCE.fullmatch(line):
            inside = not inside
            if inside:
                fenced.append([])
            loose.append("")
        else:
            (fenced[-1] if inside else loose).append(line)
    return fenced, loose


def _without_labels(piece: list[str]) -> list[str]:
    """Remove what stands above a program: the instruction again, and the word `Program:`."""
    start = 0
    while start < len(piece) and _is_label(piece[start]):
        start += 1
    return piece[start:]


def _is_label(line: str) -> bool:
    return not line.strip() or bool(_LABEL.match(line)) or bool(_HEADING.fullmatch(line))


def _runs(lines: list[str]) -> Iterator[list[str]]:
    """Yield the statements between the prose, those that stand together as one piece."""
    run: list[str] = []
    for line in lines:
        if _defined(line) is not None or (run and _BARE_CALL.match(line)):
            run.append(line)
        elif line.strip() and run:
            yield run
            run = []
    if run:
        yield run


def _latest(pieces: Iterable[list[str]]) -> list[str]:
    program: list[str] = []
    names: set[str] = set()
    for piece in pieces:
        defined = {name for name in map(_defined, piece) if name is not None}
        if defined & names:
            program, names = [], set()
        program += piece
        names |= defined
    return program
