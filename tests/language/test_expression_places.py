"""What binds how tightly in an expression, what it may hold, and where one that cannot be read is marked."""

from __future__ import annotations

import re

import pytest

from visprog.language.expression import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    MalformedExpression,
    functions,
    parse_expression,
)
from visprog.language.expression_tree import Constant, Reference, Text


@pytest.mark.parametrize(
    ("plain", "bracketed"),
    [
        ("-2 ** 2", "-(2 ** 2)"),
        ("2 ** -1 ** 2", "2 ** (-(1 ** 2))"),
        ("2 ** 3 ** 2", "2 ** (3 ** 2)"),
        ("2 * 3 ** 2", "2 * (3 ** 2)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("8 / 4 * 2", "(8 / 4) * 2"),
        ("8 // 3 % 2", "(8 // 3) % 2"),
        ("1 * 2 + 3 * 4", "(1 * 2) + (3 * 4)"),
        ("1 + 2 % 3", "1 + (2 % 3)"),
        ("-1 * 2", "(-1) * 2"),
        ("+1 - 2", "(+1) - 2"),
        ("1 + 2 < 3 * 4", "(1 + 2) < (3 * 4)"),
        ("1 in [1] + [2]", "1 in ([1] + [2])"),
        ("not 1 < 2", "not (1 < 2)"),
        ("not 1 in [2]", "not (1 in [2])"),
        ("not 1 and 2", "(not 1) and 2"),
        ("not not 1", "not (not 1)"),
        ("1 not in [2] and 3", "(1 not in [2]) and 3"),
        ("1 and 2 or 3", "(1 and 2) or 3"),
        ("1 or 2 and 3", "1 or (2 and 3)"),
        ("1 xor 2 and 3", "1 xor (2 and 3)"),
        ("1 or 2 xor 3", "1 or (2 xor 3)"),
        ("1 xor 2 or 3", "(1 xor 2) or 3"),
        ("1 and 2 xor 3", "(1 and 2) xor 3"),
        ("1 and not 2 or 3", "(1 and (not 2)) or 3"),
        ("1 if 2 else 3 if 4 else 5", "1 if 2 else (3 if 4 else 5)"),
        ("1 or 2 if 3 or 4 else 5 or 6", "(1 or 2) if (3 or 4) else (5 or 6)"),
        ("[1 or 2, 3 if 4 else 5,]", "[(1 or 2), (3 if 4 else 5)]"),
        ("min(1 or 2, 3 if 4 else 5)", "min((1 or 2), (3 if 4 else 5))"),
        ("1 +\n2 -\r3", "1 + 2 - 3"),
        ("{ A } == { B }", "{A} == {B}"),
        ("'{ A }'", "'{A}'"),
        ("true and false", "True and False"),
    ],
)
def test_operators_bind_as_in_python(plain: str, bracketed: str) -> None:
    assert parse_expression(plain).root == parse_expression(bracketed).root


@pytest.mark.parametrize(
    ("chain", "other"),
    [
        ("1 < 2 < 3", "(1 < 2) < 3"),
        ("1 and 2 and 3", "(1 and 2) and 3"),
        ("1 xor 2 xor 3", "1 xor (2 xor 3)"),
        ("(1 if 2 else 3) if 4 else 5", "1 if 2 else (3 if 4 else 5)"),
        ("(-2) ** 2", "-2 ** 2"),
        ("1 - (2 - 3)", "1 - 2 - 3"),
    ],
)
def test_brackets_make_a_difference(chain: str, other: str) -> None:
    assert parse_expression(chain).root != parse_expression(other).root


@pytest.mark.parametrize(
    ("expression", "column", "end", "advised"),
    [
        ("1 +", 4, 5, ""),
        ("1 2", 3, 4, ""),
        ("{A} = 1", 5, 6, "=="),
        ("{A} && {B}", 5, 7, "and"),
        ("{A} || {B}", 5, 7, "or"),
        ("! {A}", 1, 2, "not"),
        ("{A} is 1", 5, 7, "=="),
        ("{A} & {B}", 5, 6, "and"),
        ("{A} | {B}", 5, 6, "or"),
        ("{A} ^ {B}", 5, 6, "xor"),
        ("{A} AND {B}", 5, 8, "and"),
        ("{A} OR {B}", 5, 7, "or"),
        ("NOT {A}", 1, 4, "not"),
        ("{A} XOR {B}", 5, 8, "xor"),
        ("TRUE", 1, 5, "True"),
        ("FALSE or 1", 1, 6, "False"),
        ("A + 1", 1, 2, "{A}"),
        ("print(1)", 1, 6, ""),
        ("'abc'.lower()", 6, 7, "lower(x)"),
        ("{A}.x", 4, 5, ""),
        ("{A}.count(x)", 4, 5, "count(x)"),
        ("(1", 3, 4, ""),
        ("(1]", 3, 4, ""),
        ("[1, 2", 6, 7, ""),
        ("[1 2]", 4, 5, ""),
        ("'open", 1, 6, ""),
        ('"open', 1, 6, ""),
        ("1 + 'open", 5, 10, ""),
        ("‘x’", 1, 2, ""),
        ("{A} == “x”", 8, 9, ""),
        ("{A + 1", 1, 2, ""),
        ("{}", 1, 2, ""),
        ("1 if 2", 7, 8, ""),
        ("1 if 2 else", 12, 13, ""),
        ("if 1", 1, 3, ""),
        ("else", 1, 5, ""),
        ("and 1", 1, 4, ""),
        ("1 and", 6, 7, ""),
        ("not", 4, 5, ""),
        ("-", 2, 3, ""),
        ("in [1]", 1, 3, ""),
        ("{A} in", 7, 8, ""),
        ("{A} not 1", 5, 8, ""),
        ("()", 2, 3, ""),
        ("len()", 1, 4, ""),
        ("len(1, 2)", 1, 4, ""),
        ("min()", 1, 4, ""),
        ("round(1, 2, 3)", 1, 6, ""),
        ("1 + len()", 5, 8, ""),
        ("max(1, 2", 9, 10, ""),
        ("lambda: 1", 1, 7, "{lambda}"),
        ("[x for x in {A}]", 2, 3, "count({LIST}, x)"),
        ("1 ? 2", 3, 4, ""),
        ("1 $ 2", 3, 4, ""),
        ("1; 2", 2, 3, ""),
        ("1, 2", 2, 3, ""),
        ("1e999", 1, 6, ""),
        ("1 + # comment", 5, 6, ""),
        ("** 2", 1, 3, ""),
        ("1 ** ", 5, 6, ""),
        ("{A} <> 1", 6, 7, ""),
        ("{A} => 1", 5, 6, "=="),
        ("f'{A}'", 1, 2, "{f}"),
        ("'a' 'b'", 5, 8, ""),
        ("{A}{B}", 4, 7, ""),
        ("round", 1, 6, "{round}"),
        ("115792089237316195423570985008687907853269984665640564039457584007913129639936", 1, 79, ""),
        (
            "111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111",
            1,
            91,
            "",
        ),
        ("115792089237316195423570985008687907853269984665640564039457584007913129639935 +", 81, 82, ""),
    ],
)
def test_what_cannot_be_read_is_marked(expression: str, column: int, end: int, advised: str) -> None:
    with pytest.raises(MalformedExpression) as caught:
        parse_expression(expression)
    assert (caught.value.column, caught.value.end) == (column, end)
    assert re.findall(r"`(.*?)`", caught.value.help or "")[:1] == ([advised] if advised else [])


@pytest.mark.parametrize("expression", ["", "  ", "'abc", '"abc', "‘x’", "'a'.lower()", "print(1)"])
def test_there_is_advice(expression: str) -> None:
    with pytest.raises(MalformedExpression) as caught:
        parse_expression(expression)
    assert caught.value.help
    assert expression[:1] != '"' or '"' in caught.value.help


def test_line_breaks_are_spaces() -> None:
    assert parse_expression("'a\nb\rc'").evaluate() == "a b c"


def test_a_comment_is_left_out() -> None:
    assert parse_expression("1 + 1 # + 1").evaluate() == 2


def test_an_expression_may_be_as_long_as_the_limit() -> None:
    spaces = " " * (MAX_LENGTH - 1)
    assert parse_expression(f"{spaces}1").evaluate() == 1
    with pytest.raises(MalformedExpression) as caught:
        parse_expression(f"{spaces} 1")
    assert (caught.value.column, caught.value.end) == (1, 2)


def test_an_expression_may_have_as_many_parts_as_the_limit() -> None:
    assert len(parse_expression(f"[{', '.join(['1'] * (MAX_NODES - 1))}]").evaluate()) == MAX_NODES - 1
    with pytest.raises(MalformedExpression) as caught:
        parse_expression(f"[{', '.join(['1'] * MAX_NODES)}]")
    assert (caught.value.column, caught.value.end) == (1, 2)


def test_an_expression_may_be_nested_as_deep_as_the_limit() -> None:
    def brackets(depth: int, inside: str = "1") -> str:
        return f"{'(' * depth}{inside}{')' * depth}"

    assert parse_expression(brackets(MAX_DEPTH - 1)).evaluate() == 1
    with pytest.raises(MalformedExpression):
        parse_expression(brackets(MAX_DEPTH))
    with pytest.raises(MalformedExpression):
        parse_expression(brackets(MAX_DEPTH // 2, f"(1) + {brackets(MAX_DEPTH // 2)}"))
    with pytest.raises(MalformedExpression):
        parse_expression(f"[{'1, ' * 30}{brackets(MAX_DEPTH)}]")
    many = ", ".join([brackets(MAX_DEPTH - 2)] * 20)
    assert sum(parse_expression(f"[{many}]").evaluate()) == 20


def test_a_long_sum_is_as_deep_as_it_has_parts() -> None:
    assert parse_expression(" + ".join(["1"] * MAX_DEPTH)).evaluate() == MAX_DEPTH
    with pytest.raises(MalformedExpression) as caught:
        parse_expression(" + ".join(["1"] * (MAX_DEPTH + 1)))
    assert (caught.value.column, caught.value.end) == (1, 2)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{A} + 'x'", "3x"),
        ("'x' + {A}", "x3"),
        ("{A} + 'x' + 4", "3x4"),
        ("lower('X') + {A}", "x3"),
        ("{A} + lower('4')", "34"),
        ("str(4) + {A}", "43"),
        ("'{A}' + 4", "34"),
        ("{A} + '4'", 7),
        ("{A} + 'four'", 7),
    ],
)
def test_plus_next_to_words_joins_text(expression: str, value: object) -> None:
    assert parse_expression(expression).bind({"A": 3}).evaluate() == value


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("'{A}'", [Reference("A")]),
        ("'x {A}'", [Constant("x "), Reference("A")]),
        ("'{A} x'", [Reference("A"), Constant(" x")]),
        ("'{A}{B}'", [Reference("A"), Reference("B")]),
        ("'a{A}b{B}c'", [Constant("a"), Reference("A"), Constant("b"), Reference("B"), Constant("c")]),
    ],
)
def test_a_text_has_its_words_and_variables_as_parts(text: str, parts: list[Constant | Reference]) -> None:
    assert parse_expression(text).root == Text(tuple(parts))


def test_variables_are_named_in_their_order_with_their_columns() -> None:
    expression = parse_expression("'x {B} y {A}' == {C} or max({B}, '{A}')")
    assert expression.names == ("B", "A", "C")
    assert [(each.name, each.column) for each in expression.references] == [
        ("B", 4),
        ("A", 10),
        ("C", 18),
        ("B", 29),
        ("A", 35),
    ]
    assert str(expression) == "'x {B} y {A}' == {C} or max({B}, '{A}')"


def test_the_functions_are_these() -> None:
    names = "len count unique index min max sum abs round int float str sorted any all lower".split()
    assert sorted(functions()) == sorted(names)


def test_functions_take_up_to_a_hundred_values() -> None:
    assert parse_expression(f"max({', '.join(map(str, range(100)))})").evaluate() == 99
    with pytest.raises(MalformedExpression):
        parse_expression(f"max({', '.join(map(str, range(101)))})")
