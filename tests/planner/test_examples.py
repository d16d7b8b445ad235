from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog.errors import PlanError
from visprog.language.checker import check
from visprog.language.types import Type
from visprog.modules import TOOLS
from visprog.planner.bank import Bank, Example, read_bank
from visprog.planner.examples.planner import ExamplesPlanner
from visprog.planner.plan import Plan, Request
from visprog.prompts import BANKS, bank_text
from visprog.tools import Registry

HERE = Path(__file__).parent
REGISTRY = Registry(TOOLS)
ONE = {"IMAGE": Type.IMAGE}
TWO = {"LEFT": Type.IMAGE, "RIGHT": Type.IMAGE}
PLANNER = ExamplesPlanner()


def plan(
    instruction: str, task: str, inputs: dict[str, Type] | None = None, tools: Registry = REGISTRY
) -> Plan:
    return PLANNER.plan(Request(instruction, inputs or (TWO if task == "nlvr" else ONE), task, tools))


def program(instruction: str, task: str) -> list[str]:
    return str(plan(instruction, task).checked.program).splitlines()


def examples(name: str, text: str) -> list[Example]:
    return list(read_bank(text, name).examples)


FOLLOWED = [
    pytest.param(name, example, id=f"{name}: {example.instruction}")
    for name in BANKS
    for example in examples(name, (HERE / "followed" / f"{name}.txt").read_text(encoding="utf-8"))
]
COORDINATES = ("Crop the picture to the pixels from", "Remove what is at the pixel")
"""Examples that only language models follow: this planner reads no coordinates."""
OWN = [
    pytest.param(name, example, id=f"{name}: {example.instruction}")
    for name in BANKS
    for example in examples(name, bank_text(name))
    if not example.instruction.startswith(COORDINATES)
]
REFUSED = [
    tuple(line.split(": ", 1)) for line in (HERE / "refused.txt").read_text(encoding="utf-8").splitlines()
]


# The paper's tasks


def test_a_statement_about_totals_over_both_pictures() -> None:
    assert program("The left and right image contains a total of six people and two boats.", "nlvr") == [
        "ANSWER0=Vqa(image=LEFT, question='How many people are in the image?')",
        "ANSWER1=Vqa(image=RIGHT, question='How many people are in the image?')",
        "ANSWER2=Vqa(image=LEFT, question='How many boats are in the image?')",
        "ANSWER3=Vqa(image=RIGHT, question='How many boats are in the image?')",
        "ANSWER4=Eval('{ANSWER0} + {ANSWER1} == 6 and {ANSWER2} + {ANSWER3} == 2')",
    ]


def test_tagging_with_knowledge() -> None:
    assert program("Tag the 7 main characters on the TV show Big Bang Theory", "knowtag") == [
        "OBJ0=FaceDet(image=IMAGE)",
        "LIST0=List(query='main characters on the TV show Big Bang Theory', max=7)",
        "OBJ1=Classify(image=IMAGE, object=OBJ0, categories=LIST0)",
        "IMAGE0=Tag(image=IMAGE, object=OBJ1)",
        "RESULT=IMAGE0",
    ]


def test_replacing_one_thing_with_another() -> None:
    assert program("Replace desert with lush green grass", "imgedit") == [
        "OBJ0=Seg(image=IMAGE)",
        "OBJ1=Select(image=IMAGE, object=OBJ0, query='desert', category=None)",
        "IMAGE0=Replace(image=IMAGE, object=OBJ1, prompt='lush green grass')",
        "RESULT=IMAGE0",
    ]


@pytest.mark.parametrize(
    ("instruction", "emoji"), [("Hide the faces with ;)", ";)"), ("Hide the face with 8)", "8)")]
)
def test_hiding_faces_puts_an_emoji_on_each_and_selects_none(instruction: str, emoji: str) -> None:
    assert program(instruction, "imgedit") == [
        "OBJ0=FaceDet(image=IMAGE)",
        f"IMAGE0=Emoji(image=IMAGE, object=OBJ0, emoji='{emoji}')",
        "RESULT=IMAGE0",
    ]


def test_a_color_pop_of_two_things_where_the_example_has_one() -> None:
    assert program("Create a color pop of the dog and the ball", "imgedit") == [
        "OBJ0=Seg(image=IMAGE)",
        "OBJ1=Select(image=IMAGE, object=OBJ0, query='dog, ball', category=None)",
        "IMAGE0=ColorPop(image=IMAGE, object=OBJ1)",
        "RESULT=IMAGE0",
    ]


def test_what_describes_a_thing_stays_with_it() -> None:
    assert program("Blur the background behind the woman in red", "imgedit") == [
        "OBJ0=Seg(image=IMAGE)",
        "OBJ1=Select(image=IMAGE, object=OBJ0, query='woman in red', category=None)",
        "IMAGE0=BgBlur(image=IMAGE, object=OBJ1)",
        "RESULT=IMAGE0",
    ]


