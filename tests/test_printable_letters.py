"""What can be shown is shown as it is."""

from __future__ import annotations

import string

import pytest

from visprog.printable import one_line, printable


@pytest.mark.parametrize(
    "text", [string.ascii_letters, string.digits, string.punctuation, "é ß 狗 🐕 “x” – …"]
)
def test_letters_digits_and_signs_stay(text: str) -> None:
    assert printable(text) == text
    assert one_line(text) == text
