"""What the checker advises names what helps; where it points is the faulty place."""

from __future__ import annotations

import pytest

from tests.language.test_mutants import INPUTS, REGISTRY
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.diagnostics import Diagnostic
from visprog.language.parser import parse
from visprog.language.program import ListValue
from visprog.language.types import Type
from visprog.tools import Registry, tool


def checked(*lines: str, pictures: dict[str, Type] | None = None) -> Checked:
    return check(parse("\n".join(lines)), REGISTRY, INPUTS if pictures is None else pictures)


def only_error(*lines: str, pictures: dict[str, Type] | None = None) -> Diagnostic:
    (found,) = (each for each in checked(*lines, pictures=pictures).diagnostics if each.is_error)
    return found


def place(found: Diagnostic) -> tuple[int, int, int]:
    return found.span.line, found.span.column, found.span.end


@tool("Resize")
def resize(box_size: int, text: str = "", limit: float | None = None) -> int:
    """Change a size."""
    return box_size


@tool("Now")
def now() -> int:
    """Return the time."""
    return 0


OWN = Registry((resize, now))


@pytest.mark.parametrize("written", ["boxsize", "BOX_SIZE", "boxSize", "box__size"])
def test_case_and_underscores_of_an_arguments_name_are_mended(written: str) -> None:
    found = check(parse(f"RESULT=Resize({written}=3)"), OWN, {})
    assert found.ok
    assert [(each.code, place(each), each.mended) for each in found.diagnostics] == [
        ("mended", (1, 15, 15 + len(written)), "box_size=3")
    ]


def test_a_signature_shows_types_and_defaults() -> None:
    assert str(resize.signature) == "Resize(box_size: int, text: str = '', limit: float | None = None) -> int"
    assert str(now.signature) == "Now() -> int"


def test_letters_of_an_arguments_name_are_not_mended() -> None:
    assert not check(parse("RESULT=Resize(boxsizes=3)"), OWN, {}).ok


def test_a_tool_without_arguments_takes_none() -> None:
    codes = [each.code for each in check(parse("RESULT=Now(when=3)"), OWN, {}).diagnostics]
    assert codes == ["unknown-argument"]
    codes = [each.code for each in check(parse("RESULT=Now(3)"), OWN, {}).diagnostics]
    assert codes == ["too-many-arguments"]


def test_for_an_argument_unlike_all_others_the_tools_own_are_named() -> None:
    help_text = only_error("RESULT=Loc(image=IMAGE, object='dog', wxyz=1)").help or ""
    assert "`image`" in help_text
    assert "`object`" in help_text


def test_a_list_has_the_current_names_of_its_variables() -> None:
    line = "A=Vqa(IMAGE, 'What is it?')"
    step = checked(line, line, "RESULT=Result([A, [A, 'b']])").steps[-1]
    (given,) = step.arguments.values()
    assert isinstance(given, ListValue)
    assert str(given) == "[A'2, [A'2, 'b']]"
    assert step.uses == ("A'2",)


def test_a_step_cannot_use_its_own_result() -> None:
    found = only_error("A=Count(object=A)")
    assert found.code == "unknown-variable"
    assert "line" not in found.message


def test_a_step_cannot_use_a_later_result() -> None:
    found = checked("B=Count(object=A)", "A=Loc(image=IMAGE, object='dog')", "RESULT=B").diagnostics[0]
    assert (found.code, place(found)) == ("unknown-variable", (1, 16, 17))
    assert "line 2" in found.message


def test_of_many_unknown_names_the_first_thirty_get_a_suggestion() -> None:
    names = [f"DOGS{chr(ord('A') + number)}" for number in range(26)] + [f"DOG{n}S" for n in range(10)]
    found = checked("DOGS=Loc(image=IMAGE, object='dog')", f"RESULT=Result([{', '.join(names)}])")
    offered = [each.help for each in found.diagnostics if each.code == "unknown-variable"]
    assert len(offered) == 36
    assert ["`IMAGE`" not in (each or "`IMAGE`") for each in offered] == [True] * 30 + [False] * 6


def test_the_last_five_variables_are_listed_first_to_last() -> None:
    lines = [f"{name}=Vqa(IMAGE, 'Is it?')" for name in ("BC", "DE", "FG", "HI", "JK")]
    help_text = only_error(*lines, "RESULT=Result([BC, DE, FG, HI, JK, WXYZVUTS])").help or ""
    assert help_text.endswith("`BC`, `DE`, `FG`, `HI`, `JK`")


def test_without_pictures_a_picture_is_unknown() -> None:
    found = only_error("RESULT=Vqa(IMAGE, 'Is it?')", pictures={})
    assert found.code == "unknown-variable"
    assert "has no picture" in (found.help or "")


def test_without_any_name_none_is_suggested() -> None:
    assert only_error("RESULT=Result([A])", pictures={}).help is None


@pytest.mark.parametrize("given", ["3", "True", "None", "1.5"])
def test_an_expression_is_written_in_quotes(given: str) -> None:
    found = only_error(f"RESULT=Eval({given})")
    assert (found.code, place(found)) == ("wrong-type", (1, 13, 13 + len(given)))


