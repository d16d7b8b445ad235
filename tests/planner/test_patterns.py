from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.planner.sentence_sets import PICTURES, _sentences, read_sentences
from visprog.errors import PlanError
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.types import Type
from visprog.modules import TOOLS
from visprog.planner.pattern_check import check_patterns, samples
from visprog.planner.patterns.chart import Chart
from visprog.planner.patterns.grammar import Grammar, is_pattern_file, read_grammar
from visprog.planner.patterns.planner import PatternsPlanner, shipped_grammar
from visprog.planner.patterns.template import PatternError, State, read_pattern
from visprog.planner.patterns.terminals import tokens_of
from visprog.planner.plan import Plan, Request
from visprog.prompts import BANKS, bank_text, pattern_files
from visprog.tools import Registry

REGISTRY = Registry(TOOLS)
GOLDEN = Path(__file__).parent / "patterns_golden.txt"
TASKS = {"refer": "knowtag"}
ONE = ("IMAGE",)


def planned(text: str, task: str = "gqa", grammar: Grammar | None = None, strict: bool = False) -> Plan:
    planner = PatternsPlanner(grammar, strict=strict)
    inputs = dict.fromkeys(PICTURES.get(task, ONE), Type.IMAGE)
    return planner.plan(Request(text, inputs, TASKS.get(task, task), REGISTRY))


# Files


def test_the_shipped_files_have_no_faults() -> None:
    assert [(file, fault.span.line, fault.message) for file, fault in shipped_grammar().faults] == []


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("question: how many <noun", 1, 20, "a slot is written"),
        ("question: how [many <noun>", 1, 15, "`[` is not closed"),
        ("question: (a|b]", 1, 11, "`(` is not closed"),
        ("question: how many)", 1, 19, "`)` closes nothing"),
        ("# a comment\n\nquestion: how many <nuon>", 3, 1, "`nuon`"),
        ("question: many <noun>\n    BOX0=Loc(image=IMAGE, object='<thing>')", 2, 1, "no slot `thing`"),
        ("question: many <noun>\n    count the noun", 2, 1, "expected `NAME=Tool(...)`"),
        ("question: many <noun>\n    IMAGE=Crop(image=IMAGE, object=<noun>)", 2, 1, "a picture's name"),
        ("    BOX0=Seg(image=IMAGE)", 1, 1, "belongs to a rule"),
        ("| how many <noun>", 1, 1, "expected `category: pattern`"),
        ("number: two", 1, 1, "`number` is built in"),
        ("list colour = red\ncolour: red", 2, 1, "`colour` is built in or a list"),
        ("question: [please]", 1, 11, "an empty text"),
        ("question: <noun:x> or <adj:x>", 1, 17, "`x` has two categories"),
    ],
)
def test_faults_name_the_line(text: str, line: int, column: int, said: str) -> None:
    (found,) = read_grammar([("mine.txt", text)]).faults
    assert found[0] == "mine.txt"
    assert said in found[1].message
    assert found[1].span.line == line
    assert found[1].span.column == column


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("question: how odd is <thing>\n    A0=Oddness(object=<thing>)", "Oddness"),
        (
            "question: how big is <noun>\n    A0=Count(object='<noun>')",
            "the program for `how big is lantern`",
        ),
        ("alpha: one <beta>\nbeta: two <alpha>", "need each other"),
        ("cond: never <pool>\n    A0=Count(object=<pool>)\n    = {A0} >> 0", "is wrong"),
    ],
)
def test_a_rule_whose_program_is_wrong_is_found(text: str, said: str) -> None:
    found = check_patterns("mine.txt", text, pattern_files(), REGISTRY)
    assert said in found[0].message
    assert found[0].span.line == 1


@pytest.mark.parametrize(("name", "text"), pattern_files())
def test_the_programs_of_the_shipped_files_check(name: str, text: str) -> None:
    assert is_pattern_file(text)
    assert check_patterns(name, text, pattern_files(), REGISTRY) == ()


