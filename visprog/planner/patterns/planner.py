"""The embedded planner: it finds the declared patterns that an instruction is made of, and needs no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from visprog.errors import PlanError
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.models.fingerprints import short_hash
from visprog.planner.acceptance import forgotten_words, plan_faults
from visprog.planner.language_detection import is_english
from visprog.planner.patterns.chart import Chart, Node
from visprog.planner.patterns.emission import program_of
from visprog.planner.patterns.grammar import Grammar, read_grammar
from visprog.planner.patterns.normalising import Normaliser
from visprog.planner.patterns.terminals import Token, tokens_of
from visprog.planner.plan import Plan, Request
from visprog.planner.result_kind import ResultKind
from visprog.printable import one_line
from visprog.prompts import pattern_files

_KINDS: Mapping[str, tuple[str, ResultKind]] = {
    "gqa": ("question", ResultKind.ANSWER),
    "nlvr": ("statement", ResultKind.TRUTH),
    "imgedit": ("edit", ResultKind.PICTURE),
    "knowtag": ("tag", ResultKind.PICTURE),
}
_MAX_WORDS = 60
_MAX_TRIED = 6
"""Maximum number of derivations of an instruction that are written and judged."""


@cache
def shipped_grammar() -> Grammar:
    """Return the grammar of the pattern files that are part of VisProg."""
    return read_grammar(pattern_files())


class PatternsPlanner:
    """Makes programs from declared patterns.

    A question that no pattern fits becomes one question about the whole picture, unless `strict` is set.
    """

    name = "patterns"

    def __init__(self, grammar: Grammar | None = None, *, strict: bool = False) -> None:
        self._grammar = shipped_grammar() if grammar is None else grammar
        self._normalised = Normaliser(self._grammar)
        self._strict = strict

    @property
    def basis(self) -> Mapping[str, Any]:
        """The things besides the request that programs depend on: the rules."""
        rules = [rule.text for rules in self._grammar.rules.values() for rule in rules]
        return {"patterns": short_hash(repr(rules)), "strict": self._strict}

    def plan(self, request: Request) -> Plan:
        """Return the program of the pattern that fits best. Raises PlanError if none fits."""
        if not request.instruction.strip():
            raise PlanError("the instruction is empty", help="say what you want, for example: Blur the faces")
        if not is_english(request.instruction):
            raise _refusal("this instruction is not in English", request)
        category, kind = self._kind(request)
        words = self._normalised(request.instruction)
        tokens = tokens_of(words)
        if len(tokens) > _MAX_WORDS:
            raise _refusal(f"this instruction has more than {_MAX_WORDS} words", request)
        asked = Request(words, request.inputs, request.task, request.tools)
        chart = Chart(self._grammar, tokens)
        for node in chart.derivations(category)[:_MAX_TRIED]:
            checked = _accepted(node, _open_words(node), asked, kind)
            if checked is not None:
                return self._plan(request, node, checked)
        if category == "question" and not self._strict and _is_question(tokens):
            for node in chart.derivations("fallback"):
                checked = check(parse(program_of(node, list(request.inputs))), request.tools, request.inputs)
                if not any(fault.is_error for fault in checked.diagnostics):
                    remark = (
                        "no pattern fits, so the whole question is asked about the whole picture (fallback)"
                    )
                    return Plan(request.instruction, request.task, checked, self.name, remarks=(remark,))
        raise _refusal("no pattern fits this instruction", request)

    def _plan(self, request: Request, node: Node, checked: Checked) -> Plan:
        lines = ", ".join(dict.fromkeys(_rules(node)))
        return Plan(
            request.instruction, request.task, checked, self.name, remarks=(f"followed the patterns {lines}",)
        )

    def _kind(self, request: Request) -> tuple[str, ResultKind]:
        if request.task not in _KINDS:
            raise PlanError(
                f"there are no patterns for the task {request.task!r}",
                help=f"the tasks are {', '.join(_KINDS)}",
            )
        if not request.inputs:
            raise PlanError("no picture was given", help="give a picture")
        category, kind = _KINDS[request.task]
        if category == "statement" and len(request.inputs) == 1:
            category = "caption"
        return category, kind


def _accepted(node: Node, words: str, request: Request, kind: ResultKind) -> Checked | None:
    """Return the checked program of a derivation if it does all that the instruction asks for.

    The program must cover the `words` that fill slots. A pattern's own words are covered by its program.
    """
    checked = check(parse(program_of(node, list(request.inputs))), request.tools, request.inputs)
    if any(fault.is_error for fault in checked.diagnostics):
        return None
    if plan_faults(checked, request, kind):
        return None
    filled = Request(words, request.inputs, request.task, request.tools)
    return None if forgotten_words(checked, filled, kind) else checked


def _open_words(node: Node) -> str:
    """Return the words of the phrases that no pattern spells out: nouns, verbs, free words."""
    if node.rule is None:
        return node.text
    return " ".join(map(_open_words, node.slots.values()))


def _rules(node: Node) -> Iterator[str]:
    if node.rule is not None:
        yield f"{node.rule.file}:{node.rule.line}"
    for child in node.slots.values():
        yield from _rules(child)


_ASKING = frozenset(
    "what which who whose whom where when why how is are was were do does did has have can could in on of "
    "at name count describe would".split()
)


def _is_question(tokens: Sequence[Token]) -> bool:
    return any(token.word in _ASKING for token in tokens[:3])


def _refusal(message: str, request: Request) -> PlanError:
    line = " ".join(one_line(request.instruction).split())
    shown = line if len(line) <= 120 else f"{line[:119]}…"
    return PlanError(
        f"{message}: {shown}",
        help="say it in other words; or let a language model write the program: --planner openai, with "
        "OPENAI_API_KEY or OPENAI_BASE_URL set; or write it yourself, and run it with `visprog exec FILE`",
    )
