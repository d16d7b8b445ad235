"""Checks pattern files: every rule must lead to a program that the checker accepts, for a sample sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from visprog.language import diagnostics
from visprog.language.checker import check
from visprog.language.diagnostics import Diagnostic
from visprog.language.parser import parse
from visprog.language.program import Span
from visprog.language.types import Signatures, Type
from visprog.planner.patterns.chart import Chart
from visprog.planner.patterns.emission import program_of
from visprog.planner.patterns.grammar import Grammar, Rule, read_grammar
from visprog.planner.patterns.template import State
from visprog.planner.patterns.terminals import TERMINALS, tokens_of

_PICTURES = ("LEFT", "RIGHT")


def check_patterns(
    name: str, text: str, others: Sequence[tuple[str, str]], tools: Signatures
) -> tuple[Diagnostic, ...]:
    """Return the faults of a file of patterns, which may use the lists and rules of the `others`."""
    grammar = read_grammar([*(each for each in others if each[0] != name), (name, text)])
    faults = [fault for file, fault in grammar.faults if file == name]
    if not faults:
        phrases = samples(grammar)
        rules = [rule for rules in grammar.rules.values() for rule in rules if rule.file == name]
        faults = [fault for rule in rules for fault in _rule_faults(rule, grammar, phrases, tools)]
    return tuple(sorted(faults, key=lambda fault: fault.span))


def _rule_faults(
    rule: Rule, grammar: Grammar, phrases: dict[str, str], tools: Signatures
) -> Iterator[Diagnostic]:
    span = Span(rule.line, 1, len(rule.text) + 1)
    sentence = _sentence(rule.pattern.start, phrases)
    if sentence is None:
        yield diagnostics.error(
            "syntax", "no sentence fits this pattern: its categories need each other", span
        )
        return
    node = Chart(grammar, tokens_of(sentence)).phrase_of(rule)
    if node is None or (not rule.steps and rule.value is None):
        return
    program = program_of(node, _PICTURES)
    if rule.value is not None:
        lines, _, value = program.rpartition("RESULT=")
        value = value.replace("#", "{NUMBER0}")
        program = f"NUMBER0=Eval('1 + 1')\n{lines}RESULT=Eval(\"{value}\")"
    inputs = dict.fromkeys(_PICTURES, Type.IMAGE)
    for fault in check(parse(program), tools, inputs).diagnostics:
        if fault.is_error:
            message = f"the program for `{sentence}` is wrong: {fault.message}"
            yield diagnostics.error(fault.code, message, span, fault.help)


def samples(grammar: Grammar) -> dict[str, str]:
    """Return a short phrase of each category that has one."""
    found = {name: sample for name, (_, sample) in TERMINALS.items()}
    found |= {name: min(words) for name, words in grammar.lists.items() if words}
    size = -1
    while size < len(found):
        size = len(found)
        for category, rules in grammar.rules.items():
            made = [_sentence(rule.pattern.start, found) for rule in rules if category not in found]
            if fitting := [phrase for phrase in made if phrase]:
                found[category] = min(fitting, key=len)
    return found


def _sentence(state: State, phrases: dict[str, str]) -> str | None:
    """Return a sentence of the pattern from this state on; None if a category has no phrase yet."""
    if not state.nexts:
        return ""
    rests = [rest for each in state.nexts if (rest := _sentence(each, phrases)) is not None]
    word = "" if state.is_choice or state.word == "^" else state.word or phrases.get(state.category)
    return f"{word} {rests[0]}".strip() if rests and word is not None else None