def test_counting_two_kinds_locates_the_singular_of_each_and_adds() -> None:
    assert program("How many people or animals are in the image?", "gqa") == [
        "BOX0=Loc(image=IMAGE, object='person')",
        "BOX1=Loc(image=IMAGE, object='animal')",
        "ANSWER0=Count(object=BOX0)",
        "ANSWER1=Count(object=BOX1)",
        "ANSWER2=Eval('{ANSWER0} + {ANSWER1}')",
        "RESULT=ANSWER2",
    ]


def test_a_relation_other_than_the_example_s_is_another_tool() -> None:
    assert program("What color is the curtain to the left of the mirror?", "gqa") == [
        "BOX0=Loc(image=IMAGE, object='mirror')",
        "IMAGE0=CropLeft(image=IMAGE, object=BOX0)",
        "ANSWER0=Vqa(image=IMAGE0, question='What color is the curtain?')",
        "RESULT=ANSWER0",
    ]


def test_whether_something_is_there_is_a_count_and_a_word() -> None:
    assert program("Is there a cat below the table?", "gqa") == [
        "BOX0=Loc(image=IMAGE, object='table')",
        "IMAGE0=CropBelow(image=IMAGE, object=BOX0)",
        "BOX1=Loc(image=IMAGE0, object='cat')",
        "ANSWER0=Count(object=BOX1)",
        """ANSWER1=Eval("'yes' if {ANSWER0} > 0 else 'no'")""",
        "RESULT=ANSWER1",
    ]


# Following and refusing


@pytest.mark.parametrize(("task", "example"), FOLLOWED)
def test_a_new_instruction_gives_the_right_program(task: str, example: Example) -> None:
    made = plan(example.instruction, task, dict.fromkeys(example.pictures, Type.IMAGE))
    assert str(made.checked.program) == str(example.program)


@pytest.mark.parametrize(("task", "example"), OWN)
def test_an_example_s_own_instruction_gives_its_own_program(task: str, example: Example) -> None:
    made = plan(example.instruction, task, dict.fromkeys(example.pictures, Type.IMAGE))
    assert str(made.checked.program) == str(example.program)


@pytest.mark.parametrize(("task", "instruction"), REFUSED)
def test_what_no_example_says_is_refused(task: str, instruction: str) -> None:
    with pytest.raises(PlanError):
        plan(instruction, task)


@pytest.mark.parametrize("start", COORDINATES)
def test_the_coordinates_of_an_example_are_never_used_for_other_coordinates(start: str) -> None:
    with pytest.raises(PlanError, match="no example"):
        plan(f"{start} 10, 20 to 30, 40", "imgedit")
    with pytest.raises(PlanError, match="no example"):
        plan(f"{start} 10, 20", "imgedit")


def test_no_new_instruction_stands_in_a_bank() -> None:
    own = {param.values[1].instruction for param in OWN if isinstance(param.values[1], Example)}
    new = {param.values[1].instruction for param in FOLLOWED if isinstance(param.values[1], Example)}
    assert not own & new


def test_a_refusal_says_so_shows_the_nearest_examples_and_names_the_other_planners() -> None:
    with pytest.raises(PlanError) as caught:
        plan("Blur the dog and rotate the picture", "imgedit")
    assert str(caught.value) + "\n" == (HERE / "refusal.txt").read_text(encoding="utf-8")


def test_an_instruction_with_two_readings_is_refused_with_both() -> None:
    banks = {"imgedit": Bank("imgedit", "", (_example("Blur"), _example("Tag")))}
    request = Request("Treat the dog", ONE, "imgedit", REGISTRY)
    with pytest.raises(PlanError, match=r"(?s)two ways.*BgBlur.*line 1.*Tag.*line 2"):
        ExamplesPlanner(banks).plan(request)


def _example(what: str) -> Example:
    tool = {"Blur": "BgBlur", "Tag": "Tag"}[what]
    steps = f"OBJ0=Loc(image=IMAGE, object='cat')\nIMAGE0={tool}(image=IMAGE, object=OBJ0)\nRESULT=IMAGE0"
    text = f"Instruction: Treat the cat\nProgram:\n{steps}"
    line = 1 if what == "Blur" else 2
    return Example("Treat the cat", read_bank(text, "imgedit").examples[0].program, line)


def test_a_control_character_of_the_instruction_does_not_reach_the_refusal() -> None:
    with pytest.raises(PlanError) as caught:
        plan("rotate \x1b[31m it " + "x" * 500, "imgedit")
    assert "\x1b" not in str(caught.value)
    assert "x" * 200 not in str(caught.value)


def test_the_plan_says_which_example_was_followed() -> None:
    (remark,) = plan("Hide the faces with ;)", "imgedit").remarks
    assert remark == (
        "followed the example on line 7 of the bank imgedit: Cover all faces in the photo with :p"
    )


def test_a_picture_of_another_name_takes_the_place_of_image() -> None:
    made = plan("Hide the faces with ;)", "imgedit", {"PHOTO": Type.IMAGE})
    assert str(made.checked.program).splitlines()[0] == "OBJ0=FaceDet(image=PHOTO)"


def test_pictures_of_other_names_are_taken_from_left_to_right() -> None:
    made = plan("There are two owls in the right image.", "nlvr", {"A": Type.IMAGE, "B": Type.IMAGE})
    assert "image=B" in str(made.checked.program)


