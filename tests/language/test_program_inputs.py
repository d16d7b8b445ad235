from __future__ import annotations

import pytest

from visprog.language.parser import parse
from visprog.language.program import ListValue, Literal, Template, Value, Variable, with_names
from visprog.language.program_inputs import inputs_of


@pytest.mark.parametrize(
    ("program", "inputs"),
    [
        ("RESULT=Vqa(image=IMAGE, question='Is it {COLOR}?')", {"IMAGE", "COLOR"}),
        ("A=Vqa(image=IMAGE, question='x')\nRESULT=Vqa(image=IMAGE, question='Is it {A}?')", {"IMAGE"}),
        ("RESULT=Loc(image=IMAGE, object=['{A} cup', '{B}'])", {"IMAGE", "A", "B"}),
        ("RESULT=Vqa(image=[LEFT, RIGHT], question='x')", {"LEFT", "RIGHT"}),
        ("RESULT=Eval('{A} + {B}[0]')", {"A", "B"}),
        ("RESULT=Vqa(image=IMAGE, question='Is it {{EXIT}} or { EXIT } or :-{?')", {"IMAGE"}),
        ("RESULT=Vqa(image=IMAGE, question='Is it {A[0]}?')", {"IMAGE"}),
        ("RESULT=Pick(object=BOXES, place=2)", {"BOXES"}),
        ("RESULT=A", {"A"}),
    ],
)
def test_the_inputs_are_the_names_that_no_step_defines(program: str, inputs: set[str]) -> None:
    assert inputs_of(parse(program).program) == inputs


A, B = Variable("A"), Variable("B")


@pytest.mark.parametrize(
    ("value", "renamed"),
    [
        (A, B),
        (Variable("C"), Variable("C")),
        (ListValue((A, Variable("C"), ListValue((A,)))), ListValue((B, Variable("C"), ListValue((B,))))),
        (Template(("the ", A, " cup")), Template(("the ", B, " cup"))),
        (ListValue((Template((A,)), Literal("A"))), ListValue((Template((B,)), Literal("A")))),
        (Literal("A"), Literal("A")),
    ],
)
def test_variables_get_other_names_in_lists_and_templates_too(value: Value, renamed: Value) -> None:
    assert with_names(value, {"A": "B"}) == renamed
