"""Answers that are numbers, yes or no, or lists: how expressions read them, and what they do not accept."""

from __future__ import annotations

import re
from typing import Any

import pytest

from visprog import ExpressionError
from visprog.language.coercion import word_number
from visprog.language.expression import MalformedExpression, parse_expression
from visprog.language.limits import MAX_BITS, MAX_TEXT


def value(source: str, **values: Any) -> Any:
    return parse_expression(source).bind(values).evaluate()


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("2.5", 2.5),
        ("-2.5", -2.5),
        (".5", 0.5),
        ("+.5", 0.5),
        ("3.", 3),
        ("3..", 3),
        (" 7 ", 7),
        ("2.0", 2.0),
        ("1,234.5", 1234.5),
        ("1,234,567", 1_234_567),
        ("Twenty-One.", 21),
        ("ninety nine", 99),
        ("a dozen", 12),
        ("hundred", 100),
        ("none", 0),
        ("0" * 79 + "7", 7),
    ],
)
def test_a_numeral_or_number_word_is_a_number(answer: str, number: float) -> None:
    found = value("{A} + 0", A=answer)
    assert found == number
    assert type(found) is type(number)
    assert value("{A} == {B}", A=answer, B=number) is True


UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
)
UNITS += "sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def test_the_number_words_are_those_up_to_ninety_nine_and_a_few_more() -> None:
    words = {word: number for number, word in enumerate(UNITS)}
    words |= {ten: 20 + 10 * number for number, ten in enumerate(TENS)}
    words |= {
        f"{ten}{gap}{UNITS[unit]}": words[ten] + unit for ten in TENS for unit in range(1, 10) for gap in "- "
    }
    words |= {"none": 0, "hundred": 100, "a hundred": 100, "one hundred": 100, "dozen": 12, "a dozen": 12}
    assert {word: word_number(word) for word in words} == words
    assert word_number(" Seven ") == 7
    assert [word_number(word) for word in ("twenty-zero", "ten-one", "two hundred", "7", "")] == [None] * 5


@pytest.mark.parametrize(
    "answer",
    [
        "٣",
        "7X",
        "1,23",
        "12,34,567",
        "1.2.3",
        "--1",
        "1e5",
        "0x10",
        "",
        ".",
        "twenty-ten",
        "two dogs",
        "0" * 80 + "7",
    ],
)
def test_other_text_is_no_number(answer: str) -> None:
    with pytest.raises(ExpressionError):
        value("{A} + 0", A=answer)


@pytest.mark.parametrize("given", [None, ["1"], [], float("inf"), float("nan")])
@pytest.mark.parametrize("source", ["{A} + 1", "1 - {A}", "-{A}", "abs({A})", "int({A})", "round(1.5, {A})"])
def test_what_is_no_number_cannot_be_computed_with(source: str, given: object) -> None:
    with pytest.raises(ExpressionError):
        value(source, A=given)


@pytest.mark.parametrize("given", [None, "red", "yesterday", ""])
def test_what_says_neither_yes_nor_no_is_no_condition(given: object) -> None:
    with pytest.raises(ExpressionError) as caught:
        value("not {A}", A=given)
    assert "==" in (caught.value.help or "")


@pytest.mark.parametrize("given", [["yes"], [], [True, False]])
@pytest.mark.parametrize("source", ["not {A}", "{A} and True", "1 if {A} else 2", "any([{A}])"])
def test_a_list_is_no_condition(given: object, source: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(source, A=given)
    assert caught.value.help == "use `any({LIST})` or `all({LIST})`"


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        ("true", True),
        ("Yes.", True),
        ("NO!", False),
        (" false ", False),
        ("two", True),
        ("0.0", False),
        (0, False),
    ],
)
def test_an_answer_is_a_condition(answer: object, truth: bool) -> None:
    assert value("'a' if {A} else 'b'", A=answer) == ("a" if truth else "b")


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (True, "yes", True),
        ("yes", True, True),
        (False, "no", True),
        (True, "no", False),
        (True, "red", False),
        (False, "red", False),
        (True, 1, True),
        (True, 2, False),
        (0, False, True),
        (["Red."], ["red"], True),
        (["red"], ["red", "red"], False),
        (["red", "red"], ["red"], False),
        ([], [], True),
        ([1, ["two"]], ["1", [2]], True),
        (None, None, True),
        (None, "none", False),
        ("red!", "red", True),
        ("red?", "red", False),
        ("TAX", "TA", False),
        (True, "yesX", False),
        ("!red", "red", False),
    ],
)
def test_values_are_equal_by_what_they_mean(left: object, right: object, same: bool) -> None:
    assert value("{A} == {B}", A=left, B=right) is same
    assert value("{A} != {B}", A=left, B=right) is not same


