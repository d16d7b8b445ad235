"""Extracts the program from the answer of a language model.

This file removes the text around a program. The parser repairs or reports faults inside the program.
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
"""The type of a typed assignment, as in `OBJ0: Regions = ...`."""
_STATEMENT = re.compile(
    rf"""
    \s*+ (?i:\**+program\**+\s*+:\**+\s*+)? (?:(?i:step\s*+)?\d++\s*+[.):]\s*+ | [-*•]\s++)? `*+\s*+
    (?: (?P<upper>[A-Z][A-Z0-9_]*+) \s*+=(?!=)                       # the parser reports faults after the `=`
      | (?P<call>{_NAME}) {_TYPE} \s*+=\s*+ {_NAME}\s*+\(
      | (?P<alias>{_NAME}) \s*+=\s*+ {_NAME} [\s`;]*+ (?:\#.*)? $ )
    """,
    re.VERBOSE,
)
_NEW_CALL = re.compile(rf"\s*+{_NAME}{_TYPE}\s*+=\s*+{_NAME}\s*+\(")
_BARE_CALL = re.compile(rf"\s*+{_NAME}\(")
_STRING = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_RESULTS = frozenset({"RESULT", "FINAL_RESULT", "FINAL_ANSWER"})
"""Names that models use for the result of a program."""
_MAX_JSON_DEPTH = 3
"""Maximum nesting depth of a program inside JSON."""
_MAX_CALL_LINES = 100
"""Maximum number of lines that are joined into one call."""
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
_FULL_WIDTH = {ord(wide): narrow for wide, narrow in zip("（），＝［］：；＂＇", "(),=[]:;\"'", strict=True)}
"""Full-width punctuation, which models that reason in Chinese use between names and values."""


def extract_program(answer: str) -> str | None:
    """Return the text of the program in `answer`, or None if it has no program.

    Thoughts, turn tokens, tags, prose, code fences and a repeated instruction are removed. If the model
    invents another instruction, the text from there on is removed too. Text after MAX_TEXT characters is not
    read. A call on several lines is put on one line. Pieces that define different names are parts of one
    program. A piece that defines a name again starts a new version of the program; the last version is used.
    """
    return _program_in(answer) or _program_in(_texts_of_json(answer))


def _program_in(text: str) -> str | None:
    lines = _first_task(_joined_calls(_cleaned_lines(text)))
    fenced, loose = _split_at_fences(lines)
    pieces = [piece for piece in map(_without_labels, fenced) if any(map(_target, piece))]
    program = _latest_version(pieces or _statement_groups(loose))
    return "\n".join(program).strip("\n") if program else None


def _texts_of_json(answer: str) -> str:
    """Return the strings of an answer in JSON, one on each line, as in `{"steps": ["A=Loc(...)", ...]}`."""
    try:
        level = [find_json(answer[:MAX_TEXT], dict, list)]
    except ValueError:
        return ""
    texts: list[str] = []
    for _ in range(_MAX_JSON_DEPTH):
        values = [value for each in level for value in (each.values() if isinstance(each, dict) else each)]
        texts += [value for value in values if isinstance(value, str)]
        level = [value for value in values if isinstance(value, dict | list)]
    return "\n".join(texts)


def is_complete(answer: str) -> bool:
    """Return whether an answer that was cut off has a complete program: text follows its RESULT line."""
    before, newline, _ = answer.rpartition("\n")
    program = extract_program(before) if newline else None
    if program is None or extract_program(answer) != program:
        return False
    return _target(program.rpartition("\n")[2]) == "RESULT"


def is_finished(answer: str) -> bool:
    """Return whether an unfinished answer already has a complete line that defines the program's result."""
    if "RESULT" not in answer and "FINAL_ANSWER" not in answer:
        return False
    lines = _joined_calls(_cleaned_lines(answer.rpartition("\n")[0]))
    return any(_target(line) in _RESULTS and not _is_unclosed(line) for line in lines)


def _is_unclosed(line: str) -> bool:
    """Return whether a statement has an unclosed bracket or quote, so that it continues on the next line."""
    code = _STRING.sub("''", line)
    opened = code.count("(") + code.count("[") - code.count(")") - code.count("]")
    return opened > 0 or bool(set("'\"") & set(code.replace("''", "").partition("#")[0]))


def _cleaned_lines(answer: str) -> list[str]:
    """Return the lines of an answer with ASCII punctuation, and with fences instead of tags around code."""
    text = without_turn_tokens(_tags_to_fences(without_thoughts(without_invisible(answer))))
    return [_with_ascii_punctuation(_without_decoration(line)) for line in lines_of(text[:MAX_TEXT])]


_DECORATION = re.compile(
    r"[\s>|*`-]*+ (?:(?:step|line)\s*+)? (?:\d{1,3}\s*+[.):|])?+ [\s>|*`]*+"
    r"(?:(?:python|visprog|text)\s"
    r"|[^=(:'\"\n]{0,60} (?:answer|program|solution|plan|output)\**+:)?+ [\s*`]*+",
    re.IGNORECASE | re.VERBOSE,
)
"""Text before a statement on the same line: quote marks, table borders, step numbers and labels."""


def _without_decoration(line: str) -> str:
    """Remove step numbers, labels, backticks and similar text around a statement."""
    if len(line) > MAX_LINE:
        return line
    name = _target(line)
    if name is not None and name.isupper():
        inner = line.rstrip(" \t`\\")
        return line if "`" in inner else inner
    decoration = _DECORATION.match(line)
    inner = line[decoration.end() if decoration else 0 :].rstrip(" \t*`|\\")
    return inner if _target(inner) else line


def _tags_to_fences(text: str) -> str:
    """Replace tags such as `<program>` by code fences. Nested tags, and tags around a fence, add no fence."""
    if "&" in text and ("<pre" in text or "<code" in text):
        for entity, char in _ENTITIES.items():
            text = text.replace(entity, char)
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


def _with_ascii_punctuation(line: str) -> str:
    """Replace full-width punctuation outside strings, if the line becomes a statement that way."""
    if line.isascii() or len(line) > MAX_LINE or not _STATEMENT.match(line.translate(_FULL_WIDTH)):
        return line
    plain: list[str] = []
    quote, escaped = "", False
    for char in line:
        replacement = char.translate(_FULL_WIDTH)
        if not quote:
            quote = char if replacement in "'\"" else ""
        elif char == quote and not escaped:
            quote = ""
        else:
            replacement = char
        escaped = char == "\\" and not escaped
        plain.append(replacement)
    return "".join(plain)


def _target(line: str) -> str | None:
    """Return the variable that a line defines, or None if it does not look like a statement."""
    match = _STATEMENT.match(line)
    return match and (match["upper"] or match["call"] or match["alias"])


def _joined_calls(lines: Iterable[str]) -> list[str]:
    """Put each call on one line. Models often write long calls on several lines."""
    whole: list[str] = []
    joined = 0
    for line in lines:
        if whole and joined < _MAX_CALL_LINES and _continues(whole[-1], line):
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
    """Remove the text from a second instruction on: small models often invent another example."""
    found = False
    for number, line in enumerate(lines):
        found = found or _target(line) is not None
        if found and _LABEL.match(line):
            return lines[:number]
    return lines


def _split_at_fences(lines: list[str]) -> tuple[list[list[str]], list[str]]:
    """Return the lines inside each pair of fences, and the lines outside. The last fence may be unclosed."""
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
    """Remove a repeated instruction and the word `Program:` above a program."""
    start = 0
    while start < len(piece) and _is_label(piece[start]):
        start += 1
    return piece[start:]


def _is_label(line: str) -> bool:
    return not line.strip() or bool(_LABEL.match(line)) or bool(_HEADING.fullmatch(line))


_CONTROL_FLOW = re.compile(
    r"\s*+(?:else\s*+:|for\s++\w++\s++in\s++[^\s:]++[^:]{0,200}:|return\s++\w++"
    r"|(?:el)?if\s++(?=[^:]*[A-Z(=<>\[])[^:]{1,200}:|while\s++(?=[^:]*[A-Z(=<>])[^:]{1,200}:)\s*+(?:\#.*)?"
)
"""A statement of Python that changes which statements run. Prose such as `For each cup:` is none."""


def _statement_groups(lines: list[str]) -> Iterator[list[str]]:
    """Yield each group of statements that is not interrupted by prose.

    Control flow stays in its group, so that the checker reports it: the program means nothing without it.
    """
    group: list[str] = []
    for line in lines:
        is_bare_call = group and _BARE_CALL.match(line) and line.rstrip().endswith(")")
        if _target(line) is not None or is_bare_call or _CONTROL_FLOW.fullmatch(line):
            group.append(line)
        elif line.strip() and group:
            yield group
            group = []
    if group:
        yield group


def _latest_version(pieces: Iterable[list[str]]) -> list[str]:
    program: list[str] = []
    names: set[str] = set()
    for piece in pieces:
        defined = {name for name in map(_target, piece) if name is not None}
        if defined & names:
            program, names = [], set()
        program += piece
        names |= defined
    return program
