from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.planner.bank import read_bank
from visprog.planner.task import choose_task
from visprog.prompts import BANKS, bank_text

FOLLOWED = Path(__file__).parent / "followed"


@pytest.mark.parametrize(
    ("instruction", "task"),
    [
        ("How many dogs are in the image?", "gqa"),
        ("Is there a cat below the table", "gqa"),
        ("Can you see a dog?", "gqa"),
        ("Do the car and the bus have the same color?", "gqa"),
        ("Count the dogs", "gqa"),
        ("Please tell me how many faces there are.", "gqa"),
        ("The dog is black, isn't it?", "gqa"),
        ("Tag the 7 main characters on the TV show Big Bang Theory", "knowtag"),
        ("please label the cars", "knowtag"),
        ("Could you name the actors?", "knowtag"),
        ("Write the names of the members on their faces", "knowtag"),
        ("Hide the faces with ;)", "imgedit"),
        ("Can you blur the background behind the dog?", "imgedit"),
        ("Replace desert with lush green grass", "imgedit"),
        ("Color pop of the dog", "imgedit"),
        ("", "imgedit"),
    ],
)
def test_the_wording_decides_over_one_picture(instruction: str, task: str) -> None:
    assert choose_task(instruction, 1) == task


@given(st.text())
def test_two_pictures_mean_a_statement_about_both(instruction: str) -> None:
    assert choose_task(instruction, 2) == "nlvr"


@given(st.text())
def test_one_picture_never_means_a_statement_about_two(instruction: str) -> None:
    assert choose_task(instruction, 1) in {"gqa", "knowtag", "imgedit"}


@pytest.mark.parametrize(
    ("instruction", "task"),
    [
        ("The left and right image contains a total of six people and two boats.", "nlvr"),
        ("There are six people in the right picture.", "nlvr"),
        ("Each image shows a dog.", "nlvr"),
        ("There are two dogs in total.", "nlvr"),
        ("The first picture contains a dog.", "nlvr"),
        ("What is to the left of the dog?", "gqa"),
        ("Hide the face on the left with ;)", "imgedit"),
    ],
)
def test_without_pictures_the_wording_tells_how_many_are_meant(instruction: str, task: str) -> None:
    assert choose_task(instruction, 0) == task


@pytest.mark.parametrize("name", BANKS)
def test_every_instruction_is_given_to_the_bank_that_it_is_from(name: str) -> None:
    for text in (bank_text(name), (FOLLOWED / f"{name}.txt").read_text(encoding="utf-8")):
        for example in read_bank(text, name).examples:
            if not (name == "imgedit" and example.instruction.startswith("Tag")):
                assert choose_task(example.instruction, len(example.pictures)) == name, example.instruction
