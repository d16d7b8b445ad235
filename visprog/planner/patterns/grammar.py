"""Reads pattern files: rules with their programs, lists of words, and other spellings.

    question: how many <pool> [are there]
    | count <pool>
        ANSWER0=Count(object=<pool>)

A line `category: pattern` begins a rule, and a line `| pattern` below it adds a pattern to it. An indented
line is a step `NAME=Tool(...)`, a text of the phrase `.name = text`, its value `= expression`, or its `cost`.
`list NAME = words` is a category of single words, `say these words -> those` another wording, and `opening`
and `closing` list words that are dropped at the ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from visprog.language import diagnostics
from visprog.language.diagnostics import Diagnostic
from visprog.language.program import Span, lines_of
from visprog.planner.patterns.body import Filling, Step, read_filling, read_step
from visprog.planner.patterns.template import Pattern, PatternError, read_pattern
from visprog.planner.patterns.terminals import TERMINALS

_RULE = re.compile(r"([a-z]+):\s+(.+)")
_LIST = re.compile(r"list ([a-z]+) =(.*)")
_SAY = re.compile(r"say (.+?) -> ?(.*)")
_END = re.compile(r"(opening|closing) =(.*)")
_TEXT = re.compile(r"\.([a-z]+) = (.*)")
_COST = re.compile(r"cost (-?\d+(?:\.\d+)?)")


@dataclass(slots=True, eq=False)
class Rule:
    """A pattern of a category and the program that it leads to. `line` is the pattern's line in `file`."""

    category: str
    pattern: Pattern
    file: str
    line: int
    text: str
    order: int
    steps: list[Step] = field(default_factory=list)
    facets: dict[str, Filling] = field(default_factory=dict)
    value: Filling | None = None
    cost: float = 0.5


@dataclass(slots=True)
class Grammar:
    """The rules of each category, the lists of words, and the wordings that mean the same."""

    rules: dict[str, list[Rule]] = field(default_factory=dict)
    lists: dict[str, frozenset[str]] = field(default_factory=dict)
    wordings: dict[str, str] = field(default_factory=dict)
    openings: list[str] = field(default_factory=list)
    closings: list[str] = field(default_factory=list)
    faults: list[tuple[str, Diagnostic]] = field(default_factory=list)

    def words(self) -> Iterator[str]:
        """Yield the words of the patterns and of the lists."""
        for rules in self.rules.values():
            for rule in rules:
                yield from rule.pattern.words
        for words in self.lists.values():
            yield from words


def is_pattern_file(text: str) -> bool:
    """Return whether a text looks like a file of patterns: its first entry is one of theirs."""
    lines = (line for line in lines_of(text) if line.strip() and not line.startswith("#"))
    first = next(lines, "")
    return any(each.fullmatch(first) for each in (_RULE, _LIST, _SAY, _END))


def read_grammar(files: Iterable[tuple[str, str]]) -> Grammar:
    """Return the grammar of files, given as names and texts. Its `faults` name the lines that are wrong."""
    grammar = Grammar()
    for name, text in files:
        _Reader(grammar, name).read(text)
    grammar.faults += _unknown_categories(grammar)
    return grammar


def _unknown_categories(grammar: Grammar) -> Iterator[tuple[str, Diagnostic]]:
    known = {*grammar.rules, *grammar.lists, *TERMINALS}
    for rules in grammar.rules.values():
        for rule in rules:
            for category in rule.pattern.slots.values():
                if category not in known:
                    message = f"no rule and no list has the name `{category}`"
                    span = Span(rule.line, 1, len(rule.text) + 1)
                    yield rule.file, diagnostics.error("syntax", message, span)


class _Reader:
    def __init__(self, grammar: Grammar, file: str) -> None:
        self._grammar = grammar
        self._file = file
        self._rules: list[Rule] = []
        self._has_body = False

    def read(self, text: str) -> None:
        for number, line in enumerate(_joined(lines_of(text)), start=1):
            content = line.strip()
            if not content or content.startswith("#"):
                continue
            try:
                if line[0].isspace():
                    self._body_line(content)
                else:
                    self._entry(content, number)
            except ValueError as error:
                column = error.column if isinstance(error, PatternError) else 0
                span = Span(number, column + 1, max(len(line) + 1, column + 2))
                self._grammar.faults.append((self._file, diagnostics.error("syntax", str(error), span)))

    def _entry(self, line: str, number: int) -> None:
        grammar = self._grammar
        if match := _LIST.fullmatch(line):
            known = grammar.lists.get(match[1], frozenset())
            grammar.lists[match[1]] = known | frozenset(match[2].split())
        elif match := _SAY.fullmatch(line):
            for wording in match[1].split(" | "):
                grammar.wordings[wording.strip()] = match[2].strip()
        elif match := _END.fullmatch(line):
            ends = grammar.openings if match[1] == "opening" else grammar.closings
            ends += [words.strip() for words in match[2].split("|")]
        elif match := _RULE.fullmatch(line):
            self._rules, self._has_body = [], False
            self._rule(match[1], match[2], line, number)
        elif line.startswith("| ") and self._rules and not self._has_body:
            self._rule(self._rules[0].category, line[2:], line, number)
        else:
            raise ValueError("expected `category: pattern`, `list`, `say`, `opening` or `closing`")

    def _rule(self, category: str, text: str, line: str, number: int) -> None:
        if category in TERMINALS or category in self._grammar.lists:
            raise ValueError(f"`{category}` is built in or a list, so it cannot have rules")
        try:
            pattern = read_pattern(text)
        except PatternError as error:
            raise PatternError(str(error), error.column + len(line) - len(text)) from None
        order = sum(map(len, self._grammar.rules.values()))
        rule = Rule(category, pattern, self._file, number, line, order)
        self._grammar.rules.setdefault(category, []).append(rule)
        self._rules.append(rule)

    def _body_line(self, line: str) -> None:
        if not self._rules:
            raise ValueError("an indented line belongs to a rule above it")
        self._has_body = True
        names = {step.name for step in self._rules[0].steps}
        slots = {name for rule in self._rules for name in rule.pattern.slots}
        for rule in self._rules:
            if match := _TEXT.fullmatch(line):
                rule.facets[match[1]] = read_filling(match[2], names, slots, as_text=True)
            elif match := _COST.fullmatch(line):
                rule.cost = float(match[1])
            elif line.startswith("= "):
                rule.value = read_filling(line[2:], names, slots)
            else:
                rule.steps.append(read_step(line, names, slots))


def _joined(lines: list[str]) -> Iterator[str]:
    """Yield the lines; a list's indented lines are joined to its first line, and leave empty lines behind."""
    index = 0
    while index < len(lines):
        line, index = lines[index], index + 1
        empty = 0
        if line.startswith(("list ", "opening ", "closing ")):
            while index < len(lines) and lines[index][:1].isspace() and lines[index].strip():
                line, index, empty = f"{line} {lines[index].strip()}", index + 1, empty + 1
        yield line
        yield from [""] * empty
