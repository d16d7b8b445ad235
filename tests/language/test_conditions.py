"""A constant used as a condition is an error, and the suggested expression checks."""

from __future__ import annotations

import re

import pytest

from tests.language.test_mutants import INPUTS, REGISTRY
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import parse


def checked(expression: str) -> Checked:
    lines = ["A=Vqa(IMAGE, 'What color is it?')", "B=Vqa(IMAGE, 'Is it?')", f'C=Eval("{expression}")']
    lines.append("RESULT=Result([C, A, B])")
    return check(parse("\n".join(lines)), REGISTRY, INPUTS)


RIGHT_FORMS = {
    "{A} == 'red' or 'blue'": "{A} == 'red' or {A} == 'blue'",
    "{A} == 'red' or 'blue' or 'green'": "{A} == 'red' or {A} == 'blue' or {A} == 'green'",
    "'red' == {A} or 'blue'": "'red' == {A} or 'blue' == {A}",
    "'red' or 'blue' == {A}": "'red' == {A} or 'blue' == {A}",
    "{A} == ('red' or 'blue')": "{A} in ['red', 'blue']",
    "{A} != ('red' or 'blue')": "{A} not in ['red', 'blue']",
    "{A} != 'red' or 'blue'": "{A} not in ['red', 'blue']",
    "{A} != 'red' and 'blue'": "{A} != 'red' and {A} != 'blue'",
    "{A} == 'red' and 'blue'": "'red' in {A} and 'blue' in {A}",
    "'red' in {A} or 'blue'": "'red' in {A} or 'blue' in {A}",
    "'red' in {A} and 'blue'": "'red' in {A} and 'blue' in {A}",
    "('red' or 'blue') in {A}": "'red' in {A} or 'blue' in {A}",
    "{A} == 'yes' or 'true'": "{A} == 'yes' or {A} == 'true'",
    "{A} == 1 or 2": "{A} == 1 or {A} == 2",
    "{A} == 1 or -1": "{A} == 1 or {A} == -1",
    "({A} == 1) == {B} or 'yes'": "({A} == 1) == {B} or ({A} == 1) == 'yes'",
    "'yes' == ({A} == 1) or 'true'": "'yes' == ({A} == 1) or 'true' == ({A} == 1)",
    "({A} == 1) == ('yes' or 'true')": "({A} == 1) in ['yes', 'true']",
    "{A} == 'red' or 'dark {B}'": "{A} == 'red' or {A} == 'dark {B}'",
    "{A} == 'red' == 'blue'": "{A} in ['red', 'blue']",
    "{A} > 2 or 3": "{A} > 2 or {A} > 3",
    "lower({A}) == 'red' or 'blue'": "lower({A}) == 'red' or lower({A}) == 'blue'",
    "any([{A} == 'red', 'blue'])": "any([{A} == 'red', {A} == 'blue'])",
    "'yes' if {A} == 'red' or 'blue' else 'no'": "{A} == 'red' or {A} == 'blue'",
}


@pytest.mark.parametrize("wrong", RIGHT_FORMS)
def test_the_suggested_expression_is_correct_and_checks(wrong: str) -> None:
    found = checked(wrong)
    assert [each.code for each in found.diagnostics] == ["constant-condition"]
    assert found.diagnostics[0].help == f"write `{RIGHT_FORMS[wrong]}`"
    assert not any(each.is_error for each in checked(RIGHT_FORMS[wrong]).diagnostics)


@pytest.mark.parametrize(
    "wrong",
    [
        "not 'x'",
        "not 'yes'",
        "{A} and 'x'",
        "'x' and {A}",
        "{A} xor 'yes'",
        "'yes' if 'x' else 'no'",
        "'yes' if 1 else 'no'",
        "any(['red', 'x'])",
        "all(['a'])",
        "all('a')",
        "any([{B}, 'x'])",
        "{B} or 'a' + 'b'",
        "{B} or 'a' + 'b' + 'c'",
        "{B} or lower('NO')",
        "{B} or -1",
        "{B} or 1 + 1",
        "{B} or None",
        "{B} or ['a']",
        "not []",
        "{B} or ('red' if {A} else 'blue')",
        "(not 'x') == {B}",
        "len([{A} or 'x'])",
        "{B} or 'a' == 'a'",
        "'red' < 'blue' or {B}",
        "not 1 > 2",
        "'yes' if 'red' == 'red' else 'no'",
        "any(['a'] + ['b'])",
        "all([{A} == 'red'] + ['blue'])",
        "{A} == 'red' or ['blue', {B}]",
        "not sorted([{A}])",
        "not 'a {A}'",
        "{A} + ' x' or {B}",
    ],
)
def test_a_constant_condition_is_an_error(wrong: str) -> None:
    found = checked(wrong)
    assert [each.code for each in found.diagnostics if each.is_error] == ["constant-condition"]
    fault = found.diagnostics[0]
    assert re.match(r"(write|compare .*as in|test the list, as in) `", fault.help or "")
    assert fault.span.line == 3
    assert fault.span.column > 1


@pytest.mark.parametrize(
    "right",
    [
        "{A} == 'red' or {A} == 'blue'",
        "{B} or True",
        "not {B}",
        "'{B}' and {B}",
        "'yes' if {B} else 'no'",
        "('yes' if {A} == 'red' else 'no') and {B}",
        "any([{A} == 'red', {B}])",
        "any({A})",
        "'red' < 'blue'",
        "{A} in ['red', 'blue'] and not {B}",
        "{B} or 'yes' == {A}",
        "lower({A}) and {B}",
        "'{A}.' and {B}",
        "{A} == 'yes' == True",
        "1 < {A} < 3",
        "{A} > 2 > 1",
        "any({A} + [{B}])",
        "sorted([{A}]) == ['red'] and {B}",
        "{A} + 'x' == 'redx' or {B}",
    ],
)
def test_an_operand_that_depends_on_an_answer_is_a_condition(right: str) -> None:
    assert not any(each.is_error for each in checked(right).diagnostics)


@pytest.mark.parametrize(
    "wrong",
    ["{A} == 'red' == 'blue'", "{A} > 3 == True", "1 > 2 > {A}", "{A} > 1 > 'x'"],
)
def test_a_comparison_chain_that_is_always_false_is_an_error(wrong: str) -> None:
    found = [each for each in checked(wrong).diagnostics if each.is_error]
    assert [each.code for each in found] == ["constant-condition"]
    assert "always False" in found[0].message


def test_a_list_in_a_comparison_chain_is_not_compared_with_single_values() -> None:
    found = [each for each in checked("{A} == ['a'] == 'b'").diagnostics if each.is_error]
    assert {each.code for each in found} == {"constant-condition", "list-value"}


def test_no_suggestion_searches_for_a_number_in_a_text() -> None:
    fault = checked("{A} == 'x' and 3").diagnostics[0]
    assert fault.help == "compare a value with it, as in `{A} == 3`"


@pytest.mark.parametrize("wrong", ["-1", "1 + 1", "2 * (1 + 1)", "1 > 2", "'a' + 'b'", "[1, 2]", "min(1, 2)"])
def test_the_message_quotes_the_operand_as_written(wrong: str) -> None:
    fault = next(each for each in checked(f"{{B}} or {wrong}").diagnostics if each.is_error)
    assert fault.message == f"{wrong} cannot be a condition: it is constant"


def test_the_span_covers_the_constant() -> None:
    found = checked("{A} == 'red' or 'blue'").diagnostics[0]
    line = "C=Eval(\"{A} == 'red' or 'blue'\")"
    assert line[found.span.column - 1 : found.span.end - 1] == "'blue'"
