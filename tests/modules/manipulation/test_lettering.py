"""Text in any script: fonts are found, runs lie in the order of reading, and lines fit."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

from visprog.modules.manipulation import fonts, lettering
from visprog.modules.manipulation.bidirectional import levels, visual
from visprog.modules.manipulation.fonts import covers, face_for, main_face
from visprog.modules.manipulation.lettering import draw_line, line, missing, pillow_text, wrapped

AUGLY_HAS = {
    "Zoë Müller": ["NotoSans"],
    "Ελένη": ["NotoSans"],
    "Юлия Ёлкина": ["NotoSans"],
    "Tiếng Việt": ["NotoSans"],
    "مريم": ["NotoSansArabic"],
    "שלום": ["NotoSansHebrew"],
    "สวัสดีครับ": ["NotoSansThai"],
    "नमस्ते": ["NotoSansDevanagari"],
    "ጤና": ["NotoSansEthiopic"],
    "გამარჯობა": ["NotoSansGeorgian"],
    "Cat כלב": ["NotoSans", "NotoSansHebrew"],
}


@pytest.fixture
def few_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the fonts of augly: none of the system, and none for Chinese, Japanese and Korean."""
    monkeypatch.setattr(fonts, "system_fonts", tuple)
    monkeypatch.setattr(fonts, "cjk_fonts", tuple)
    _forget()
    yield
    _forget()


def _forget() -> None:
    face_for.cache_clear()
    line.cache_clear()


@pytest.mark.usefixtures("few_fonts")
@pytest.mark.parametrize("text", AUGLY_HAS)
def test_a_script_is_written_in_its_font(text: str) -> None:
    assert missing(text) == ""
    faces = [run.face for run in line(text, 20).runs]
    assert [face.stem.removesuffix("-Regular") for face in faces if face] == AUGLY_HAS[text]


@pytest.mark.usefixtures("few_fonts")
def test_letters_that_no_font_has_are_missing() -> None:
    assert missing("张三 and 山田 and 김 and Zoë") == "张三山田김"
    assert missing("\U000e0fff") == "\U000e0fff"


@pytest.mark.parametrize("text", ["1\ufe0f\u20e3", "e\u0301", "a\u20dd", "\u0915\u093f"])
def test_a_character_and_its_marks_have_one_font(text: str) -> None:
    (run,) = line(text, 20).runs
    assert missing(text) == ""
    assert all(covers(run.face, char) for char in text)


@pytest.mark.usefixtures("few_fonts")
def test_a_mark_that_the_font_of_its_letter_lacks_is_missing() -> None:
    assert missing("\u05d0\u0f71") == "\u0f71"  # a Tibetan vowel sign on a Hebrew letter
    assert missing("a\U000e0fff") == "\U000e0fff"


def test_white_space_and_joiners_are_never_missing() -> None:
    assert missing(" \t\u00a0\u3000\u200d\u200c\ufe0f") == ""


@pytest.mark.skipif(
    importlib.util.find_spec("noto_cjk_sans_jp_regular") is None, reason="the extra `cjk` is not installed"
)
@pytest.mark.parametrize("text", ["张三 汉语", "山田ひかり カメラ", "김한국 안녕", "「漢字」、。"])
def test_the_extra_has_chinese_japanese_and_korean(text: str) -> None:
    assert missing(text) == ""


def test_a_font_lacks_a_letter_that_it_would_draw_as_a_box() -> None:
    assert covers(main_face(), "é")
    assert not covers(main_face(), "中")


def test_a_file_that_is_no_font_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(b"no font")
    assert not covers(path, "a")