def test_an_expression_that_cannot_be_read_is_marked_where_it_ends() -> None:
    found = only_error("RESULT=Eval('1 +')")
    assert (found.code, place(found)) == ("malformed-expression", (1, 17, 18))


def test_an_empty_expression_is_marked() -> None:
    assert place(only_error("RESULT=Eval('')")) == (1, 14, 15)


def test_a_fault_in_text_with_escapes_marks_its_place() -> None:
    found = only_error(r"RESULT=Eval('\'a\' + {A}')")
    assert (found.code, place(found)) == ("unknown-variable", (1, 22, 25))


def test_a_fault_in_plain_text_marks_its_place() -> None:
    found = only_error("RESULT=Eval('1 + {ABC}')")
    assert (found.code, place(found)) == ("unknown-variable", (1, 18, 23))


def test_a_variable_in_a_text_is_used() -> None:
    found = checked("A=Vqa(IMAGE, 'What is it?')", "RESULT=Vqa(IMAGE, 'Is {A} red?')")
    assert found.diagnostics == ()


def test_a_variable_in_braces_that_are_wrong_is_not_called_unused() -> None:
    found = checked("A=Vqa(IMAGE, 'What is it?')", "RESULT=Vqa(IMAGE, 'Is {A[0]} red?')")
    assert [each.code for each in found.diagnostics] == ["text-reference"]


def test_a_text_that_is_only_an_unknown_name_is_an_error() -> None:
    for call in ("Vqa(IMAGE, '{A}')", "Loc(IMAGE, '{A}')", "Result(['{A}'])", "Loc(IMAGE, ['{A}'])"):
        found = only_error(f"RESULT={call}")
        assert (found.code, found.message) == ("unknown-variable", "`A` is not defined")


@pytest.mark.parametrize("name", ["image", "dogs"])
def test_pictures_and_regions_are_turned_into_an_answer_first(name: str) -> None:
    lines = ("DOGS=Loc(image=IMAGE, object='dog')", "ANSWER0=Count(object=DOGS)")
    for text in (
        f"RESULT=Vqa(IMAGE, 'Is {{{name.upper()}}} red?')",
        f"RESULT=Eval('{{{name.upper()}}} + 1')",
    ):
        found = next(each for each in checked(*lines, text).diagnostics if each.is_error)
        assert ("Vqa" in (found.help or "")) is (name == "image")
        assert ("Count" in (found.help or "")) is (name == "dogs")


@pytest.mark.parametrize(
    ("call", "column"),
    [
        ("Classify(IMAGE, DOGS, ['cat', 7])", 30),
        ("Loc(IMAGE, ['cat', 7])", 19),
        ("Loc(IMAGE, [A, 7])", 19),
        ("Vqa(IMAGE, ['a', True])", 19),
        ("Vqa(IMAGE, [A, 2.5, A])", 19),
        ("List('dogs', [1, '2'])", 21),
    ],
)
def test_an_item_that_does_not_fit_alone_does_not_fit_in_a_list(call: str, column: int) -> None:
    found = only_error("A=Vqa(IMAGE, 'What?')", "DOGS=Loc(IMAGE, 'dog')", f"RESULT={call}")
    assert (found.code, found.span.line, found.span.column) == ("wrong-type", 3, column)


def test_an_answer_fits_in_a_list_of_texts() -> None:
    lines = ("A=Vqa(IMAGE, 'What?')", "DOGS=Loc(IMAGE, 'dog')", "RESULT=Classify(IMAGE, DOGS, ['cat', A])")
    assert checked(*lines).ok


def test_what_is_computed_in_the_braces_of_a_text_is_advised_against() -> None:
    found = only_error("A=Vqa(IMAGE, 'What is it?')", "RESULT=Eval(\"'it is {A[0]}'\")")
    assert found.code == "text-reference"
    assert found.help
    assert place(found) == (2, 21, 27)


def test_for_text_about_an_unknown_name_the_known_names_are_listed() -> None:
    lines = [f"{name}=Vqa(IMAGE, 'Is it?')" for name in ("BC", "DE", "FG", "HI", "JK")]
    found = only_error(*lines, "A=Vqa(IMAGE, 'Is {WXYZ} red?')", "RESULT=Result([A, BC, DE, FG, HI, JK])")
    assert "`BC`, `DE`, `FG`, `HI`, `JK`" in (found.help or "")
    assert "`IMAGE`" not in (found.help or "")


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("x" * 58, "`'" + "x" * 58 + "'`"),
        ("x" * 59, "`'" + "x" * 56 + "...`"),
    ],
)
def test_a_value_of_the_wrong_type_is_cut_to_sixty_characters(argument: str, shown: str) -> None:
    assert only_error(f"RESULT=Count(object='{argument}')").message.endswith(shown)


def test_a_number_in_quotes_is_advised_against_only_where_a_whole_number_belongs() -> None:
    text = only_error("RESULT=List(query='dogs', max='3')")
    assert "quotes" in (text.help or "")
    name = only_error("DOGS=Loc(image=IMAGE, object='dog')", "RESULT=List(query='dogs', max=DOGS)")
    assert name.help is None
