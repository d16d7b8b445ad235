"""Finds the best derivation of an instruction: a chart of categories and places, filled on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from visprog.nouns import singular
from visprog.planner.patterns.grammar import Grammar, Rule
from visprog.planner.patterns.template import ARTICLES, State
from visprog.planner.patterns.terminals import TERMINALS, Token, joined


@dataclass(slots=True, eq=False)
class Node:
    """A phrase from token `start` to `end`. Phrases without a rule have a text and further texts."""

    category: str
    start: int
    end: int
    cost: float
    text: str
    rule: Rule | None = None
    slots: dict[str, Node] = field(default_factory=dict)
    facets: dict[str, str] = field(default_factory=dict)
    lead: str = ""
    """The article before the phrase, as written."""


_Slots = tuple["tuple[str, Node]", ...]


class Chart:
    """The derivations of one instruction."""

    def __init__(self, grammar: Grammar, tokens: Sequence[Token]) -> None:
        self._grammar = grammar
        self._tokens = tokens
        self._words = {"^"} | {token.word for token in tokens} | {token.article for token in tokens}
        self._found: dict[tuple[str, int], dict[int, Node]] = {}
        self._rules: dict[str, list[Rule]] = {}

    def derivations(self, category: str) -> list[Node]:
        """Return the derivations of the whole instruction, the best of each rule, best first."""
        end = len(self._tokens)
        found = [
            node for rule in self._usable(category) for node in self._of_rule(rule, 0) if node.end == end
        ]
        return sorted(found, key=lambda node: (node.cost, node.rule.order if node.rule else 0))

    def phrase_of(self, rule: Rule) -> Node | None:
        """Return the best derivation of the whole text by this rule."""
        found = [node for node in self._of_rule(rule, 0) if node.end == len(self._tokens)]
        return min(found, key=lambda node: node.cost, default=None)

    def _usable(self, category: str) -> list[Rule]:
        """Return the rules whose necessary words occur in the instruction."""
        if category not in self._rules:
            self._rules[category] = [
                rule
                for rule in self._grammar.rules.get(category, ())
                if all(not group.isdisjoint(self._words) for group in rule.pattern.needs)
            ]
        return self._rules[category]

    def _phrases(self, category: str, start: int) -> dict[int, Node]:
        """Return the best phrase of a category for each end."""
        key = (category, start)
        if key not in self._found:
            found: dict[int, Node] = {}
            self._found[key] = found  # a rule that begins with its own category finds nothing here
            for node in self._all_phrases(category, start):
                known = found.get(node.end)
                if known is None or node.cost < known.cost:
                    found[node.end] = node
        return self._found[key]

    def _all_phrases(self, category: str, start: int) -> Iterator[Node]:
        if category in self._grammar.rules:
            for rule in self._usable(category):
                yield from self._of_rule(rule, start)
        elif category in self._grammar.lists:
            word = self._tokens[start].word if start < len(self._tokens) else ""
            if word in self._grammar.lists[category] or singular(word) in self._grammar.lists[category]:
                yield Node(category, start, start + 1, 0, word, facets={"base": singular(word)})
        else:
            for end, cost, text, facets in TERMINALS[category][0](self._grammar.lists, self._tokens, start):
                yield Node(category, start, end, cost, text, facets=facets)

    def _of_rule(self, rule: Rule, start: int) -> Iterator[Node]:
        firsts = rule.pattern.firsts
        if firsts is not None and (start >= len(self._tokens) or self._tokens[start].word not in firsts):
            return
        for end, cost, slots in self._walk(rule.pattern.start, start):
            text = joined(self._tokens[start:end])
            lead = self._tokens[start].written if start < end else ""
            yield Node(rule.category, start, end, cost + rule.cost, text, rule, dict(slots), lead=lead)

    def _walk(self, state: State, position: int) -> Iterator[tuple[int, float, _Slots]]:
        if state.word:
            if state.word in ARTICLES:
                if position < len(self._tokens) and self._tokens[position].article == ARTICLES[state.word]:
                    yield from self._walk(state.nexts[0], position)
            elif position < len(self._tokens) and self._tokens[position].word == state.word:
                yield from self._walk(state.nexts[0], position + 1)
        elif state.category:
            for node in list(self._phrases(state.category, position).values()):
                for end, cost, slots in self._walk(state.nexts[0], node.end):
                    yield end, cost + node.cost, ((state.name, node), *slots)
        elif state.nexts:
            for each in state.nexts:
                yield from self._walk(each, position)
        else:
            yield position, 0.0, ()