def test_programs_and_banks_are_no_patterns() -> None:
    texts = ["BOX0=Loc(image=IMAGE, object='dog')", "", *map(bank_text, BANKS)]
    assert [text for text in texts if is_pattern_file(text)] == []


def test_a_fault_leaves_the_other_rules() -> None:
    grammar = read_grammar([("mine.txt", "question: how (\nquestion: what\n    A0=Caption(image=IMAGE)")])
    assert len(grammar.faults) == 1
    assert [rule.text for rule in grammar.rules["question"]] == ["question: what"]


@given(st.text(alphabet="ab <>[]()|:", max_size=20))
def test_any_text_is_a_pattern_or_an_error(text: str) -> None:
    try:
        pattern = read_pattern(text)
    except PatternError as error:
        assert -1 <= error.column <= len(text)
    else:
        assert pattern.slots.keys() <= set("ab")


# Sentences


@cache
def golden() -> list[tuple[str, str, str]]:
    found = _sentences(GOLDEN.read_text(encoding="utf-8"), "")
    return [(each.kind, each.text, each.program) for each in found]


@pytest.mark.parametrize("index", range(40))
def test_golden_plans(index: int) -> None:
    task, text, program = golden()[index]
    assert str(planned(text, task)) == program


def test_golden_plans_are_forty_of_all_tasks() -> None:
    assert len(golden()) == 40
    assert {task for task, _, _ in golden()} == set(PICTURES)


PLANNED = {"gqa": 290, "nlvr": 158, "imgedit": 140, "refer": 238, "knowtag": 64}
"""The number of development sentences that must get a plan."""


@pytest.mark.parametrize("task", PICTURES)
def test_enough_sentences_are_planned_and_each_plan_checks(task: str) -> None:
    count = 0
    for each in read_sentences("dev", task):
        try:
            plan = planned(each.text, task)
        except PlanError:
            continue
        count += 1
        faults = check(parse(str(plan)), REGISTRY, each.inputs).diagnostics
        assert [fault.message for fault in faults] == [], each.text
    assert count >= PLANNED[task]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ("imgedit", "add a hat to the dog"),
        ("imgedit", "make it brighter"),
        ("imgedit", "rotate 90 degrees"),
        ("imgedit", "move the cup to the left"),
        ("imgedit", "make him wave at the camera"),
        ("knowtag", "tag man behind counter"),
        ("knowtag", "Tag farthest boat"),
        ("nlvr", "The left building looks older than the building on the right."),
        ("nlvr", "the bag in the right image is the same one as in the left image"),
    ],
)
def test_what_no_tool_can_do_is_refused(task: str, text: str) -> None:
    with pytest.raises(PlanError, match="no pattern fits this instruction"):
        planned(text, task)


def test_a_question_without_a_pattern_is_asked_as_a_whole() -> None:
    plan = planned("What do the pot and the pan have in common, colour or material?")
    assert "fallback" in plan.remarks[0]
    assert str(plan).startswith(
        "ANSWER0=Vqa(image=IMAGE, question='What do the pot and the pan have in common"
    )
    with pytest.raises(PlanError):
        planned("What do the pot and the pan have in common, colour or material?", strict=True)


@pytest.mark.parametrize("text", ["", "  ", "Wie viele Hunde sind auf dem Bild?", "what " * 100])
def test_unusable_instructions_are_refused(text: str) -> None:
    with pytest.raises(PlanError):
        planned(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Replace the carpet with red tiles and the curtains with wooden shutters", ["carpet", "curtain"]),
        ("Replace the vase with the blue flowers with a stack of books", ["vase", "stack of books"]),
        ("turn the dog into a cat and the cat into a dog", ["image=IMAGE, object='cat'"]),
        ("Put a ghost on the teapot and a red heart on the mailbox", ["emoji='ghost'", "emoji='red_heart'"]),
        ("first delete the bin, then make the door blue", ["prompt='nothing'", "prompt='blue door'"]),
        ("blur everything except the bride and the groom", ["bride", "groom", "Both"]),
    ],
)
def test_several_wishes_and_several_things(text: str, found: list[str]) -> None:
    plan = str(planned(text, "imgedit"))
    assert [each for each in found if each not in plan] == []


