"""A model's words become an answer that programs can compare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.models.short_answer import short_answer


@pytest.mark.parametrize(
    ("answer", "question", "expected"),
    [
        ("Yes.", "Is there a dog?", "yes"),
        ("Yes, there is a dog.", "Is there a dog?", "yes"),
        ("No there are not", "Are there dogs?", "no"),
        ("no parking", "What does the sign say?", "no parking"),
        ("Answer: Red", "Which colour?", "red"),
        ('**Answer:** "Red".', "Which colour?", "red"),
        ("  \n\nBlue\nbecause of the sky", "Which colour?", "blue"),
        ("1.5 m", "How tall?", "1.5 m"),
        ("There are two people.", "How many people are there?", "two"),
        ("There is one.", "How many people are there?", "one"),
        ("about 1,200 people", "How many people?", "1,200"),
        ("There are no dogs.", "how many dogs are there", "0"),
        ("No one.", "How many people?", "0"),
        ("two dogs and three cats", "How many animals?", "two dogs and three cats"),
        ("two dogs", "What is there?", "two dogs"),
        ("Yes - the car is red.", "Is it red?", "yes"),
        ("No (it is blue)", "Is it red?", "no"),
        ("There aren't any dogs.", "How many dogs are there?", "0"),
        ("3 (three)", "How many dogs are there?", "3"),
        ("$5.99", "How much is it?", "$5.99"),
        ("5 $", "How much is it?", "5 $"),
        (".5", "How much is it?", ".5"),
        ("'tis a dog", "What does it say?", "'tis a dog"),
        ("*NSYNC", "Which band?", "*nsync"),
        ('The sign says "STOP".', "What does it say?", 'the sign says "stop"'),
        ("6'2\"", "How tall?", "6'2\""),
        ("", "Is there a dog?", ""),
    ],
)
def test_the_rule_holds(answer: str, question: str, expected: str) -> None:
    assert short_answer(answer, question) == expected


@given(st.text(max_size=40), st.sampled_from(["", "How many dogs are there?"]))
def test_shortening_an_answer_twice_changes_nothing(answer: str, question: str) -> None:
    found = short_answer(answer, question)
    assert len(found.splitlines()) <= 1
    assert short_answer(found, question) == found
