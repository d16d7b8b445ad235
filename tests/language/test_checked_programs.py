"""What the checker returns besides its diagnostics, and how one fault leaves the rest of a line checked."""

from __future__ import annotations

import pytest

from tests.language.test_mutants import INPUTS, REGISTRY
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.program import Variable
from visprog.language.program_inputs import inputs_of
from visprog.language.types import Type

PICTURES = {"LEFT": Type.IMAGE, "RIGHT": Type.IMAGE}


def checked(*lines: str, pictures: dict[str, Type] | None = None) -> Checked:
    return check(parse("\n".join(lines)), REGISTRY, pictures or INPUTS)


def faults(found: Checked) -> list[tuple[str, int, int]]:
    return [(each.code, each.span.line, each.span.column) for each in found.diagnostics if each.is_error]


def test_the_used_inputs_are_those_behind_the_result() -> None:
    lines = ("A=Loc(image=LEFT, object='dog')", "B=Loc(image=RIGHT, object='dog')", "RESULT=Count(object=A)")
    assert checked(*lines, pictures=PICTURES).used_inputs == {"LEFT"}


def test_an_input_that_is_itself_the_result_is_used() -> None:
    assert checked("RESULT=RIGHT", pictures=PICTURES).used_inputs == {"RIGHT"}


def test_an_alias_has_its_source_as_its_only_argument() -> None:
    step = checked("RESULT=RIGHT", pictures=PICTURES).steps[0]
    assert step.tool is None
    assert [(name, str(value)) for name, value in step.arguments.items()] == [("var", "RIGHT")]
    assert step.returns is Type.IMAGE
    assert step.uses == ("RIGHT",)


def test_only_a_second_value_gets_another_name() -> None:
    line = "A=Loc(image=IMAGE, object='{}')"
    found = checked(line.format("dog"), "B=Count(object=A)", line.format("cat"), "RESULT=Count(object=A)")
    assert [step.name for step in found.steps] == ["A", "B", "A'2", "RESULT"]
    assert [step.uses for step in found.steps] == [("IMAGE",), ("A",), ("IMAGE",), ("A'2",)]
    assert [(each.code, each.span.line) for each in found.diagnostics if each.code == "rebound-variable"] == [
        ("rebound-variable", 3)
    ]


def test_a_checked_program_remembers_its_text_and_its_tools() -> None:
    parsed = parse("RESULT=Count(object=Loc1)")
    found = check(parsed, REGISTRY, INPUTS)
    assert found.parsed is parsed
    assert found.tools is REGISTRY


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment"])
def test_a_program_without_a_statement_is_a_fault_of_its_first_character(text: str) -> None:
    found = check(parse(text), REGISTRY, INPUTS).diagnostics
    assert [(each.code, each.span.line, each.span.column, each.span.end) for each in found] == [
        ("no-result", 1, 1, 2)
    ]


def test_the_variables_of_an_unknown_tool_are_checked_too() -> None:
    found = checked("RESULT=Wxyzzy(image=IMAGE, object=DOGS)")
    assert faults(found) == [("unknown-tool", 1, 8), ("unknown-variable", 1, 35)]


def test_a_tool_that_is_like_no_other_is_no_other() -> None:
    known = [f"`{name}`" for name in REGISTRY.names()]
    unknown = next(each for each in checked("RESULT=Wxyzzy(image=IMAGE)").diagnostics if each.is_error)
    assert unknown.help
    assert not any(name in unknown.help for name in [*known, "None"])


def test_what_an_unknown_tool_is_given_is_not_called_unused() -> None:
    found = checked("A=Loc(image=IMAGE, object='dog')", "B=Wxyzzy(object=A)", "RESULT=Vqa(IMAGE, 'Is it?')")
    assert [each.code for each in found.diagnostics] == ["unknown-tool"]


def test_the_arguments_after_one_too_many_are_checked_too() -> None:
    found = checked("RESULT=Count(IMAGE, DOGS, CATS, object=BIRDS)")
    codes = [code for code, _, _ in faults(found)]
    assert codes.count("too-many-arguments") == 2
    assert codes.count("unknown-variable") == 3


def test_the_arguments_after_an_unknown_one_are_checked_too() -> None:
    found = checked("RESULT=Loc(colour='red', image=PICTURE, object='dog')")
    assert [code for code, _, _ in faults(found)] == ["unknown-argument", "unknown-variable"]


def test_what_an_unknown_argument_is_given_is_checked_too() -> None:
    found = checked("RESULT=Loc(image=IMAGE, object='dog', colour=DOGS)")
    assert [code for code, _, _ in faults(found)] == ["unknown-argument", "unknown-variable"]


def test_what_an_unknown_argument_is_given_is_not_called_unused() -> None:
    found = checked("A=Vqa(IMAGE, 'What is it?')", "RESULT=Loc(image=IMAGE, object='dog', colour=A)")
    assert [each.code for each in found.diagnostics] == ["unknown-argument"]


def test_a_misspelt_argument_is_not_missing_as_well() -> None:
    assert [code for code, _, _ in faults(checked("RESULT=Loc(image=IMAGE, objekt='dog')"))] == [
        "unknown-argument"
    ]


def test_the_inputs_of_a_program_are_what_no_step_before_defines() -> None:
    lines = (
        "A=Loc(image=LEFT, object='dog')",
        "B=Crop(image=RIGHT, object=A)",
        "C=B",
        "RESULT=Result([C, D])",
    )
    assert inputs_of(parse("\n".join(lines)).program) == {"LEFT", "RIGHT", "D"}


def test_a_variable_that_is_used_and_then_defined_is_an_input() -> None:
    assert inputs_of(parse("A=B\nB=A\nRESULT=B").program) == {"B"}


def test_a_variables_name_is_its_text() -> None:
    step = checked("A=Loc(image=IMAGE, object='dog')", "RESULT=Count(object=A)").steps[1]
    assert isinstance(step.arguments["object"], Variable)
    assert str(step.arguments["object"]) == "A"


def test_a_variable_named_result_is_the_result_wherever_it_is() -> None:
    found = checked("Final_Answer=Vqa(IMAGE, 'Is it?')", "B=Vqa(IMAGE, 'What is it?')")
    assert found.result == "Final_Answer"
    assert found.needed == {0}


@pytest.mark.parametrize("name", ["RESULT", "result", "FINAL_RESULT", "Final_Answer"])
def test_these_names_hold_the_result(name: str) -> None:
    assert checked(f"{name}=Vqa(IMAGE, 'Is it?')", "B=Vqa(IMAGE, 'What is it?')").result == name


@pytest.mark.parametrize("name", ["ANSWER", "FINAL", "RESULT1"])
def test_other_names_do_not(name: str) -> None:
    assert checked(f"{name}=Vqa(IMAGE, 'Is it?')", "B=Vqa(IMAGE, 'What is it?')").result == "B"


def test_the_last_of_several_results_is_the_result() -> None:
    line = "RESULT=Vqa(IMAGE, 'Is it?')"
    found = checked(line, line, "B=Vqa(IMAGE, 'What is it?')")
    assert found.result == "RESULT'2"
    assert found.needed == {1}


def test_without_a_variable_named_result_the_last_step_is_the_result() -> None:
    assert checked("A=Vqa(IMAGE, 'Is it?')", "B=Vqa(IMAGE, 'What is it?')").result == "B"


def test_a_program_without_steps_has_no_result() -> None:
    assert (checked("").result, checked("").needed) == ("", frozenset())
