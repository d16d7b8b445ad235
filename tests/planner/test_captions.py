"""Captions of one picture: things, their number, place and colour."""

from __future__ import annotations

import pytest

from tests.planner.test_examples import ONE, TWO, plan
from visprog.errors import PlanError
from visprog.language.types import Type


def program(caption: str) -> list[str]:
    return str(plan(caption, "nlvr", ONE).checked.program).splitlines()


def test_a_thing_beside_another_is_searched_on_that_side() -> None:
    assert program("a bench to the left of a well") == [
        "BOX0=Loc(image=IMAGE, object='well')",
        "IMAGE0=CropLeft(image=IMAGE, object=BOX0)",
        "BOX1=Loc(image=IMAGE0, object='bench')",
        "ANSWER0=Count(object=BOX1)",
        "ANSWER1=Eval('{ANSWER0} > 0')",
    ]


def test_each_colour_belongs_to_its_thing() -> None:
    assert program("a gray mug and a pink saucer") == [
        "BOX0=Loc(image=IMAGE, object='mug')",
        "IMAGE0=Crop(image=IMAGE, object=BOX0)",
        "ANSWER0=Vqa(image=IMAGE0, question='What color is the mug?')",
        "BOX1=Loc(image=IMAGE, object='saucer')",
        "IMAGE1=Crop(image=IMAGE, object=BOX1)",
        "ANSWER1=Vqa(image=IMAGE1, question='What color is the saucer?')",
        """ANSWER2=Eval("{ANSWER0} == 'gray' and {ANSWER1} == 'pink'")""",
    ]


def test_each_number_belongs_to_its_thing() -> None:
    assert program("There are three geese and one wolf in the picture.") == [
        "BOX0=Loc(image=IMAGE, object='goose')",
        "ANSWER0=Count(object=BOX0)",
        "BOX1=Loc(image=IMAGE, object='wolf')",
        "ANSWER1=Count(object=BOX1)",
        "ANSWER2=Eval('{ANSWER0} == 3 and {ANSWER1} == 1')",
    ]


@pytest.mark.parametrize(("words", "tool"), [("under", "CropBelow"), ("over", "CropAbove")])
def test_relations_have_synonyms(words: str, tool: str) -> None:
    assert program(f"a bench {words} a lamp")[1] == f"IMAGE0={tool}(image=IMAGE, object=BOX0)"


@pytest.mark.parametrize(
    ("said", "condition"),
    [
        ("a bench", "> 0"),
        ("There is a bench in the picture.", "> 0"),
        ("There are no benches.", "== 0"),
        ("The picture shows at least two benches", ">= 2"),
        ("four benches in one photo", "== 4"),
    ],
)
def test_the_stated_number_is_compared_with_the_count(said: str, condition: str) -> None:
    assert program(said)[-1] == f"ANSWER1=Eval('{{ANSWER0}} {condition}')"


@pytest.mark.parametrize(
    ("caption", "same"),
    [
        ("a bench above a lamp", "a picture of a bench above a lamp"),
        ("a bench above a lamp", "the bench is above the lamp"),
        ("a bench above a lamp", "one sees a bench above a lamp"),
        ("a bench above a lamp", "Above the lamp there is a bench."),
        ("the mug is gray and the cup is pink", "There is a gray mug and a pink cup"),
        ("the mug is gray and the cup is pink", "a gray mug in the same picture as a pink cup"),
        ("two mugs and five cups", "a photo of two mugs and five cups"),
        ("two mugs and five cups", "two mugs and five cups in one picture"),
    ],
)
def test_captions_with_the_same_meaning_give_the_same_program(caption: str, same: str) -> None:
    assert program(caption) == program(same)


@pytest.mark.parametrize(
    "caption",
    [
        "a dog chasing a cat",
        "a dog between two cats",
        "the car is not red",
        "the dog is black and white",
        "the dog is black or white",
        "two dogs above a cat",
        "a dog above a cat and a bird",
        "the biggest car is red",
        "the left picture shows a dog",
        "both pictures show a dog",
    ],
)
def test_a_caption_that_is_unlike_all_examples_is_an_error(caption: str) -> None:
    with pytest.raises(PlanError):
        program(caption)


def test_a_caption_needs_one_picture_and_a_statement_two() -> None:
    for said, inputs, hint in (
        ("a bench above a lamp", TWO, "--task nlvr, one picture"),
        ("Each image contains two dogs.", ONE, "give two pictures: the first one is LEFT"),
    ):
        with pytest.raises(PlanError) as caught:
            plan(said, "nlvr", inputs)
        assert hint in str(caught.value)


def test_a_picture_may_have_another_name() -> None:
    made = plan("a bench above a lamp", "nlvr", {"PHOTO": Type.IMAGE})
    assert made.checked.used_inputs == {"PHOTO"}
