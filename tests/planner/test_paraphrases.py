"""Sentences that say the same give the same program, and none of them is written down in vain."""

from __future__ import annotations

import re

import pytest

from tests.planner.test_examples import program
from visprog.errors import PlanError
from visprog.planner.examples.paraphrases import GROUPS
from visprog.planner.examples.planner import _shipped
from visprog.planner.examples.rewording import _groups, _parts, _said

SAME = [
    (
        "gqa",
        "Are there as many cups as plates in the picture?",
        "Are there equally many cups and plates?",
        "Is the number of cups and plates in the photo the same?",
        "Is the number of cups equal to the number of plates?",
    ),
    (
        "gqa",
        "How many more cups than plates are there?",
        "By how many do the cups outnumber the plates in the image?",
        "How many more cups are there than plates?",
    ),
    ("gqa", "Are there more cups or plates?", "What are there more of in the photo, cups or plates?"),
    ("gqa", "Is there a cup in the top half of the image?", "In the top half of the image, is there a cup?"),
    ("gqa", "How many cups and plates are there?", "How many cups and plates are in the image in total?"),
    (
        "gqa",
        "Is the bag black?",
        "Does the bag look black?",
        "Is the color of the bag black?",
        "Is it true that the bag is black?",
    ),
    (
        "gqa",
        "Is the bag black or brown?",
        "What color is the bag, black or brown?",
        "The bag in the photo: is it black or brown?",
    ),
    (
        "gqa",
        "Do the bag and the hat have the same color?",
        "Are the bag and the hat of the same color?",
        "Does the bag have the same color as the hat?",
        "Is the color of the bag the same as the color of the hat?",
    ),
    (
        "gqa",
        "Is the bag to the left or to the right of the chair?",
        "On which side of the chair is the bag, left or right?",
    ),
    (
        "gqa",
        "Is the lamp above or below the shelf?",
        "Where is the lamp, above or below the shelf?",
        "Is the lamp above the shelf or below it?",
    ),
    (
        "nlvr",
        "There are three geese in total in the two images.",
        "Together the two images contain three geese.",
        "In total there are three geese in the two photos.",
        "Counting both images, there are three geese.",
    ),
    (
        "nlvr",
        "The left image contains a goose.",
        "In the left image there is a goose.",
        "A goose can be seen in the left image.",
        "One can see a goose in the left image.",
        "The left photo has a goose in it.",
    ),
    (
        "nlvr",
        "The left image contains a goose and the right image contains a duck.",
        "The left image shows a goose, the right one a duck.",
        "In the left image there is a goose, and in the right one a duck.",
    ),
    (
        "nlvr",
        "The left image contains geese but no ducks.",
        "In the left image there are geese, but there are no ducks.",
        "There are geese but no ducks in the left image.",
    ),
    (
        "nlvr",
        "Both images contain the same number of geese.",
        "There are as many geese in the right image as in the left one.",
        "The two images do not differ in their number of geese.",
    ),
    (
        "nlvr",
        "The left image contains fewer geese than the right image.",
        "In the left image there are fewer geese than in the right image.",
        "Fewer geese are in the left image than in the right image.",
    ),
    (
        "knowtag",
        "Tag the lamps",
        "Find the lamps and tag them",
        "Add name tags to all the lamps",
        "Write their names next to the lamps",
        "Mark the lamps with their names",
        "Draw boxes with labels around the lamps",
        "Show with labels where the lamps are",
    ),
    (
        "knowtag",
        "Label the mushrooms by what they are",
        "Write on the mushrooms what they are",
        "Tell the mushrooms apart with tags",
    ),
    ("knowtag", "Label every nut with its name", "Name each nut", "Put the right name on every nut"),
    (
        "imgedit",
        "Replace the bench with a sofa",
        "Put a sofa in place of the bench",
        "Paint a sofa where the bench is",
        "I want a sofa instead of the bench",
    ),
    (
        "imgedit",
        "Remove the bench",
        "Erase the bench from the photo",
        "Get rid of the bench",
        "Make the bench disappear",
        "Take the bench out of the picture",
    ),
    (
        "imgedit",
        "Keep the rose in color",
        "Show the rose in color and all else in gray",
        "Take the color out of everything except the rose",
        "Leave the rose as the only color in the picture",
    ),
    (
        "imgedit",
        "Blur the background behind the rose",
        "Keep the rose sharp and blur the rest",
        "Put the rose in focus and blur all else",
        "Blur all that is not the rose",
        "Let the rose stand out from a blurred background",
    ),
    (
        "imgedit",
        "Hide the face of the nurse with :)",
        "Let :) hide the face of the nurse",
        "Make the face of the nurse unrecognizable with :)",
    ),
]


@pytest.mark.parametrize("said", SAME, ids=lambda said: f"{said[0]}: {said[1]}")
def test_what_says_the_same_gives_the_same_program(said: tuple[str, ...]) -> None:
    task, first, *others = said
    for other in others:
        assert program(first, task) == program(other, task), other


@pytest.mark.parametrize("task", GROUPS)
def test_every_group_has_a_sentence_of_the_bank(task: str) -> None:
    told = [_said(template) for template in _shipped(task)]
    for sentences, group in zip(GROUPS[task], _groups(task), strict=True):
        assert any(_parts(sentence, each) is not None for sentence in group for each in told), sentences


@pytest.mark.parametrize("task", GROUPS)
def test_no_sentence_of_a_group_reads_as_another_does(task: str) -> None:
    for sentences, group in zip(GROUPS[task], _groups(task), strict=True):
        read = [tuple((token.kind, token.key, token.value) for token in sentence) for sentence in group]
        assert len(set(read)) == len(read), sentences


@pytest.mark.parametrize("task", GROUPS)
def test_no_sentence_of_a_group_leaves_out_what_another_tells(task: str) -> None:
    for sentences in GROUPS[task]:
        told = {frozenset(re.findall(r"\b[A-Z]\b", said)) - {"A", "I"} for said in sentences}
        assert len(told) == 1, sentences


def test_a_sentence_of_which_a_letter_stands_twice_has_the_same_words_in_both_places() -> None:
    said = "Is the color of the bag the same as the {} of the hat?"
    assert program(said.format("color"), "gqa")
    with pytest.raises(PlanError, match="no example"):
        program(said.format("shape"), "gqa")
