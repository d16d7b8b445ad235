"""How a fault is shown: its place, a part of a long line, colours, and the forms for models and programs."""

from __future__ import annotations

import re

import pytest

from visprog.language.diagnostics import CODES, Diagnostic, error, render, render_plain, to_json, warning
from visprog.language.program import Span

WIDTH = 160
LONG = "".join(f"<{number:03}>" for number in range(80))
"""A line of 400 characters, each part of which is found in one place only."""


def shown(line: str, column: int, end: int) -> tuple[str, str]:
    """Return the line as it is shown, and the part of it above the carets."""
    _, _, _, text, carets = render([error("syntax", "wrong", Span(1, column, end))], line).split("\n")
    text, carets = text.removeprefix(" 1 | "), carets.removeprefix("   | ")
    return text, text[carets.index("^") : len(carets)]


@pytest.mark.parametrize("column", [*range(1, 60), *range(60, 396, 7), 394, 395, 396])
def test_a_long_line_is_cut_around_the_fault(column: int) -> None:
    text, marked = shown(LONG, column, column + 5)
    inner = text.strip("…")
    first = LONG.index(inner)
    assert len(inner) == WIDTH
    assert marked == LONG[column - 1 : column + 4]
    assert text.startswith("…") == (first > 0)
    assert text.endswith("…") == (first + WIDTH < len(LONG))
    assert first == max(0, min(column - 1 - WIDTH // 3, len(LONG) - WIDTH))


def test_a_fault_that_is_longer_than_what_is_shown_is_marked_to_the_cut() -> None:
    text, marked = shown(LONG, 101, 390)
    assert marked == text[1 + WIDTH // 3 : 1 + WIDTH]


@pytest.mark.parametrize("length", [10, WIDTH - 1, WIDTH])
def test_a_line_that_fits_is_shown_whole(length: int) -> None:
    assert shown(LONG[:length], 3, 5) == (LONG[:length], LONG[2:4])


def test_one_character_more_is_cut() -> None:
    assert shown(LONG[: WIDTH + 1], 3, 5)[0] == LONG[:WIDTH] + "…"


def test_the_place_after_the_end_of_a_line_has_a_caret() -> None:
    assert render([error("syntax", "wrong", Span(1, 4, 5))], "abc").split("\n")[-1] == "   |    ^"


def test_carets_stand_below_escaped_characters() -> None:
    text, marked = shown("a\x1b\x00b", 4, 5)
    assert marked == "b"
    assert "\x1b" not in text


@pytest.mark.parametrize("line", [9, 10, 99, 100, 1000])
def test_all_bars_stand_in_one_column_whatever_the_lines_number(line: int) -> None:
    source = "\n" * (line - 1) + "abc"
    head, arrow, *rest = render([error("syntax", "wrong", Span(line, 2, 3), "help")], source).split("\n")
    assert head == "error[syntax]: wrong"
    assert arrow.endswith(f"--> line {line}, column 2")
    assert len({each.index("|") for each in rest}) == 1
    assert rest[1].endswith(f"{line} | abc")
    assert rest[2].endswith("|  ^ help")


def test_a_file_is_named_before_the_line() -> None:
    found = render([error("syntax", "wrong", Span(2, 1, 2))], "a\nb", name="dogs.vp")
    assert found.split("\n")[1] == "  --> dogs.vp, line 2, column 1"


@pytest.mark.parametrize("line", [0, 3])
def test_a_place_outside_the_text_has_no_line(line: int) -> None:
    found = error("syntax", "wrong", Span(line, 1, 2), "try this")
    assert render([found], "a\nb").split("\n") == [
        "error[syntax]: wrong",
        f"  --> line {line}, column 1",
        "   = help: try this",
    ]
    assert render_plain([found], "a\nb") == f"error on line {line} [syntax]: wrong (hint: try this)"
    bare = error("syntax", "wrong", Span(line, 1, 2))
    assert render([bare], "a\nb").split("\n") == ["error[syntax]: wrong", f"  --> line {line}, column 1"]
    assert render_plain([bare], "a\nb") == f"error on line {line} [syntax]: wrong"


def test_the_last_line_is_quoted_for_a_model() -> None:
    found = warning("mended", "put right", Span(2, 1, 2), "hint")
    assert render_plain([found], "a\nb") == "warning on line 2 [mended]: put right (hint: hint)\n  2: b"


def test_each_fault_is_a_line_for_a_model_with_the_line_that_it_is_in() -> None:
    found = [error("syntax", "wrong", Span(1, 1, 2)), error("syntax", "odd", Span(2, 1, 2), "hint")]
    assert render_plain(found, "a\nb").split("\n") == [
        "error on line 1 [syntax]: wrong",
        "  1: a",
        "error on line 2 [syntax]: odd (hint: hint)",
        "  2: b",
    ]


FAULTS = [
    error("syntax", "wrong", Span(1, 1, 2), "help"),
    warning("mended", "right", Span(1, 2, 3), mended="ac"),
]


def test_colours_change_no_character() -> None:
    plain = render(FAULTS, "abc")
    coloured = render(FAULTS, "abc", color=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]+m", "", coloured) == plain


def test_errors_are_red_and_warnings_yellow() -> None:
    first, second = render(FAULTS, "abc", color=True).split("\n\n")
    assert first.startswith("\x1b[1;31merror[syntax]\x1b[0m\x1b[1m: wrong\x1b[0m\n")
    assert first.endswith("\x1b[1;31m^ help\x1b[0m")
    assert second.startswith("\x1b[1;33mwarning[mended]\x1b[0m\x1b[1m: right\x1b[0m\n")
    assert "\x1b[1;33m^\x1b[0m\n" in second
    assert "\x1b[1;31m" not in second


@pytest.mark.parametrize("part", ["-->", "|", "1", "="])
def test_frames_are_blue(part: str) -> None:
    frames = re.findall(r"\x1b\[1;34m(.*?)\x1b\[0m", render(FAULTS, "abc", color=True))
    assert part in [each.strip() for each in frames]


def test_help_outside_the_text_has_a_blue_sign() -> None:
    found = error("syntax", "wrong", Span(5, 1, 2), "help")
    assert "\x1b[1;34m=\x1b[0m help: help" in render([found], "abc", color=True)


def test_a_fault_is_plain_data() -> None:
    assert to_json(warning("mended", "right", Span(3, 4, 6), "help", "ac")) == {
        "code": "mended",
        "severity": "warning",
        "message": "right",
        "line": 3,
        "column": 4,
        "end_column": 6,
        "help": "help",
        "mended": "ac",
    }


def test_only_known_codes_are_lasting() -> None:
    with pytest.raises(ValueError, match="odd-code"):
        Diagnostic("odd-code", "error", "wrong", Span(1, 1, 2))
    assert all(error(code, "wrong", Span(1, 1, 2)).is_error for code in CODES)
    assert not any(warning(code, "wrong", Span(1, 1, 2)).is_error for code in CODES)


def test_the_codes_are_these() -> None:
    assert sorted(CODES) == [
        "constant-condition",
        "dead-step",
        "forgotten-words",
        "list-length",
        "list-value",
        "lost-edit",
        "malformed-expression",
        "mended",
        "missing-argument",
        "nested-list",
        "no-result",
        "other-picture",
        "rebound-variable",
        "repeated-argument",
        "syntax",
        "text-reference",
        "too-long",
        "too-many-arguments",
        "too-many-steps",
        "unclosed-bracket",
        "unclosed-string",
        "unedited-result",
        "unknown-argument",
        "unknown-tool",
        "unknown-variable",
        "unused-variable",
        "wrong-result",
        "wrong-type",
        "wrong-word",
    ]