def test_a_plan_names_its_patterns() -> None:
    assert re.fullmatch(r"followed the patterns (\w+\.txt:\d+(, )?)+", planned("how many dogs").remarks[0])


@pytest.mark.parametrize(
    "text",
    [
        "how many dogs are there",
        "hey, could you tell me how many dogs there are",
        "How many dogs r there?",
        "how many dogs are theer",
        "number of dogs in this picture pls",
        "count the dogs",
    ],
)
def test_wordings_of_one_question_have_one_plan(text: str) -> None:
    assert (
        str(planned(text))
        == "BOX0=Loc(image=IMAGE, object='dog')\nANSWER0=Count(object=BOX0)\nRESULT=ANSWER0"
    )


# Laws

_FEW = """
list stop = of and
list nounlike = light
list colour = red blue
list adjective = old
list verb = hold
list landmark = tower
list tied = left
question: how many <thing> [are there]
    ANSWER0=Count(object=<thing>)
thing: <noun>
    BOX0=Loc(image=IMAGE, object='<noun>')
thing: <colour> <noun>
    BOX0=Loc(image=IMAGE, object='<noun>')
    BOX1=Filter(image=IMAGE, object=BOX0, query='<colour> <noun>')
"""


@given(
    noun=st.sampled_from(["zebra", "kettle", "box", "bus stop"]),
    colour=st.sampled_from(["", "red", "blue"]),
    end=st.sampled_from(["", " are there", " are there?"]),
)
def test_a_sentence_of_a_rule_is_planned_as_the_rule_says(noun: str, colour: str, end: str) -> None:
    plan = planned(f"how many {colour} {noun}{end}", grammar=read_grammar([("few.txt", _FEW)]), strict=True)
    found = f"BOX1=Filter(image=IMAGE, object=BOX0, query='{colour} {noun}')\n" if colour else ""
    counted = "BOX1" if colour else "BOX0"
    assert str(plan) == (
        f"BOX0=Loc(image=IMAGE, object='{noun}')\n{found}ANSWER0=Count(object={counted})\nRESULT=ANSWER0"
    )


_WORDS = {
    "noun": ["zebra", "kettles", "bus stop"],
    "many": ["zebras", "kettles"],
    "ing": ["jumping"],
    "adj": ["old", "red"],
    "act": ["wear", "holds"],
    "number": ["3", "two"],
    "ordinal": ["second", "3rd"],
    "emoji": [":)"],
    "quoted": ['"exit"'],
    "words": ["near zebras"],
    "predicate": ["near zebras"],
    "name": ["Otto"],
}
_DEPTH = 3


@cache
def short_phrases() -> dict[str, str]:
    return samples(shipped_grammar())


@st.composite
def phrases(draw: DrawFn, category: str, depth: int = 0) -> str:
    grammar = shipped_grammar()
    if category in _WORDS:
        return draw(st.sampled_from(_WORDS[category]))
    if category in grammar.lists:
        return draw(st.sampled_from(sorted(grammar.lists[category])))
    rules = grammar.rules[category]
    if depth > _DEPTH:
        return short_phrases()[category]
    rule = draw(st.sampled_from(rules))
    words: list[str] = []
    state: State = rule.pattern.start
    while state.nexts:
        if state.is_choice:
            state = draw(st.sampled_from(state.nexts))
            continue
        if state.word != "^":
            words.append(state.word or draw(phrases(state.category, depth + 1)))
        state = state.nexts[0]
    return " ".join(words)


@given(data=st.data())
@pytest.mark.parametrize("category", ["question", "edit", "tag", "statement", "thing"])
def test_every_sentence_of_the_patterns_is_derived(category: str, data: st.DataObject) -> None:
    sentence = data.draw(phrases(category))
    tokens = tokens_of(sentence)
    if tokens and tokens[-1].raw != sentence.split()[-1]:
        return  # an article at the end belongs to no word
    assert Chart(shipped_grammar(), tokens).derivations(category), sentence
