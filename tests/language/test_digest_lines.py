"""The line that stands for the faults of one kind that are not shown."""

from __future__ import annotations

import pytest

from visprog.language.diagnostics import error, render, warning
from visprog.language.program import Span
from visprog.language.summary import render_summary, summarize


def rest_of(lines: list[int], code: str = "dead-step") -> str:
    """Return the words for warnings that follow three others of their kind."""
    found = [warning(code, "unused", Span(line, 1, 2)) for line in [1, 1, 1, *lines]]
    (words,) = summarize(found).rest
    return words


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([4, 4], "line 4"),
        ([4, 5], "lines 4, 5"),
        ([4, 5, 6], "lines 4 to 6"),
        ([4, 6], "lines 4, 6"),
        ([9, 4, 5, 4, 6, 8], "lines 4 to 6, 8, 9"),
        ([*range(4, 40, 5)], "lines 4, 9, 14, 19, 24, 29, 34, 39"),
        ([*range(4, 45, 5)], "lines 4, 9, 14, 19, 24, 29, 34, 39, ..."),
    ],
)
def test_the_places_of_the_others_are_told_briefly(lines: list[int], shown: str) -> None:
    assert rest_of(lines).endswith(f": {shown}")
    assert rest_of(lines).startswith(f"and {len(lines)} more ")


def test_of_five_warnings_of_a_kind_three_are_shown() -> None:
    shown, rest = summarize([warning("dead-step", "unused", Span(line, 1, 2)) for line in range(1, 6)])
    assert len(shown) == 3
    assert rest[0].endswith(": lines 4, 5")


@pytest.mark.parametrize("code", ["syntax", "text-reference"])
def test_one_more_is_named_by_its_code(code: str) -> None:
    found = [error(code, "wrong", Span(line, 1, 2)) for line in range(1, 12)]
    assert summarize(found).rest == (f"and 1 more error [{code}]: line 11",)


def test_kinds_without_a_name_are_named_by_their_code() -> None:
    found = [error("text-reference", "wrong", Span(line, 1, 2)) for line in range(1, 13)]
    assert summarize(found).rest == ("and 2 more errors [text-reference]: lines 11, 12",)
    assert "warnings [text-reference]" in rest_of([4, 5], "text-reference")


def test_errors_and_warnings_of_a_code_are_counted_apart() -> None:
    errors = [error("syntax", "wrong", Span(line, 1, 2)) for line in range(1, 10)]
    warnings = [warning("syntax", "odd", Span(line, 1, 2)) for line in range(20, 26)]
    shown, rest = summarize([*warnings, *errors])
    assert [each.span.line for each in shown] == [20, *range(1, 10)]
    assert rest[0].endswith("21 to 25")


def test_what_is_shown_in_full_is_rendered_as_ever() -> None:
    found = [error("syntax", f"wrong {line}", Span(line, 1, 2), "help") for line in range(1, 12)]
    found += [warning("dead-step", "unused", Span(1, 1, 2))] * 2
    source = "abc\n" * 11
    for color in (False, True):
        full = render(found[:10], source, name="a.vp", color=color)
        digested = render_summary(found, source, name="a.vp", color=color)
        assert digested == "\n\n".join([full, "\n".join(summarize(found).rest)])
        assert len(summarize(found).rest) == 2


def test_few_faults_have_no_line_for_others() -> None:
    found = [error("syntax", "wrong", Span(1, 1, 2))]
    assert render_summary(found, "abc") == render(found, "abc")
    assert render_summary([], "abc") == ""


@pytest.mark.parametrize(
    "code",
    [
        "syntax",
        "unknown-tool",
        "unknown-variable",
        "unknown-argument",
        "missing-argument",
        "wrong-type",
        "mended",
        "rebound-variable",
        "unused-variable",
        "dead-step",
    ],
)
def test_frequent_kinds_are_named_in_words(code: str) -> None:
    assert "[" not in rest_of([4, 5], code)
