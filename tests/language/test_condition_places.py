"""What cannot be a condition is marked in the expression, and what to write is code.

The marked part begins and ends at a constant or a variable: brackets and functions around it have no place.
"""

from __future__ import annotations

import re

import pytest

from visprog.language.conditions import invalid_conditions
from visprog.language.expression import parse_expression


@pytest.mark.parametrize(
    ("expression", "marked", "advised"),
    [
        ("'it is {ABC}' or {B}", "{ABC}", "'it is {ABC}' == 'red'"),
        ("{B} or 'it is {ABC}'", "{ABC}", "'it is {ABC}' == 'red'"),
        ("{B} or ['red', {ABC}]", "'red', {ABC}", "len(['red', {ABC}]) > 0"),
        ("{B} or {C} == 1 or 'red'", "'red'", "{B} == 'red'"),
        ("{B} or lower('RED')", "'RED'", "{B} == lower('RED')"),
        ("{B} or len([1, 2]) > 1", "1, 2]) > 1", "{B} == len([1, 2])"),
        ("not ['a']", "'a'", "{NAME} == ['a']"),
        ("not []", "n", "{NAME} == []"),
        ("any([{A} != 'a', 'b'])", "'b'", "{A} not in ['a', 'b']"),
        ("all([{A} == 'a', 'b'])", "'b'", "all(['a' in {A}, 'b' in {A}])"),
        ("{B} or None", "None", "{B} == None"),
        ("not {A} or []", "n", "{A} == []"),
        ("any(['red', {B}])", "'red'", "{B} == 'red'"),
        ("any([1 == 2] + [{B}])", "1 == 2", "{B} == 1"),
        ("any({A} + ['x'])", "'x'", "{A} == 'x'"),
        ("any('red')", "'red'", "{NAME} == 'red'"),
        ("all([])", "a", "{NAME} == []"),
        ("{A} or ('x' if {B} else 'yes')", "'x'", "{A} == 'x'"),
        ("{A} or ('yes' if {B} else 'x')", "'x'", "{A} == 'x'"),
        ("{A} or all(['yes', {B}])", "'yes'", "{A} == 'yes'"),
        ("{A} or all(['x', {B}])", "'x'", "{A} == 'x'"),
        ("1 if 2 else 3", "2", "{NAME} == 2"),
        ("not sorted({A})", "{A}", "len(sorted({A})) > 0"),
        ("not (sorted([1]))", "1", "{NAME} == sorted([1])"),
        ("not (1 + 2 * 3)", "1 + 2 * 3", "{NAME} == 1 + (2 * 3)"),
        ("not -1", "1", "{NAME} == -1"),
        ("not (1 < 2 < 3)", "1", "{NAME} == 1"),
        ("not 'a' in 'b'", "'a' in 'b'", "{NAME} == 'a'"),
        ("'x' + {A} or {B}", "'x' + {A}", "'x' + {A} == 'red'"),
        ("not (not 'x')", "'x'", "{NAME} == 'x'"),
        ("{A} == 'a' == 'b' == 'c'", "'a' == 'b'", "{A} in ['a', 'b', 'c']"),
        ("2 < 1 < {A}", "2 < 1", "and"),
        ("{A} == 1 == 2", "1 == 2", "{A} in [1, 2]"),
        ("{A} < 2 < 1", "2 < 1", "and"),
        ("{A} in ['x'] == 'y'", "'x'] == 'y'", "and"),
        (" ({A} or 'x') and {B}", "'x'", "{A} == 'x'"),
        ("'x' in ('a' or 'b')", "'a'", "{NAME} == 'a'"),
        ("('a' or 'b') not in {A}", "'a'", "{A} == 'a'"),
        ("('a' or {B}) == {A}", "'a'", "{B} == 'a'"),
        ("('a' and 'b') == {A}", "'a'", "{A} == 'a'"),
        ("('a' or 'b') < {A}", "'a'", "{A} == 'a'"),
        ("{A} < 'x' or ['r']", "'r'", "{A} == ['r']"),
        ("{A} == 1 or '{B}x'", "{B}", "{A} == 1 or {A} == '{B}x'"),
        ("{A} < 3 or {B} > 2 or 4", "4", "{A} == 4"),
        ("{A} != 1 and 2", "2", "{A} != 1 and {A} != 2"),
        ("{A} != 1 or 2", "2", "{A} not in [1, 2]"),
        ("{A} == {B} or 'red'", "'red'", "{A} == {B} or {A} == 'red'"),
        ("'a' == 'a' or {B}", "'a' == 'a'", "{B} == 'a'"),
        ("{A} + 1 == 2 or 3", "3", "{A} + 1 == 2 or {A} + 1 == 3"),
        ("len({A}) == 2 or 3", "3", "len({A}) == 2 or len({A}) == 3"),
        ("'a' + {A} == 'ab' or 'ac'", "'ac'", "'a' + {A} == 'ab' or 'a' + {A} == 'ac'"),
        ("{A} == 'x' xor 'y'", "'y'", "{A} == 'x' xor {A} == 'y'"),
        ("{A} in ['a'] or ['b']", "'b'", "{A} == ['b']"),
        ("all([{A} == 1, 2])", "2", "{A} == 2"),
        ("any([{A} == 1 , 'b' , 'c'])", "'b'", "any([{A} == 1, {A} == 'b', {A} == 'c'])"),
        ("all([{A} != 'a', 'b'])", "'b'", "all([{A} != 'a', {A} != 'b'])"),
        ("{A} == -1 or +2", "2", "{A} == -1 or {A} == +2"),
        ("{A} == 1 and 2", "2", "{A} == 2"),
        ("{A} == 'a' and {B} == 'b' or 'c'", "'c'", "{A} == 'c'"),
        ("not ('a' if {A} else 'yes')", "'a'", "{A} == 'a'"),
        ("not 'yes'", "'yes'", "{NAME} == 'yes'"),
        ("not 'yes {A}'", "{A}", "'yes {A}' == 'red'"),
        ("not 'a{A}b' + 'c'", "{A}b' + 'c'", "'a{A}b' + 'c' == 'red'"),
    ],
)
def test_the_faulty_part_is_marked_and_what_to_write_is_advised(
    expression: str, marked: str, advised: str
) -> None:
    (found,) = invalid_conditions(parse_expression(expression).root)
    first, after = found.columns
    assert expression[first - 1 : after - 1] == marked
    assert re.findall(r"`(.*?)`", found.help)[:1] == [advised]


@pytest.mark.parametrize(
    "expression",
    [
        "any({A})",
        "{A} or ('yes' if {B} else 'no')",
        "{A} or ('yes' if {B} else 1 == 2)",
        "{A} or any([{B}])",
        "'a' < 'b' < {A}",
        "1 < 2 > {A}",
        "{A} == 1 or '{B}'",
        "lower('it {A}') or {B}",
        "not '{A}.'",
        "not '{A} !'",
    ],
)
def test_what_may_say_yes_or_no_is_a_condition(expression: str) -> None:
    assert list(invalid_conditions(parse_expression(expression).root)) == []


def test_each_operator_has_a_fault_of_its_own() -> None:
    found = invalid_conditions(parse_expression("not (('a' or 'b') if {A} else 'c')").root)
    assert [each.columns for each in found] == [(31, 34), (7, 10)]
