"""Braces in a text: which ask for a value, for whose, and where they are."""

from __future__ import annotations

import pytest

from visprog.language.text_references import invalid_braces, text_references

KNOWN = {"A", "DOGS"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{A}", [("A", True, 1, 4)]),
        ("{X}", [("X", True, 1, 4)]),
        ("{ A }", [("A", True, 1, 6)]),
        ("{ X }", []),
        ("x {A} and {DOGS}", [("A", True, 3, 6), ("DOGS", True, 11, 17)]),
        ("{:-} {A}", [("A", True, 6, 9)]),
        ("{A} {} {-A-} {X!} {A}", [("A", True, 1, 4), ("A", True, 19, 22)]),
        ("{A[0]}", [("A", False, 1, 7)]),
        ("{ A[0]}", [("A", False, 1, 8)]),
        ("{X[0]} {A}", [("X", False, 1, 7), ("A", True, 8, 11)]),
        ("{X.size + A}", [("A", False, 1, 13)]),
        ("{len(X)}", [("X", False, 1, 9)]),
        ("{max(len(X), Y)}", [("X", False, 1, 17)]),
        ("{now()}", [("now", False, 1, 8)]),
        ("{X.size}", [("X", False, 1, 9)]),
        ("{X!r}", [("X", False, 1, 6)]),
        ("{X!R}", [("X", False, 1, 6)]),
        ("{X:.1F}", [("X", False, 1, 8)]),
        ("{X[0,\n1]}", [("X", False, 1, 10)]),
        ("{X:.1f}", [("X", False, 1, 8)]),
        ("{x y}", []),
        ("{x A}", [("A", False, 1, 6)]),
        ("{1A}", []),
        ("{(A)}", [("A", False, 1, 6)]),
        ("{'A'}", [("A", False, 1, 6)]),
        ("{A", []),
        ("A}", []),
    ],
)
def test_braces_ask_for_a_value(text: str, found: list[tuple[str, bool, int, int]]) -> None:
    assert [tuple(each) for each in text_references(text, KNOWN)] == found


@pytest.mark.parametrize(
    ("expression", "marked"),
    [
        ("'{A}'", []),
        ("{A} + 1", []),
        ("'x {A[0]}'", ["{A[0]}"]),
        ("1 + 'x {A[0]} {len(A)}'", ["{A[0]}", "{len(A)}"]),
        ("'x {{A}}' + '{{ DOGS }} y'", ["{{A}}", "{{ DOGS }}"]),
        ("'x {{A[0]}}'", ["{A[0]}"]),
    ],
)
def test_braces_that_give_something_else_are_marked(expression: str, marked: list[str]) -> None:
    found = list(invalid_braces(expression, KNOWN))
    assert [expression[each.columns[0] - 1 : each.columns[1] - 1] for each in found] == marked
    assert all(each.help and each.message for each in found)


def test_doubled_braces_are_written_singly() -> None:
    (found,) = invalid_braces("'x {{ A }}'", KNOWN)
    assert "`{A}`" in found.help
    assert "`{{ A }}`" in found.message
