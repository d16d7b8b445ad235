"""Each part of a parsed program has its position in the text, and each fault has its own advice."""

from __future__ import annotations

import pytest

from visprog.language.parser import MAX_TEXT, parse
from visprog.language.program import (
    Argument,
    Call,
    ListValue,
    Literal,
    Program,
    Span,
    Step,
    Value,
    Variable,
)


def values_of(line: str) -> list[Value]:
    call = parse(line).program.steps[0].value
    assert isinstance(call, Call)
    return [argument.value for argument in call.arguments]


def spanned(line: str, value: Value) -> str:
    return line[value.span.column - 1 : value.span.end - 1]


def test_values_know_their_place() -> None:
    line = "A = Loc(n=-3, m=[1, - 2], k=[B, [C]], s='x', t=True, u=1.5)"
    found = values_of(line)
    assert [spanned(line, each) for each in found] == ["-3", "[1, - 2]", "[B, [C]]", "'x'", "True", "1.5"]
    assert isinstance(found[1], ListValue)
    assert [spanned(line, each) for each in found[1].items] == ["1", "- 2"]


def test_a_list_without_its_bracket_ends_at_its_last_item() -> None:
    line = "A = Loc(image=[BC, DE)"
    assert [spanned(line, each) for each in values_of(line)] == ["[BC, DE"]


def test_an_alias_knows_the_place_of_its_source() -> None:
    value = parse("A = BC").program.steps[0].value
    assert isinstance(value, Variable)
    assert value.span == Span(1, 5, 7)


@pytest.mark.parametrize("text", ["1. A = B\n", "A = ?", "\n" * (MAX_TEXT + 1)])
def test_a_program_keeps_its_text(text: str) -> None:
    assert parse(text).program.source == text


@pytest.mark.parametrize(
    ("line", "read", "mended"),
    [
        ("`A=B`  ", "A=B", [(1, 2)]),
        ("`X=BX`", "X=BX", [(1, 2)]),
        ("`  # note`  ", "", [(1, 13)]),
        ("A: list[str] = Loc(image=B)", "A=Loc(image=B)", [(2, 3)]),
        ("1. A = Loc(s='it's a dog')", 'A=Loc(s="it\'s a dog")', [(1, 4), (14, 26)]),
        ("A = Loc(s=''s dog')", 'A=Loc(s="\'s dog")', [(11, 19)]),
        ("A = Loc(s='dogs'')", 'A=Loc(s="dogs\'")', [(11, 18)]),
        ("A = Loc(s=f'x')", "A=Loc(s='x')", [(11, 12)]),
        ("A = Loc(s=F'{B} x')", "A=Loc(s='{B} x')", [(11, 12)]),
        ("A = Loc(s='a' + B)", "A=Loc(s='a{B}')", [(15, 16)]),
        ("A = Loc(s={B})", "A=Loc(s=B)", [(11, 14)]),
    ],
)
def test_a_slip_is_put_right_where_it_is(line: str, read: str, mended: list[tuple[int, int]]) -> None:
    parsed = parse(line)
    assert parsed.ok
    assert str(parsed.program) == read
    assert [(each.span.column, each.span.end) for each in parsed.diagnostics] == mended


def advice(line: str) -> tuple[str, str]:
    (found,) = parse(line).diagnostics
    assert found.is_error
    return found.message, found.help or ""


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "<", ">", "==", "and", "or"])
def test_arithmetic_is_done_by_eval(sign: str) -> None:
    assert "Eval" in advice(f"A = B {sign} C")[1]


@pytest.mark.parametrize("value", ["3", "1.5", "'x'", "[B]", "True", "None"])
def test_a_value_alone_has_no_name(value: str) -> None:
    message, help_text = advice(f"A = {value}")
    assert "the value" in message
    assert help_text


@pytest.mark.parametrize(
    ("line", "in_message", "in_help"),
    [
        ("A = ?", "'?'", "a tool or a variable"),
        ("A = Loc(image=len(B))", "", "`NAME=Eval('len({A})')`"),
        ("A = Loc(image=-B)", "`-`", ""),
        ("A = Loc(image=+'1')", "`+`", ""),
        ("Loc(image=B)", "", "`RESULT=Loc(...)`"),
        ("A = Loc(s='open)", "'", "'"),
        ('A = Loc(s="open)', '"', '"'),
        ("A = Loc(s=“x”)", "“", "'"),
        ("A = Loc(image=B, 'x')", "", "`name=value`"),
        ("True = B", "`True`", "name"),
        ("A = Loc(s='a' b='c')", "", "comma"),
        ("A = Loc(s='a' 'b')", "", r"\'"),
        ('A = Loc(s="a" b)', "", r"\""),
        ("A = Loc(s='a' 3)", "", r"\'"),
        ("A = Loc(s=r'x')", "", "prefix"),
        ("A = Loc(s='a' % B)", "", "'the {NAME} car'"),
        ("A = Loc(s='a' * 3)", "", "'the {NAME} car'"),
        ("A = Loc(s='a'.lower())", "", "'the {NAME} car'"),
        ("A = Loc(s=A + B)", "", "Eval"),
        ("A = Loc(s='a' + 3)", "", "Eval"),
        ("A = Loc(s=B.size)", "", "attributes"),
        ("A = Loc B", "", "`Loc(name=value)`"),
        ("A = Loc(image=B image=C)", "", "`B(name=value)`"),
        ("A = Loc(image=B, ", "`)`", "line"),
        ("A = Loc(image=[B, ", "`]`", "line"),
    ],
)
def test_each_fault_has_advice_of_its_own(line: str, in_message: str, in_help: str) -> None:
    message, help_text = advice(line)
    assert in_message in message
    assert in_help in help_text


@pytest.mark.parametrize(
    "line",
    [
        "A = Loc(s=B[0])",
        "A = Loc(s=D 'x')",
        "A = Loc(s=.size)",
        "A = Loc(n=[1 2])",
        "A = Loc(image=B; n=1)",
        "A = Loc(image=B) C",
    ],
)
def test_for_other_faults_there_is_no_advice(line: str) -> None:
    assert advice(line)[1] == ""


@pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_half_a_character_is_no_text(code: int) -> None:
    (found,) = parse(f"A = Loc(s='a{chr(code)}b')").diagnostics
    assert found.is_error


@pytest.mark.parametrize("quote", "‘’“”„‚«»´")
def test_curly_quotes_are_named(quote: str) -> None:
    message, help_text = advice(f"A = Loc(s={quote}x{quote})")
    assert f" {quote} " in message
    assert "'" in help_text


def test_what_was_not_read_from_a_text_is_nowhere() -> None:
    values: list[Value] = [Variable("A"), Literal(1), ListValue(())]
    assert [each.span for each in values] == [Span(0, 0, 0)] * 3
    assert Argument(None, Literal(1)).span == Call("A", ()).span == Span(0, 0, 0)
    assert Step("A", Variable("B")).span == Span(0, 0, 0)
    assert Program(()).source == ""


def test_places_do_not_count_when_programs_are_compared() -> None:
    assert parse("A = Loc( B ,n=[ 1 ])").program == parse("A=Loc(B, n=[1])").program
    assert parse("A = Loc( B ,n=[ 1 ])").program != parse("A=Loc(B, n=[2])").program


def test_a_type_before_something_else_than_a_call_is_no_slip() -> None:
    (found,) = parse("A: Image = 3(B)").diagnostics
    assert (found.code, found.span.column, found.span.end) == ("syntax", 1, 2)
