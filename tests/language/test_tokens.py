"""Characters to tokens: what each is, what it stands for, and where it is."""

from __future__ import annotations

import pytest

from visprog.language.lexer import Token, tokenize, unescape


def one(text: str) -> Token:
    """Return the only token of a text."""
    first, end = tokenize(text)
    assert end.kind == "end"
    return first


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("name", "name", "name"),
        ("_A1", "name", "_A1"),
        ("Größe", "name", "Größe"),
        ("12", "int", 12),
        ("007", "int", 7),
        ("1.", "float", 1.0),
        (".5", "float", 0.5),
        ("1e5", "float", 1e5),
        ("1E+2", "float", 100.0),
        ("2.5e-3", "float", 0.0025),
        (".5e1", "float", 5.0),
        ("'a'", "string", "a"),
        ('"it\'s"', "string", "it's"),
        ("''", "string", ""),
        (r"'it\'s'", "string", "it's"),
        (r"'a\\'", "string", "a\\"),
        ("{A}", "reference", "A"),
        ("{ A1 }", "reference", "A1"),
        *(
            (sign, "operator", sign)
            for sign in "** // == != <= >= && || - + * / % < > = ( ) [ ] , . : ; ! & | ^ ~ { }".split()
        ),
        ("?", "bad", "?"),
        ("$", "bad", "$"),
        ("“", "bad", "“"),
        ("'open", "unclosed", "open"),
        ("'", "unclosed", ""),
        ("'a\\'", "unclosed", "a\\'"),
        ("'a\\", "unclosed", "a\\"),
        ("{A", None, None),
        ("1" * 80, "int", int("1" * 80)),
        ("1" * 81, "int", "1" * 81),
    ],
)
def test_a_token_has_a_kind_and_a_value(text: str, kind: str | None, value: object) -> None:
    if kind is None:
        assert [each.text for each in tokenize(text)] == ["{", "A", ""]
        return
    token = one(text)
    assert (token.kind, token.value, token.text) == (kind, value, text)
    assert type(token.value) is type(value)
    assert (token.column, token.end) == (1, len(text) + 1)


def test_columns_count_from_one_and_spaces_are_no_tokens() -> None:
    found = [(each.text, each.column, each.end) for each in tokenize(" AB = 'c d' , 1.5  ")]
    assert found == [
        ("AB", 2, 4),
        ("=", 5, 6),
        ("'c d'", 7, 12),
        (",", 13, 14),
        ("1.5", 15, 18),
        ("", 18, 19),
    ]


def test_a_comment_ends_the_line() -> None:
    *_, last = tokenize("A = '#' # not 'this'")
    assert last == Token("end", "# not 'this'", "", 9, 10)
    assert list(tokenize("A  "))[-1] == Token("end", "", "", 2, 3)
    assert str(last) == str(one("A")).replace("`A`", "the end of the line")


def test_a_token_is_named_by_its_text() -> None:
    assert str(one("'a'")) == "`'a'`"


def test_the_caller_may_say_which_quote_ends_a_string() -> None:
    line = "'it's', 'b'"
    asked: list[tuple[str, int]] = []

    def closes(text: str, place: int) -> bool:
        asked.append((text, place))
        return text[place + 1 : place + 2] in (",", "")

    found = [each.text for each in tokenize(line, closes=closes)]
    assert found == ["'it's'", ",", "'b'", ""]
    assert asked == [(line, 3), (line, 5), (line, 10)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\n\r\t\0", "\n\r\t\0"),
        (r"\\ \' \"", "\\ ' \""),
        (r"\a\b", "\a\b"),
        (r"\x41\x7a", "Az"),
        (r"\u00e9\u201C", "é“"),
        (r"\U0001F600", "😀"),
        (r"\U0010FFFF", "\U0010ffff"),
        (r"\U00110000", r"\U00110000"),
        (r"\uD7FF\uE000", "\ud7ff\ue000"),
        (r"\uD800", r"\uD800"),
        (r"\uDFFF", r"\uDFFF"),
        (r"\q \x \x4 \u12 \U1234 \N", r"\q \x \x4 \u12 \U1234 \N"),
        (r"\\n", r"\n"),
        ("no escape", "no escape"),
        ("\\", "\\"),
    ],
)
def test_escapes_stand_for_characters(written: str, meant: str) -> None:
    assert unescape(written) == meant
