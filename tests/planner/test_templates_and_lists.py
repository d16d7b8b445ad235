"""Templates, lists and lifting in what planners write."""

from __future__ import annotations

import pytest

from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.types import Type
from visprog.models.fake import FakeLanguageModel
from visprog.modules import TOOLS
from visprog.planner.bank import Example, read_bank
from visprog.planner.examples.planner import ExamplesPlanner
from visprog.planner.extraction import extract_program, is_complete, is_finished
from visprog.planner.language_model import LanguageModelPlanner
from visprog.planner.plan import Plan, Request
from visprog.tools import Registry

REGISTRY = Registry(TOOLS)
ONE = {"IMAGE": Type.IMAGE}
TWO = {"LEFT": Type.IMAGE, "RIGHT": Type.IMAGE}


def planned(answer: str, inputs: dict[str, Type] | None = None) -> Plan:
    """Return the plan of a model that has only this answer: it gets no second attempt."""
    planner = LanguageModelPlanner(FakeLanguageModel([answer]), "fake")
    return planner.plan(Request("anything", inputs or ONE, "gqa", REGISTRY))


ASKED = "ANSWER0=Vqa(image=IMAGE, question='What is she holding?')"

ACCEPTED = {
    "a template": f"{ASKED}\nRESULT=Vqa(image=IMAGE, question='What color is the {{ANSWER0}}?')",
    "a template in double quotes": (
        f'{ASKED}\nRESULT=Vqa(image=IMAGE, question="What is the woman\'s {{ANSWER0}}?")'
    ),
    "an f-string": f"{ASKED}\nRESULT=Vqa(image=IMAGE, question=f'What color is the {{ANSWER0}}?')",
    "an f-string in a fence": (
        f'```python\n{ASKED}\nRESULT = Vqa(image=IMAGE, question=f"What color is the {{ANSWER0}}?")\n```'
    ),
    "joined texts": f"{ASKED}\nRESULT=Vqa(image=IMAGE, question='What color is the ' + ANSWER0 + '?')",
    "spaces in the braces": f"{ASKED}\nRESULT=Vqa(image=IMAGE, question='What is the {{ ANSWER0 }}?')",
    "a template in a list": (
        f"{ASKED}\nBOX0=Loc(image=IMAGE, object=['{{ANSWER0}}', 'cup'])\nRESULT=Count(object=BOX0)"
    ),
    "two values in a template": (
        f"{ASKED}\nANSWER1=Vqa(image=IMAGE, question='Where is it?')\n"
        "RESULT=Vqa(image=IMAGE, question='Why is the {ANSWER0} in the {ANSWER1}?')"
    ),
    "lifting": (
        "BOX0=Loc(image=IMAGE, object='bottle')\nIMAGES0=CropEach(image=IMAGE, object=BOX0)\n"
        "ANSWERS0=Vqa(image=IMAGES0, question='Is the bottle full?')\nRESULT=Eval('all({ANSWERS0})')"
    ),
    "an item of a list": (
        "BOX0=Loc(image=IMAGE, object='bottle')\nANSWERS0=Measure(object=BOX0, what='area')\n"
        "RESULT=Eval('{ANSWERS0}[0] > 100')"
    ),
    "a synonym of a word": (
        "BOX0=Loc(image=IMAGE, object='cup')\nBOX1=Pick(object=BOX0, by='largest')\nRESULT=Count(object=BOX1)"
    ),
}


@pytest.mark.parametrize("form", ACCEPTED)
def test_the_answer_of_a_model_is_accepted_at_once(form: str) -> None:
    plan = planned(ACCEPTED[form])
    assert plan.checked.ok
    assert plan.remarks == ()


@pytest.mark.parametrize("form", ACCEPTED)
def test_every_step_of_the_answer_is_used(form: str) -> None:
    checked = planned(ACCEPTED[form]).checked
    assert checked.needed == frozenset(range(len(checked.steps)))
    assert {each.code for each in checked.diagnostics} <= {"mended"}


def test_a_step_that_only_a_template_uses_is_needed() -> None:
    checked = planned(
        f"{ASKED}\nBOX0=Loc(image=IMAGE, object='{{ANSWER0}}')\nRESULT=Count(object=BOX0)"
    ).checked
    assert [step.uses for step in checked.steps] == [("IMAGE",), ("IMAGE", "ANSWER0"), ("BOX0",)]
    assert checked.diagnostics == ()


def test_doubled_braces_use_no_step() -> None:
    faulty = f"{ASKED}\nRESULT=Vqa(image=IMAGE, question='Does it say {{{{ANSWER0}}}}?')"
    model = FakeLanguageModel([faulty, ACCEPTED["a template"]])
    LanguageModelPlanner(model, "fake").plan(Request("anything", ONE, "gqa", REGISTRY))
    assert "`ANSWER0` is never used" in model.conversations[1][-1].content


def test_two_pictures_in_a_list_are_accepted() -> None:
    plan = planned(
        "ANSWERS0=Vqa(image=[LEFT, RIGHT], question='Is it day?')\nRESULT=Eval('any({ANSWERS0})')", TWO
    )
    assert plan.checked.used_inputs == {"LEFT", "RIGHT"}