@pytest.mark.parametrize(
    ("left", "right"), [([1], 1), ("red", ["red"]), ([], None), ([], ""), (True, [True])]
)
@pytest.mark.parametrize("sign", ["==", "!="])
def test_a_list_is_not_compared_with_a_single_value(left: object, right: object, sign: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(f"{{A}} {sign} {{B}}", A=left, B=right)
    assert caught.value.message.startswith(f"`{sign}` cannot compare ")
    assert "count({LIST}, x)" in (caught.value.help or "")


@pytest.mark.parametrize(
    ("source", "values", "result"),
    [
        ("{A} < {B}", {"A": "Apple", "B": "banana"}, True),
        ("{A} < {B}", {"A": "10", "B": "9"}, False),
        ("{A} < {B}", {"A": "ten", "B": 9}, False),
        ("{A} <= {B}", {"A": "2", "B": "two"}, True),
        ("{A} < {B}", {"A": "2", "B": "two"}, False),
        ("{A} >= {B}", {"A": " b", "B": "B "}, True),
        ("{A} > {B}", {"A": "b", "B": "B"}, False),
        ("{A} in {B}", {"A": " Car ", "B": "a red CAR"}, True),
        ("{A} in {B}", {"A": "a red car", "B": "car"}, False),
        ("{A} in {B}", {"A": "two", "B": [1, 2]}, True),
        ("{A} not in {B}", {"A": "two", "B": [1, 3]}, True),
    ],
)
def test_values_are_ordered_and_searched(source: str, values: dict[str, Any], result: bool) -> None:
    assert value(source, **values) is result


@pytest.mark.parametrize(
    ("items", "ordered"),
    [
        (["10", "9", "two"], ["two", "9", "10"]),
        (["b", "A", "c"], ["A", "b", "c"]),
        ([["b"], ["a"]], [["a"], ["b"]]),
        (["b", "10", "9"], ["10", "9", "b"]),
        ([], []),
    ],
)
def test_numbers_are_sorted_by_size_and_everything_else_as_text(items: list[Any], ordered: list[Any]) -> None:
    assert value("sorted({A})", A=items) == ordered


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("min(['10', 9, 'ten'])", 9),
        ("max(['3', 'two'])", "3"),
        ("min(3, 'two')", "two"),
        ("sum([])", 0),
        ("any([])", False),
        ("all([])", True),
        ("any(['no', 0])", False),
        ("all(['yes', 'no'])", False),
        ("len('abc')", 3),
        ("len([])", 0),
        ("round(2.5)", 2),
        ("round(12.36, 1)", 12.4),
        ("round(1234, -2)", 1200),
        ("round(1.0, -20)", 0),
        ("round(1.25, 20)", 1.25),
        ("int('-2.7')", -2),
        ("float('2')", 2.0),
        ("abs('-2')", 2),
        ("+'3'", 3),
        ("-'3'", -3),
        ("str([1, ['a', 'b'], True])", "1, a, b, True"),
        ("lower('ÄB')", "äb"),
        ("[1, 2] + [3]", [1, 2, 3]),
        ("2 ** 3 ** 0", 2),
        ("(-2) ** 2", 4),
        ("7 % 4 - 7 // 4", 2),
    ],
)
def test_functions_and_operators_compute(source: str, result: object) -> None:
    found = value(source)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    "source", ["round(1, 21)", "round(1, -21)", "round(1, 0.5)", "[1] + 1", "1 + [1]", "[1] - [1]"]
)
def test_what_has_no_value_is_an_error(source: str) -> None:
    with pytest.raises(ExpressionError):
        value(source)


