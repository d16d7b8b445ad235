"""Laws of the parser and of a program's canonical text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.language.parser import MAX_STEPS, MAX_TEXT, parse
from visprog.language.program import Argument, Call, ListValue, Literal, Program, Step, Value, Variable

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("True", "False", "None")
)
literals = st.one_of(
    st.text(max_size=20).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)),
    st.integers(-(2**200), 2**200),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
).map(Literal)
values: st.SearchStrategy[Value] = st.recursive(
    literals | names.map(Variable),
    lambda inner: st.lists(inner, max_size=3).map(tuple).map(ListValue),
    max_leaves=6,
)
arguments = st.tuples(st.lists(values, max_size=2), st.lists(st.tuples(names, values), max_size=3)).map(
    lambda pair: (*(Argument(None, value) for value in pair[0]), *(Argument(*named) for named in pair[1]))
)
calls = st.builds(Call, names, arguments)
programs = st.lists(st.builds(Step, names, calls | names.map(Variable)), max_size=6).map(tuple).map(Program)


@given(programs)
def test_a_printed_program_parses_back(program: Program) -> None:
    parsed = parse(str(program))
    assert not parsed.diagnostics
    assert parsed.program == program
    assert str(parsed.program) == str(program)


@given(programs, st.data())
def test_spans_cover_the_text_of_their_records(program: Program, data: st.DataObject) -> None:
    text = str(program)
    lines = text.split("\n")
    for step in parse(text).program:
        line = lines[step.span.line - 1]
        assert line[step.span.column - 1 : step.span.end - 1] == step.target
        if isinstance(step.value, Call):
            assert line[step.value.span.column - 1 : step.value.span.end - 1] == step.value.tool
            for argument in step.value.arguments:
                assert line[argument.span.column - 1 : argument.span.end - 1] == str(argument)


@given(st.text(alphabet="abc' ,s)=d?", min_size=1, max_size=30))
def test_a_corrected_string_is_the_text_between_its_outer_quotes(text: str) -> None:
    line = f"A=Vqa(image=IMAGE, question='{text}')"
    for step in parse(line).program:
        assert isinstance(step.value, Call)
        last = step.value.arguments[-1].value
        if len(step.value.arguments) == 2 and isinstance(last, Literal):
            assert last.value == text


def test_every_line_with_an_error_is_reported_and_the_others_are_parsed() -> None:
    parsed = parse("A=1\nB=Vqa(\nC=Vqa(image=)\nD=Loc(IMAGE, 'dog')\nE==2")
    assert [(each.span.line, each.is_error) for each in parsed.diagnostics] == [
        (1, True), (2, False), (3, True), (5, True),
    ]  # fmt: skip
    assert [step.target for step in parsed.program] == ["B", "D"]
    assert parsed.broken == {"A", "C"}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_all_line_ends_are_recognized(ending: str) -> None:
    parsed = parse(ending.join(["A=Loc(IMAGE, 'dog')", "", "B=Count(A)"]))
    assert [step.span.line for step in parsed.program] == [1, 3]


def test_programs_and_lines_that_are_too_long_are_rejected() -> None:
    assert [each.code for each in parse("x" * (MAX_TEXT + 1)).diagnostics] == ["too-long"]
    assert [each.code for each in parse("A=Loc('" + "x" * 5_000 + "')").diagnostics] == ["too-long"]
    program = "\n".join(f"A{i}=B" for i in range(MAX_STEPS + 1))
    (fault,) = parse(program).diagnostics
    assert (fault.code, fault.span.line) == ("too-many-steps", MAX_STEPS + 1)
    assert not parse("\n".join(f"A{i}=B" for i in range(MAX_STEPS)) + "\n\n").diagnostics


def test_an_ambiguous_quote_is_not_corrected() -> None:
    (fault,) = parse("A=Vqa(image=IMAGE, question='half' 'and half')").diagnostics
    assert fault.is_error


@pytest.mark.parametrize("text", ["A=B" + " " * 50 + "#" * 100, "\t A = B ", "A=B#"])
def test_white_space_and_comments_are_ignored(text: str) -> None:
    assert str(parse(text).program) == "A=B"