def test_a_faulty_template_goes_back_to_the_model_with_advice() -> None:
    faulty = f"{ASKED}\nRESULT=Vqa(image=IMAGE, question='What color is the {{ANSWER0[0]}}?')"
    model = FakeLanguageModel([faulty, ACCEPTED["a template"]])
    plan = LanguageModelPlanner(model, "fake").plan(Request("anything", ONE, "gqa", REGISTRY))
    assert str(plan).endswith("question='What color is the {ANSWER0}?')")
    assert "only a name can stand here" in model.conversations[1][-1].content


@pytest.mark.parametrize(
    "text",
    [
        "A=Vqa(image=[LEFT,\n    RIGHT], question='Is it day?')\nRESULT=Eval('all({A})')",
        "A=Vqa(\n    image=[LEFT, RIGHT],\n    question=f'Is it day?',\n)\nRESULT=Eval('all({A})')",
    ],
)
def test_a_list_on_several_lines_is_one_statement(text: str) -> None:
    program = extract_program(text)
    assert program is not None
    assert len(program.splitlines()) == 2
    assert planned(text, TWO).checked.ok


def test_an_answer_ends_after_a_result_with_a_template() -> None:
    answer = f"{ASKED}\nRESULT=Vqa(image=IMAGE, question=f'What color is the {{ANSWER0}}?')\n"
    assert is_finished(answer)
    assert is_complete(answer + "This")


BANK = """\
Write a program.

Statement: The sign in the left image has the text of the right one.
Program:
ANSWER0=Vqa(image=LEFT, question='What text is on the sign?')
ANSWERS0=Vqa(image=[RIGHT, RIGHT], question='Is {ANSWER0} on the sign?')
RESULT=Eval('all({ANSWERS0})')
"""


def test_the_inputs_of_an_example_include_the_pictures_in_lists_and_names_in_templates() -> None:
    (example,) = read_bank(BANK, "nlvr").examples
    assert example.pictures == ("LEFT", "RIGHT")
    text = BANK.replace("{ANSWER0}", "{WORD}").replace("LEFT", "A").replace("RIGHT", "A")
    (free,) = read_bank(text, "nlvr").examples
    assert free.pictures == ("A", "WORD")


@pytest.mark.parametrize(
    ("instruction", "first", "second"),
    [
        ("The sign in the left image has the text of the right one.", "ONE", "TWO"),
        ("The poster in the left image has the text of the right one.", "ONE", "TWO"),
    ],
)
def test_pictures_with_other_names_are_renamed_in_lists_too(
    instruction: str, first: str, second: str
) -> None:
    bank = read_bank(BANK, "nlvr")
    inputs = {first: Type.IMAGE, second: Type.IMAGE}
    plan = ExamplesPlanner({"nlvr": bank}).plan(Request(instruction, inputs, "nlvr", REGISTRY))
    assert f"Vqa(image=[{second}, {second}], question='Is {{ANSWER0}} on the" in str(plan)


def test_the_other_picture_of_an_example_is_swapped_in_lists_too() -> None:
    bank = read_bank(BANK.replace(" of the right one", " of the other"), "nlvr")
    plan = ExamplesPlanner({"nlvr": bank}).plan(
        Request("The sign in the right image has the text of the other.", TWO, "nlvr", REGISTRY)
    )
    assert "Vqa(image=RIGHT, question='What text is on the sign?')" in str(plan)
    assert "Vqa(image=[LEFT, LEFT]" in str(plan)


def test_a_noun_that_a_question_has_in_the_singular_stays_singular() -> None:
    text = """\
Write a program.

Question: How many of the stoves are lit?
Program:
BOX0=Loc(image=IMAGE, object='stove')
IMAGES0=CropEach(image=IMAGE, object=BOX0)
ANSWERS0=Vqa(image=IMAGES0, question='Is the stove lit?')
RESULT=Eval("count({ANSWERS0}, 'yes')")
"""
    example = Example("How many of the stoves are lit?", read_bank(text, "gqa").examples[0].program)
    planner = ExamplesPlanner({"gqa": read_bank(text, "gqa")})
    own = planner.plan(Request(example.instruction, ONE, "gqa", REGISTRY))
    assert str(own) == str(example.program)
    other = planner.plan(Request("How many of the doors are open?", ONE, "gqa", REGISTRY))
    assert "question='Is the door open?'" in str(other)


@pytest.mark.parametrize(
    "call", ["Loc(image=IMAGE, object='{A}')", "Classify(IMAGE, BOX0, ['{A}'])", "List('{A}')"]
)
def test_an_unknown_name_alone_in_a_text_is_reported(call: str) -> None:
    checked = check(parse(f"BOX0=Loc(image=IMAGE, object='cup')\nBOX1=BOX0\nRESULT={call}"), REGISTRY, ONE)
    assert [each.code for each in checked.diagnostics if each.is_error] == ["unknown-variable"]
