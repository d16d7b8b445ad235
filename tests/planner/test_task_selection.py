from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.miniworld.tasks import KINDS_OF_TASK, make_task
from visprog.planner.bank import read_bank
from visprog.planner.task_selection import choose_task, compares_pictures, usual_pictures
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


@pytest.mark.parametrize(
    "instruction",
    [
        "Draw boxes with labels around the dogs",
        "Draw a labeled box around the car",
        "Draw a box around each wheel",
        "Put a box around the dog",
        "Find the three dogs and tag them",
        "Find the actor and write his name next to him",
        "Find all the bicycles",
        "Locate the door",
        "Detect every face",
        "Put a name tag on the waiter",
        "Put the right name on each plant",
        "Put their names on all vehicles",
        "Add name tags to the players",
        "Add a label to the bottle",
        "Add labels with names to the fruits",
        "Attach their names to the mountains",
        "Stick a label on every box",
        "Give each animal its name",
        "Give the founders name tags",
        "Write on every building what it is",
        "Write the breed of the dog next to it",
        "Show where the green fish is",
        "Show me where the exit is",
        "Show with labels where the cups are",
        "Point out the animals that can fly",
        "Tell the birds apart with labels",
        "Recognize the members of the band",
        "Could you annotate the parts of the engine?",
        "Blur the background and tag the faces",
        "I'd like you to mark the exits",
    ],
)
def test_an_instruction_to_name_things_is_tagging(instruction: str) -> None:
    assert choose_task(instruction, 1) == "knowtag"


@pytest.mark.parametrize(
    "instruction",
    [
        "Put a heart on the name tag",
        "Hide the name tag with :p",
        "Remove the label from the bottle",
        "Replace the label with a sticker",
        "Blur the labels",
        "Put the label in focus and blur the rest",
        "Find the dog and blur it",
        "Find the cup and then replace it with a mug",
        "Draw a mustache on the face",
        "Add a hat to the snowman",
        "Put a box on the table",
        "Give the man a hat",
        "Show the rose in color and the rest in gray",
        "Make a color pop of the boxes",
        "A color pop of the tram",
        "Crop the picture to the sign with the name",
        "Let the dog stand out from a blurred background",
        "I want a cat instead of the dog",
    ],
)
def test_an_instruction_to_change_things_is_an_edit_even_if_it_mentions_labels(instruction: str) -> None:
    assert choose_task(instruction, 1) == "imgedit"


@pytest.mark.parametrize(
    "instruction",
    [
        "Tell me where the dog is",
        "Tell me whether it is raining",
        "Say if there is a dog",
        "Find out how many people there are",
        "Check whether the door is open",
        "Give me the number of chairs",
        "Tell me the color of the car",
        "Describe the picture",
        "Can you find a cat in the picture?",
        "Could you spot a dog?",
        "What does the label say?",
        "Is there a name tag on the shirt?",
        "The cup is blue, right?",
        "Does the dog wear a tag?",
        "Who is the man with the label on his hat?",
    ],
)
def test_an_instruction_to_answer_is_a_question(instruction: str) -> None:
    assert choose_task(instruction, 1) == "gqa"


@pytest.mark.parametrize(
    "instruction",
    [
        "a dog above a cat",
        "The mug is gray and the cup is pink.",
        "There are three dogs in the picture",
        "Two birds and a squirrel",
        "Above the door there is a sign",
        "The picture shows exactly two boats",
        "One sees a horse to the left of a barn",
        "You see a red boat",
        "No dog is on the sofa",
    ],
)
def test_what_says_how_one_picture_is_is_its_caption(instruction: str) -> None:
    assert choose_task(instruction, 1) == "nlvr"


@given(st.text())
def test_two_pictures_mean_a_statement_about_both(instruction: str) -> None:
    assert choose_task(instruction, 2) == "nlvr"


@given(st.text())
def test_every_text_has_a_bank_and_pictures(instruction: str) -> None:
    for count in range(4):
        assert choose_task(instruction, count) in BANKS
    assert usual_pictures(instruction, "nlvr") in (("IMAGE",), ("LEFT", "RIGHT"))
    assert usual_pictures(instruction, "gqa") == ("IMAGE",)


@pytest.mark.parametrize(
    ("instruction", "pictures"),
    [
        ("a dog above a cat", ("IMAGE",)),
        ("The mug is gray.", ("IMAGE",)),
        ("The left image shows a dog.", ("LEFT", "RIGHT")),
        ("Each image contains two dogs.", ("LEFT", "RIGHT")),
        ("There are two dogs in total.", ("LEFT", "RIGHT")),
        ("Together the pictures show two dogs.", ("LEFT", "RIGHT")),
    ],
)
def test_the_wording_of_a_statement_decides_its_pictures(instruction: str, pictures: tuple[str, ...]) -> None:
    assert choose_task(instruction, 0) == "nlvr"
    assert usual_pictures(instruction, "nlvr") == pictures


BANK_OF_KIND = {**{name: name for name in BANKS}, "composition": "nlvr"}


@pytest.mark.parametrize("kind", KINDS_OF_TASK)
def test_instructions_of_the_miniature_world_go_to_their_bank(kind: str) -> None:
    for seed in range(1000, 1060):
        task = make_task(kind, seed, "validation")
        for count in (0, len(task.scenes)):
            bank = BANK_OF_KIND.get(kind) or ("gqa" if len(task.scenes) == 1 else "nlvr")
            assert choose_task(task.instruction, count) == bank, task.instruction


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
def test_without_pictures_the_wording_decides_their_number(instruction: str, task: str) -> None:
    assert choose_task(instruction, 0) == task


@pytest.mark.parametrize("name", BANKS)
def test_every_instruction_of_a_bank_goes_to_that_bank(name: str) -> None:
    for text in (bank_text(name), (FOLLOWED / f"{name}.txt").read_text(encoding="utf-8")):
        for example in read_bank(text, name).examples:
            if not (name == "imgedit" and example.instruction.startswith("Tag")):
                assert choose_task(example.instruction, len(example.pictures)) == name, example.instruction


@pytest.mark.parametrize(
    "instruction", ["How many dogs are in the picture?", "Blur the left dog", "Crop the right half"]
)
def test_an_instruction_about_one_picture_does_not_compare_pictures(instruction: str) -> None:
    assert not compares_pictures(instruction)
