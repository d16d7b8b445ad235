"""Laws of the expression language."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog import ExpressionError
from visprog.language.coercion import word_number
from visprog.language.expression import (
    MAX_DEPTH,
    MAX_LENGTH,
    MalformedExpression,
    functions,
    parse_expression,
)
from visprog.language.expression_tree import Reference


def value(source: str, **values: Any) -> Any:
    return parse_expression(source).bind(values).evaluate()


@st.composite
def sums(draw: st.DrawFn, depth: int = 4) -> tuple[str, int]:
    """Return an expression over whole numbers in full brackets, and its value as Python computes it."""
    if depth == 0 or draw(st.booleans()):
        number = draw(st.integers(-9, 9))
        return str(number), number
    (left, a), (right, b) = draw(sums(depth - 1)), draw(sums(depth - 1))
    sign, compute = draw(st.sampled_from([("+", operator.add), ("-", operator.sub), ("*", operator.mul)]))
    return f"({left} {sign} {right})", compute(a, b)


@given(sums())
def test_arithmetic_gives_the_same_results_as_python(pair: tuple[str, int]) -> None:
    assert value(pair[0]) == pair[1]


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 9)), min_size=1, max_size=12))
def test_products_bind_tighter_than_sums_and_both_are_left_associative(terms: list[tuple[str, int]]) -> None:
    source = "0" + "".join(f" {sign} {number}" for sign, number in terms)
    total, product, adding = 0, 0, 1
    for sign, number in terms:
        if sign == "*":
            product *= number
        else:
            total, product, adding = total + adding * product, number, 1 if sign == "+" else -1
    assert value(source) == total + adding * product


@given(st.text(max_size=60))
def test_a_value_is_never_parsed_as_an_expression(answer: str) -> None:
    expression = parse_expression("{A}")
    assert expression.root == Reference("A")
    assert expression.bind({"A": answer}).evaluate() == answer
    assert value("'{A}'", A=answer) == answer
    assert value("{A} == {A}", A=answer) is True
    assert value("'{A}' in ['{A}', 'x']", A=answer) is True


@given(st.text(alphabet="{}()[]'\"ABif else1.+-*/<>=!&|,\\ \n", max_size=60))
def test_any_text_is_an_expression_or_raises_malformed_expression(source: str) -> None:
    try:
        expression = parse_expression(source)
    except MalformedExpression as fault:
        assert fault.message
        assert 1 <= fault.column < fault.end
        assert fault.column <= len(source) + 2
    else:
        try:
            expression.bind({"A": 1, "B": "x"}).evaluate()
        except ExpressionError as error:
            assert error.message


@pytest.mark.parametrize("opening", ["(", "[", "-", "not ", "1 + (", "len([", "1 if ", "2 ** "])
def test_the_nesting_depth_is_limited(opening: str) -> None:
    with pytest.raises(MalformedExpression):
        parse_expression(opening * (MAX_DEPTH * 3) + "1")
    with pytest.raises(MalformedExpression):
        parse_expression((opening * 1_000)[:MAX_LENGTH])


def test_the_number_of_nodes_and_characters_is_limited() -> None:
    assert value(" + ".join(["1"] * MAX_DEPTH)) == MAX_DEPTH
    with pytest.raises(MalformedExpression, match="deep"):
        parse_expression(" + ".join(["1"] * 100))
    assert value(" and ".join(["{A}"] * 150), A="yes") is True
    with pytest.raises(MalformedExpression, match="300 are allowed"):
        parse_expression("[" + ", ".join(["1"] * 300) + "]")
    with pytest.raises(MalformedExpression, match=r"2,001 characters"):
        parse_expression("1" + " " * 2_000)


@pytest.mark.parametrize(
    "source", ["9 ** 9 ** 9", "2 ** 255 * 4", "10 ** -400 / 0", "[1] + [2] * 3", "'x' * 10", "1e308 ** 2"]
)
def test_no_number_or_list_exceeds_its_limit(source: str) -> None:
    with pytest.raises(ExpressionError):
        value(source)


def test_texts_and_lists_that_are_too_long_are_rejected() -> None:
    with pytest.raises(ExpressionError, match="20,000 are allowed"):
        value("'x' + {A} + {A}", A="x" * 15_000)
    with pytest.raises(ExpressionError, match="20,000 are allowed"):
        value("'{A}{A}'", A="x" * 15_000)
    with pytest.raises(ExpressionError, match="more than 10,000 values"):
        value("{A} + {A}", A=["x"] * 7_500)
    with pytest.raises(ExpressionError, match="more than 10,000 values"):
        value("[[{A}, {A}], [{A}, {A}]]", A=[["x"] * 100] * 30)


def test_unneeded_operands_are_not_evaluated() -> None:
    assert value("1 if {A} else 1 / 0", A="yes") == 1
    assert value("{A} or 1 / 0 == 1", A=True) is True
    assert value("{A} and 1 / 0 == 1", A=False) is False


def test_the_error_names_a_variable_without_a_value() -> None:
    with pytest.raises(ExpressionError, match="`B` has no value"):
        value("{A} + {B}", A=1)


def test_references_are_listed_in_order_with_their_columns() -> None:
    expression = parse_expression("{B} + len('{A} x {B}')")
    assert [(each.name, each.column) for each in expression.references] == [("B", 1), ("A", 12), ("B", 18)]
    assert expression.names == ("B", "A")


def test_the_functions_match_the_documentation() -> None:
    documented = (
        "len, count, unique, index, min, max, sum, abs, round, int, float, str, sorted, any, all, lower"
    )
    assert ", ".join(functions()) == documented


@pytest.mark.parametrize(
    ("word", "number"), [("zero", 0), ("Seven", 7), ("forty-two", 42), ("ninety nine", 99), ("dozen", 12)]
)
def test_number_words_are_converted(word: str, number: int) -> None:
    assert word_number(word) == number


def test_other_words_are_not_numbers() -> None:
    assert word_number("many") is None
    assert word_number("") is None