def test_a_list_as_text_says_how_long_it_would_be_at_the_first_item_too_many() -> None:
    with pytest.raises(ExpressionError, match=r"28,002 characters, at most 20,000"):
        value("str({A})", A=["x" * 14_000] * 5_000)
    with pytest.raises(ExpressionError, match=r"28,003 characters, at most 20,000"):
        value("str({A})", A=[["x" * 14_000, ""], ["x" * 13_999] * 3_000])


def test_a_list_as_text_may_be_as_long_as_the_limit() -> None:
    half = "x" * (MAX_TEXT // 2 - 1)
    assert len(value("str({A})", A=[half, half])) == MAX_TEXT
    with pytest.raises(ExpressionError):
        value("str({A})", A=[half, half + "x"])


def test_joined_text_may_be_as_long_as_the_limit() -> None:
    assert len(value("{A} + '!'", A="x" * (MAX_TEXT - 1))) == MAX_TEXT
    with pytest.raises(ExpressionError, match="characters"):
        value("{A} + '!'", A="x" * MAX_TEXT)


def test_a_number_may_have_as_many_bits_as_the_limit() -> None:
    assert value(f"2 ** {MAX_BITS - 1}") == 2 ** (MAX_BITS - 1)
    with pytest.raises(ExpressionError):
        value(f"2 ** {MAX_BITS}")
    assert value("(-1) ** 1000001") == -1
    assert value("0 ** 1000000") == 0
    with pytest.raises(ExpressionError, match="too large"):
        value("(-3) ** 100000000000")


def test_a_value_in_a_message_is_cut_to_eighty_characters() -> None:
    for given, shown in (("x" * 78, "x" * 78), ("x" * 79, "x" * 76 + "...")):
        with pytest.raises(ExpressionError) as caught:
            value("{A} + 1", A=given)
        assert caught.value.message.endswith(f"'{shown}" + ("" if shown.endswith(".") else "'"))


@pytest.mark.parametrize(
    ("item", "whole"), [(3, "3 dogs"), ("a", 3), (None, "none"), (["a"], "a"), ("a", None)]
)
def test_only_a_list_or_text_is_searched_and_text_only_for_text(item: object, whole: object) -> None:
    with pytest.raises(ExpressionError):
        value("{A} in {B}", A=item, B=whole)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        *((f"{name}({{A}})", name) for name in ("min", "max", "sum", "any", "all", "sorted", "len")),
        *((f"{name}('x')", name) for name in ("abs", "int", "float", "round")),
        *((f"{name}(['x'])", name) for name in ("min", "max", "sum")),
        ("round(1, 'x')", "round"),
        *((f"{{A}} {sign} []", sign) for sign in ("<", "<=", ">", ">=", "+", "-", "*", "/", "//", "%", "**")),
        ("-{B}", "-"),
        ("+{B}", "+"),
        ("{A} in 3", "in"),
        ("{A} not in 3", "in"),
        ("{C} + 1", "C"),
    ],
)
def test_a_message_names_what_failed(source: str, name: str) -> None:
    with pytest.raises(ExpressionError, match=f"^`{re.escape(name)}`"):
        value(source, A=3, B="x")


@pytest.mark.parametrize(
    ("given", "shown"),
    [(None, "None"), ([1], "[1]"), ({}, "a value of type dict"), (["a" * 90], "['" + "a" * 75 + "...")],
)
def test_a_message_says_what_was_found(given: object, shown: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value("{A} + 1", A=given)
    assert caught.value.message.endswith(f" {shown}")


def test_a_huge_number_is_not_written_out() -> None:
    with pytest.raises(ExpressionError, match="huge number"):
        value("'x' in {A}", A=10**5_000)
    with pytest.raises(ExpressionError, match="1" + "0" * 76):
        value("'x' in {A}", A=10**300)


@pytest.mark.parametrize(
    "name", ["len", "sum", "abs", "int", "float", "str", "sorted", "any", "all", "lower"]
)
def test_most_functions_take_one_value(name: str) -> None:
    with pytest.raises(MalformedExpression):
        parse_expression(f"{name}(1, 2)")
    with pytest.raises(MalformedExpression):
        parse_expression(f"{name}()")
