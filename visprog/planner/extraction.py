"""Finds the program in what a language model answered.

What surrounds a program is removed here; the parser mends or reports what is wrong inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from visprog.language.parser import MAX_LINE, MAX_TEXT
from visprog.language.program import lines_of
from visprog.model_text import (
    find_json,
    is_fence,
    is_quoted,
    without_invisible,
    without_thoughts,
    without_turn_tokens,
)

_NAME = r"[^\W\d]\w*+"
_TYPE = r"(?:\s*+:[\w\s.,|\[\]]{0,100}+)?"
"""What a typed assignment has between the name and the `=`, as in `OBJ0: Regions = ...`."""
_STATEMENT = re.compile(
    rf"""
    \s*+ (?i:\**+program\**+\s*+:\**+\s*+)? (?:(?i:step\s*+)?\d++\s*+[.):]\s*+ | [-*•]\s++)? `*+\s*+
    (?: (?P<loud>[A-Z][A-Z0-9_]*+) \s*+=(?!=)                       # whatever follows: the parser explains it
      | (?P<call>{_NAME}) {_TYPE} \s*+=\s*+ {_NAME}\s*+\(
      | (?P<alias>{_NAME}) \s*+=\s*+ {_NAME} [\s`;]*+ (?:\#.*)? $ )
    """,
    re.VERBOSE,
)
_NEW_CALL = re.compile(rf"\s*+{_NAME}{_TYPE}\s*+=\s*+{_NAME}\s*+\(")
_BARE_CALL = re.compile(rf"\s*+{_NAME}\(")
_STRING = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_RESULTS = frozenset({"RESULT", "FINAL_RESULT", "FINAL_ANSWER"})
"""What models call the last step of a program."""
_DEEPEST = 3
"""A program in JSON is nested no deeper."""
_MOST_JOINED = 100
"""A call is spread over no more lines."""
_LABEL = re.compile(
    r"[\s*#>]*+(?:instruction|statement|question|pictures?|user|human)\b[^:=]{0,40}:", re.IGNORECASE
)
_HEADING = re.compile(r"[\s*#>]*+program[\s*]*+:[\s*]*+", re.IGNORECASE)
_TAG = re.compile(
    r"<(?P<slash>/?)(?:program|code|pre|plan|answer|output|result|response|solution|final|visprog)(?:\s[^<>]{0,100})?>"
    r"|<\|(?P<end>begin|end)_of_(?:solution|box)\|>|\[(?P<square>/?)(?:PROGRAM|CODE|ANSWER)\]",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<(?:br\s?/?|/?p|/?li|/?ol|/?ul|/?div)>", re.IGNORECASE)
_ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&#x27;": "'",
    "&apos;": "'",
    "&amp;": "&",
}
_WIDE = {ord(wide): narrow for wide, narrow in zip("（），＝［］：；＂＇", "(),=[]:;\"'", strict=True)}
"""Full-width punctuation, which models that think in Chinese write between names and values."""


def extract_program(answer: str) -> str | None:
    """Return the text of the program in `answer`, or None where there is none.

    Thoughts, turn tokens, tags, prose, code fences and a repeated instruction are removed, and whatever
    follows a further instruction that the model made up. No program has more than MAX_TEXT characters, so
    what follows those is not read. A call spread over lines is put on one. Pieces that define different
    names are parts of one program; a piece that defines a name again is a new version, and the last counts.
    """
    return _program_in(answer) or _program_in(_texts_of_json(answer))


def _program_in(text: str) -> str | None:
    lines = _first_task(_whole_calls(_lines_said(text)))
    fenced, loose = _split_at_fences(lines)
    pieces = [piece for piece in map(_without_labels, fenced) if any(map(_defined, piece))]
    program = _latest(pieces or _runs(loose))
    return "\n".join(program).strip("\n") if program else None


def _texts_of_json(answer: str) -> str:
    """Return the texts in an answer that is JSON, one a line, as in `{"steps": ["A=Loc(...)", ...]}`."""
    try:
        level = [find_json(answer[:MAX_TEXT], dict, list)]
    except ValueError:
        return ""
    texts: list[str] = []
    for _ in range(_DEEPEST):
        values = [value for each in level for value in (each.values() if isinstance(each, dict) else each)]
        texts += [value for value in values if isinstance(value, str)]
        level = [value for value in values if isinstance(value, dict | list)]
    return "\n".join(texts)


def is_whole(answer: str) -> bool:
    """Whether the program in an answer that was cut off is surely complete: more follows its RESULT."""
    before, newline, _ = answer.rpartition("\n")
    program = extract_program(before) if newline else None
    if program is None or extract_program(answer) != program:
        return False
    return _defined(program.rpartition("\n")[2]) == "RESULT"


def is_finished(answer: str) -> bool:
    """Whether an answer that is still being written has a whole line that defines the program's result."""
    if "RESULT" not in answer and "FINAL_ANSWER" not in answer:
        return False
    lines = _whole_calls(_lines_said(answer.rpartition("\n")[0]))
    return any(_defined(line) in _RESULTS and not _is_open(line) for line in lines)


def _is_open(line: str) -> bool:
    """Whether a statement goes on in the next line: a bracket or a quote of it is not closed."""
    code = _STRING.sub("''", line)
    opened = code.count("(") + code.count("[") - code.count(")") - code.count("]")
    return opened > 0 or bool(set("'\"") & set(code.replace("''", "").partition("#")[0]))


def _lines_said(answer: str) -> list[str]:
    """Return the lines of what the model said, with plain punctuation, and tags around code as fences."""
    said = without_turn_tokens(_fenced(without_thoughts(without_invisible(answer))))
    return [_with_plain_punctuation(_without_frame(line)) for line in lines_of(said[:MAX_TEXT])]


_FRAME = re.compile(
    r"[\s>|*`-]*+ (?:(?:step|line)\s*+)? (?:\d{1,3}\s*+[.):|])?+ [\s>|*`]*+"
    r"(?:(?:python|visprog|text)\s"
    r"|[^=(:'\"\n]{0,60} (?:answer|program|solution|plan|output)\**+:)?+ [\s*`]*+",
    re.IGNORECASE | re.VERBOSE,
)
"""What models write before a statement on its line: marks of a quote, a table or a step, a label."""


def _without_frame(line: str) -> str:
    """Remove what stands around a statement on its line, which the parser does not know."""
    if len(line) > MAX_LINE:
        return line
    name = _defined(line)
    if name is not None and name.isupper():
        inner = line.rstrip(" \t`\\")
        return line if "`" in inner else inner
    frame = _FRAME.match(line)
    inner = line[frame.end() if frame else 0 :].rstrip(" \t*`|\\")
    return inner if _defined(inner) else line


def _fenced(text: str) -> str:
    """Put a fence where a tag such as `<program>` stands. Tags within tags or around a fence count once."""
    if "&" in text and ("<pre" in text or "<code" in text):
        for entity, meant in _ENTITIES.items():
            text = text.replace(entity, meant)
    bounds = "\n" if "```" in text or "~~~" in text else "\n```\n"
    inside = False

    def fence(match: re.Match[str]) -> str:
        nonlocal inside
        if is_quoted(match.string, *match.span()):
            return match[0]
        closes = bool(match["slash"] or match["square"] or (match["end"] or "").casefold() == "end")
        changed, inside = inside == closes, not closes
        return bounds if changed else "\n"

    return _BREAK.sub("\n", _TAG.sub(fence, text))


def _with_plain_punctuation(line: str) -> str:
    """Replace full-width punctuation outside strings, in a line that becomes a statement by it."""
    if line.isascii() or len(line) > MAX_LINE or not _STATEMENT.match(line.translate(_WIDE)):
        return line
    plain: list[str] = []
    quote, escaped = "", False
    for char in line:
        meant = char.translate(_WIDE)
        if not quote:
            quote = char if meant in "'\"" else ""
        elif char == quote and not escaped:
            quote = ""
        else:
            meant = char
        escaped = char == "\\" and not escaped
        plain.append(meant)
    return "".join(plain)


def _defined(line: str) -> str | None:
    """Return the name that a line defines, if it looks like a statement."""
    match = _STATEMENT.match(line)
    return match and (match["loud"] or match["call"] or match["alias"])


def _whole_calls(lines: Iterable[str]) -> list[str]:
    """Join the lines of a call: the language has one statement a line, models like to spread them."""
    whole: list[str] = []
    joined = 0
    for line in lines:
        if whole and joined < _MOST_JOINED and _continues(whole[-1], line):
            whole[-1] = f"{whole[-1].rstrip()} {line.strip()}"
            joined += 1
        else:
            whole.append(line)
            joined = 0
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
        if is_fence(line):
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
        if _defined(line) is not None or (run and _BARE_CALL.match(line) and line.rstrip().endswith(")")):
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
