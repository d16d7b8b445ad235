from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.printable import json_text, one_line, printable

ANY_TEXT = st.text(st.characters(blacklist_categories=()))

STEERING = [
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",  # reorder a line
    *"\x00\x07\x1b\x7f\x9b\r\x0b\u2028\u2029",  # control a terminal, or break a line
    *"\u200b\u2060\ufeff\xad\u180e\u3164\u115f\uffa0\u2063\U000e0041\U000e0001",  # cannot be seen
    *"\ud800\udfff\ue000\U000f0000\ufff9",
]

WRITTEN = [
    "שלום עולם",
    "كم عدد الوجوه في الصورة؟",
    "می‌خواهم",  # Persian, with a non-joiner between letters
    "ක්‍රමය",  # Sinhala, with a joiner
    "क्‍ष",
    "Zoë Müller, Ångström, e\u0301, Việt Nam",
    "写真 一頭の牛\u3000終わり",
    "葛\U000e0100城",  # an ideograph in a certain form
    "👩‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 ❤️ ☎︎ 1️⃣ ⚽️ 🇨🇭",
    "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",  # the flag of Wales
    "prix\u00a0: 5\u202f€",
    "a\tb\nc",
]


@pytest.mark.parametrize("char", STEERING)
@pytest.mark.parametrize("around", ["a{}b", "{}", "שלום{}", "写{}真", "1{} 2"])
def test_unsafe_characters_are_escaped(char: str, around: str) -> None:
    before, after = around.split("{}")
    assert printable(before + char + after) == before + char.encode("unicode_escape").decode() + after


@pytest.mark.parametrize("text", WRITTEN)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    "text", ["a\u200db", "a\u200cb", "👩\u200d", "\u200d👩", "a\ufe0f", "👩\ufe0f\ufe0f", "م\u200c\u200cم"]
)
def test_joiners_and_selectors_in_other_places_are_escaped(text: str) -> None:
    assert printable(text) != text
    assert (
        printable(text).replace("\\u200d", "\u200d").replace("\\u200c", "\u200c").replace("\\ufe0f", "\ufe0f")
        == text
    )


def test_tag_characters_outside_a_flag_are_escaped() -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "ignore")
    assert printable(f"dog{hidden}").startswith("dog\\U000e0069\\U000e0067")


def test_windows_line_ends_become_line_feeds() -> None:
    assert printable("a\r\nb") == "a\nb"
    assert one_line("a\r\nb\tc") == "a b c"


@given(ANY_TEXT)
def test_printable_text_is_stable_and_can_be_encoded(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert shown.encode().decode() == shown
    assert not {unicodedata.category(char) for char in one_line(text)} & {"Cc", "Cs", "Co", "Zl", "Zp"}


@given(st.recursive(ANY_TEXT | st.integers() | st.none(), st.lists))
def test_json_text_decodes_to_the_same_data(data: object) -> None:
    assert json.loads(json_text(data)) == data


@pytest.mark.parametrize("char", [char for char in STEERING if char not in "\ud800\udfff"])
def test_json_text_contains_no_unsafe_character(char: str) -> None:
    assert char not in json_text([f"a{char}b"], indent=None)
    assert json.loads(json_text([f"a{char}b"])) == [f"a{char}b"]