def test_pillows_own_font_writes_ascii_alone() -> None:
    assert covers(None, "a")
    assert not covers(None, "é")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc def", "abc def"),
        ("abc אבג def", "abc גבא def"),
        ("אבג abc דהו", "והד abc גבא"),
        ("אבג 123", "123 גבא"),
        ("a אב 12 גד b", "a דג 12 בא b"),
        ("12 abc", "12 abc"),
        ("abc, אבג!", "abc, גבא!"),
        ("אבג!", "!גבא"),
        ("", ""),
        ("!?", "!?"),
    ],
)
def test_both_directions_are_ordered_as_they_are_read(text: str, shown: str) -> None:
    assert "".join(visual(text, levels(text))) == shown


@given(st.text(alphabet="abc אבג123مر!.ְ́🎉", max_size=40))
def test_ordering_loses_nothing(text: str) -> None:
    assert sorted(visual(text, levels(text))) == sorted(text)


def test_a_mark_stays_with_its_letter() -> None:
    runs = line("e\u0301 ק\u05b8 कि", 20).runs
    assert [run.text for run in runs if "\u0301" in run.text] == ["e\u0301 "]
    assert all(run.text[0] not in "\u0301\u05b8\u093f" for run in runs)


@pytest.mark.parametrize(
    ("text", "sprites"),
    [
        ("a 🎉", ["party_popper"]),
        ("👍🏽", ["thumbs_up"]),
        ("❤️", ["red_heart"]),
        ("👨‍👩‍👧", ["man", "woman", "girl"]),
        ("© 5 #", []),
    ],
)
def test_emoji_are_drawings(text: str, sprites: list[str]) -> None:
    assert [run.sprite for run in line(text, 20).runs if run.sprite] == sprites
    assert missing(text) == ""


@pytest.mark.parametrize(
    "text", ["Zoë Müller", "ẤẦ ģįņ", "مريم", "สวัสดี น้ำ", "क्षत्रिय", "a 🎉 b", "שלום (עולם)"]
)
def test_what_is_drawn_lies_within_the_lines_extent(text: str) -> None:
    set_line = line(text, 40)
    picture = PILImage.new("RGB", (600, 200), "white")
    draw_line(picture, (50, 100), set_line, (0, 0, 0))
    rows, columns = np.nonzero((np.asarray(picture) < 250).any(axis=2))
    assert rows.size
    assert rows.min() >= 100 - set_line.ascent - 1
    assert rows.max() <= 100 + set_line.descent + 1
    assert columns.min() >= 50 - 4
    assert columns.max() <= 50 + set_line.width + 4


@settings(deadline=None)
@given(st.text(alphabet="ab éж 中אم🎉\u0301", max_size=60), st.integers(20, 300), st.integers(1, 4))
def test_wrapped_lines_fit(text: str, room: int, most: int) -> None:
    lines = wrapped(text, 16, room, most)
    assert len(lines) <= most
    assert all(each.width <= room for each in lines)


def test_lines_break_between_words() -> None:
    lines = wrapped("the quick brown fox jumps", 16, 100, 3)
    assert [each.text for each in lines] == ["the quick", "brown fox", "jumps"]


def test_text_that_does_not_fit_ends_in_an_ellipsis() -> None:
    lines = wrapped("word " * 50, 16, 100, 2)
    assert len(lines) == 2
    assert lines[-1].text.endswith("…")


def test_text_without_blanks_is_broken_anywhere() -> None:
    lines = wrapped("a" * 60, 16, 100, 20)
    assert "".join(each.text for each in lines) == "a" * 60
    assert len(lines) > 3


def test_without_libraqm_text_from_right_to_left_is_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "has_raqm", lambda: False)
    (run,) = line("שלום", 20).runs
    assert pillow_text(run) == ("םולש", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 12", [0, 0, 0, 0]),
        ("א 12", [1, 1, 2, 2]),
        ("a - b", [0, 0, 0, 0, 0]),
        ("א - ב", [1, 1, 1, 1, 1]),
        ("א - b", [1, 1, 1, 1, 2]),
        ("אa b", [1, 2, 2, 2]),
    ],
)
def test_numbers_and_neutral_characters_follow_their_neighbours(text: str, expected: list[int]) -> None:
    assert levels(text) == expected
