from __future__ import annotations

import pytest

from visprog.language.diagnostics import Diagnostic, error, warning
from visprog.language.program import Span
from visprog.language.summary import render_summary, summarize


def _unused(lines: range) -> list[Diagnostic]:
    return [warning("dead-step", f"step {line} is not used", Span(line, 1, 2)) for line in lines]


def _unknown(lines: range) -> list[Diagnostic]:
    return [error("unknown-tool", f"tool {line}", Span(line, 1, 2)) for line in lines]


def test_warnings_of_one_kind_are_collapsed() -> None:
    shown, rest = summarize(_unused(range(1, 39)))
    assert [each.span.line for each in shown] == [1, 2, 3]
    assert rest == ("and 35 more unused steps: lines 4 to 38",)


def test_a_single_further_warning_is_shown_in_full() -> None:
    assert summarize(_unused(range(1, 5))) == (tuple(_unused(range(1, 5))), ())


def test_ten_errors_are_shown_and_come_before_warnings() -> None:
    shown, rest = summarize(_unused(range(200, 205)) + _unknown(range(1, 107)))
    assert [each.code for each in shown] == ["unknown-tool"] * 10
    assert rest == ("and 5 more unused steps: lines 200 to 204", "and 96 more unknown tools: lines 11 to 106")


def test_scattered_lines_are_listed_up_to_a_limit() -> None:
    _, rest = summarize([each for line in range(1, 60, 3) for each in _unused(range(line, line + 1))])
    assert rest == ("and 17 more unused steps: lines 10, 13, 16, 19, 22, 25, 28, 31, ...",)


def test_every_diagnostic_is_shown_or_counted() -> None:
    for count in range(40):
        shown, rest = summarize(_unused(range(count)) + _unknown(range(count)))
        hidden = sum(int(line.split()[1]) for line in rest)
        assert len(shown) + hidden == 2 * count
        assert len(shown) <= 10


@pytest.mark.parametrize("count", [1, 3, 30])
def test_the_collapsed_warnings_follow_those_shown_in_full(count: int) -> None:
    text = render_summary(_unused(range(1, count + 1)), "A=B\n" * count, name="a.vp")
    assert text.count("warning[dead-step]") == min(count, 3)
    assert ("and 27 more unused steps" in text.splitlines()[-1]) == (count == 30)
