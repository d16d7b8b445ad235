from __future__ import annotations

import pytest

from visprog.language.diagnostics import render
from visprog.modules import TOOLS
from visprog.planner.bank import Bank, check_bank, is_bank, read_bank
from visprog.prompts import BANKS, bank_text
from visprog.tools import Registry


def bank(name: str) -> Bank:
    return read_bank(bank_text(name), name)


@pytest.mark.parametrize("name", BANKS)
def test_every_example_of_a_bank_is_free_of_errors_and_warnings(name: str) -> None:
    text = bank_text(name)
    found = check_bank(text, Registry(TOOLS))
    assert not found, render(found, text, name=name)


@pytest.mark.parametrize("name", BANKS)
def test_a_bank_has_fifteen_to_forty_five_examples_and_describes_its_task(name: str) -> None:
    read = bank(name)
    assert 15 <= len(read.examples) <= 45
    assert read.header.startswith("Write a program that ")
    assert is_bank(bank_text(name))


@pytest.mark.parametrize("name", BANKS)
def test_no_instruction_is_twice_in_a_bank(name: str) -> None:
    instructions = [example.instruction for example in bank(name).examples]
    assert len(set(instructions)) == len(instructions)


def test_the_banks_use_every_tool_except_result() -> None:
    text = "\n".join(map(bank_text, BANKS))
    unseen = {tool.name for tool in Registry(TOOLS) if f"={tool.name}(" not in text}
    assert unseen == {"Result"}  # the programs name their result with `RESULT=` instead


@pytest.mark.parametrize("name", BANKS)
def test_programs_of_a_bank_are_in_canonical_spelling(name: str) -> None:
    for example in bank(name).examples:
        assert str(example.program) in bank_text(name)


def test_the_error_for_an_unknown_bank_names_the_banks() -> None:
    with pytest.raises(KeyError, match="gqa, nlvr, knowtag, imgedit"):
        bank_text("clevr")
