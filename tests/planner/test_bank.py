from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.errors import ProgramError
from visprog.modules import TOOLS
from visprog.planner.bank import check_bank, identity, is_bank, read_bank
from visprog.tools import Registry

REGISTRY = Registry(TOOLS)

GOOD = """\
# a comment
Write a program that counts.
Answer in RESULT.

Question: How many dogs are in the image?
Program:
BOX0=Loc(image=IMAGE, object='dog')
ANSWER0=Count(object=BOX0)
RESULT=ANSWER0

# another comment

Question: Is it raining?
Program:
ANSWER0=Vqa(image=IMAGE, question='Is it raining?')
RESULT=ANSWER0
"""


def faults(text: str) -> list[tuple[str, int]]:
    return [(fault.code, fault.span.line) for fault in check_bank(text, REGISTRY)]


def test_a_bank_has_a_header_a_label_and_examples() -> None:
    bank = read_bank(GOOD, "gqa")
    assert (bank.task, bank.label) == ("gqa", "Question")
    assert bank.header == "Write a program that counts. Answer in RESULT."
    assert [example.instruction for example in bank.examples] == [
        "How many dogs are in the image?",
        "Is it raining?",
    ]
    assert [example.line for example in bank.examples] == [5, 13]
    assert [len(example.program) for example in bank.examples] == [3, 2]


def test_a_good_bank_has_no_diagnostics() -> None:
    assert faults(GOOD) == []


def test_a_fault_of_a_program_has_its_line_and_column_in_the_bank() -> None:
    (fault,) = check_bank(GOOD.replace("object=BOX0", "object=BOX1"), REGISTRY)
    assert (fault.code, fault.span.line, fault.span.column) == ("unknown-variable", 8, 22)


def test_a_syntax_error_has_its_line_in_the_bank() -> None:
    with pytest.raises(ProgramError, match=r"my bank, line 15") as caught:
        read_bank(GOOD.replace("ANSWER0=Vqa(", "ANSWER0=="), "my bank")
    assert {fault.span.line for fault in caught.value.diagnostics} == {15}


def test_reading_does_not_check_tools() -> None:
    assert len(read_bank(GOOD.replace("Loc(", "Nothing("), "gqa").examples) == 2
    assert ("unknown-tool", 7) in faults(GOOD.replace("Loc(", "Nothing("))


@pytest.mark.parametrize(
    ("change", "to", "expected"),
    [
        ("Question: Is it raining?", "Question:", ("syntax", 13)),
        ("Question: Is it raining?\nProgram:", "Question: Is it raining?", ("syntax", 13)),
        ("object='dog')\n", "object='dog')\n\n", ("syntax", 9)),
        ("Program:\nANSWER0=Vqa(image=IMAGE, question='Is it raining?')\nRESULT=ANSWER0\n", "Program:\n",
         ("no-result", 13)),
    ],
)  # fmt: skip
def test_a_fault_of_the_structure_has_its_line(change: str, to: str, expected: tuple[str, int]) -> None:
    assert change in GOOD
    assert expected in faults(GOOD.replace(change, to))
    with pytest.raises(ProgramError):
        read_bank(GOOD.replace(change, to), "gqa")


def test_a_bank_without_examples_is_a_fault() -> None:
    assert faults("just words\n") == [("no-result", 1)]


def test_windows_line_endings_change_nothing() -> None:
    assert read_bank(GOOD.replace("\n", "\r\n"), "gqa") == read_bank(GOOD, "gqa")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, True),
        ("RESULT=IMAGE\n", False),
        ("Program:\nRESULT=IMAGE\n", False),
        ("# Question: what?\nRESULT=IMAGE", False),
        ("", False),
    ],
)
def test_a_bank_is_distinguished_from_a_program(text: str, expected: bool) -> None:
    assert is_bank(text) is expected


@given(
    st.lists(
        st.sampled_from([*GOOD.splitlines(), "", "x", "Statement: a", "\x00", "  Program:  "]), max_size=12
    )
)
def test_every_fault_is_on_a_line_of_the_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    for fault in check_bank(text, REGISTRY):
        assert 1 <= fault.span.line <= max(1, len(lines))


def test_the_identity_of_banks_depends_only_on_the_parts_that_planners_read() -> None:
    texts = (GOOD, f"# another comment\n{GOOD}", GOOD.replace("dog", "cat"))
    same, commented, other = (identity([read_bank(text, "gqa")]) for text in texts)
    assert same == commented
    assert same not in (other, identity([read_bank(GOOD, "nlvr")]))