def test_a_statement_about_two_pictures_is_refused_over_one() -> None:
    with pytest.raises(PlanError):
        plan("Each image contains two dogs.", "nlvr", ONE)


@pytest.mark.parametrize(
    ("task", "takes"), [("imgedit", "one picture"), ("nlvr", "two pictures or one picture")]
)
def test_other_than_the_bank_s_number_of_pictures_is_refused_with_both_numbers(task: str, takes: str) -> None:
    three = dict.fromkeys(("IMAGE1", "IMAGE2", "IMAGE3"), Type.IMAGE)
    with pytest.raises(
        PlanError, match=f"the bank {task} take {takes}, and 3 were given: IMAGE1, IMAGE2, IMAGE3"
    ):
        plan("Hide the faces with ;)", task, three)


@pytest.mark.parametrize(
    ("instruction", "task", "hint"),
    [
        (
            "There are two dogs in total.",
            "imgedit",
            "the bank nlvr has an example that fits: --task nlvr, two",
        ),
        ("How many faces are there?", "imgedit", "gqa has an example that fits: --task gqa, one"),
        ("Hide the faces with ;)", "nlvr", "imgedit has an example that fits: --task imgedit, one"),
    ],
)
def test_a_refusal_names_the_bank_that_fits_better(instruction: str, task: str, hint: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(instruction, task)
    assert hint in str(caught.value)


def test_a_refusal_never_names_a_bank_whose_tools_are_missing() -> None:
    without = Registry(tool for tool in TOOLS if tool.name != "Count")
    with pytest.raises(PlanError) as caught:
        plan("There are two dogs in total.", "imgedit", tools=without)
    assert "--task nlvr" not in str(caught.value)


def test_a_misspelt_common_noun_is_refused_with_what_is_meant() -> None:
    with pytest.raises(PlanError) as caught:
        plan("How many dogs are in the pictur?", "gqa")
    assert "`pictur`" in str(caught.value)
    assert "did you mean `picture`?" in str(caught.value)


def test_a_refusal_shows_no_example_twice() -> None:
    with pytest.raises(PlanError) as caught:
        plan("Each picture of a dog", "nlvr")
    shown = [line for line in str(caught.value).splitlines() if line.startswith("  line ")]
    assert len(shown) == len(set(shown)) == 3


def test_a_tool_that_is_not_there_is_not_planned_with() -> None:
    without = Registry(tool for tool in TOOLS if tool.name != "Emoji")
    with pytest.raises(PlanError):
        plan("Hide the faces with ;)", "imgedit", tools=without)


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(PlanError, match="'clevr'"):
        plan("How many?", "clevr")


def test_quotes_and_apostrophes_survive_in_the_program() -> None:
    assert program('Replace the dog\'s ball with a "giant" lemon', "imgedit")[1:3] == [
        """OBJ1=Select(image=IMAGE, object=OBJ0, query="dog's ball", category=None)""",
        """IMAGE0=Replace(image=IMAGE, object=OBJ1, prompt='giant" lemon')""",
    ]


# Laws


_SAID = r"""
the a of in with and or , ;) 8) :p dog dogs cat's woman red people face faces picture image six 7
left right above below hide replace tag blur background behind color pop create make how many is are
there what more than total each both contains image. ? ' " not it to as Marie Curie TV show é 猫 😎
{A}
"""
WORDS = st.sampled_from([*_SAID.split(), "\n", "\x00", "TV show"])


def planned_or_refused(instruction: str, task: str) -> None:
    for inputs in (ONE, TWO) if task == "nlvr" else (ONE,):
        try:
            made = plan(instruction, task, inputs)
        except PlanError:
            continue
        again = check(made.checked.program, REGISTRY, inputs)
        assert again.ok
        assert not again.diagnostics


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.sampled_from(BANKS))
def test_any_text_gives_a_program_that_checks_or_a_refusal(instruction: str, task: str) -> None:
    planned_or_refused(instruction, task)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=25), st.sampled_from(BANKS))
def test_any_words_of_the_tasks_give_a_program_that_checks_or_a_refusal(words: list[str], task: str) -> None:
    planned_or_refused(" ".join(words), task)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*OWN, *FOLLOWED]), st.data())
def test_a_changed_instruction_gives_a_program_that_checks_or_a_refusal(
    param: object, data: st.DataObject
) -> None:
    task, example = param.values  # type: ignore[attr-defined]
    words = example.instruction.split()
    place = data.draw(st.integers(0, len(words)))
    words[place : place + data.draw(st.integers(0, 2))] = data.draw(st.lists(WORDS, max_size=3))
    planned_or_refused(" ".join(words), task)


@pytest.mark.parametrize(
    "text", ["a " * 1000, "Hide the faces with ;) " * 80, "Tag A and " * 200, "(" * 2000, "   "]
)
@pytest.mark.parametrize("task", BANKS)
def test_a_long_or_empty_instruction_is_refused(text: str, task: str) -> None:
    with pytest.raises(PlanError):
        plan(text, task)
