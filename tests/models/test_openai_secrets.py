"""Secrets are hidden in every encoding, and nothing else is."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.models.backends.openai.secrets import Secrets

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: urllib.parse.quote(text, safe=""),
    "form": urllib.parse.quote_plus,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "JSON": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in ASCII": lambda text: json.dumps(text)[1:-1],
    "hexadecimal in capitals": lambda text: text.encode().hex().upper(),
    "backwards": lambda text: text[::-1],
    "percent for every character": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "escapes for every character": lambda text: "".join(f"\\u{byte:04x}" for byte in text.encode()),
    "entities for every character": lambda text: "".join(f"&#{byte};" for byte in text.encode()),
    "hexadecimal": lambda text: text.encode().hex(),
}
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60)
PASSWORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=4, max_size=20)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(key=KEYS)
def test_a_key_is_hidden_in_every_encoding(encoding: str, key: str) -> None:
    shown = ENCODINGS[encoding](key)
    for hide in (Secrets([key]).hide, Secrets([key]).hide_pieces):
        assert shown not in hide(f"< {shown} >")


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(user=st.sampled_from(["", "me", "me@home"]), password=PASSWORDS)
def test_a_login_and_its_password_are_hidden_in_every_encoding(
    encoding: str, user: str, password: str
) -> None:
    secrets = Secrets([], [f"{user}:{urllib.parse.quote(password, safe='')}"])
    for text in (password, f"{user}:{password}"):
        shown = ENCODINGS[encoding](text)
        if len(shown) >= 8:
            assert shown not in secrets.hide(f"< {shown} >")
            assert shown not in secrets.hide_pieces(f"< {shown} >")


@given(key=st.text("abcXYZ0123456789-_", min_size=16, max_size=60), at=st.integers(0, 10))
def test_pieces_of_a_key_are_hidden_in_errors(key: str, at: int) -> None:
    piece = key[at : at + 6]
    assert piece not in Secrets([key]).hide_pieces(f"key <{piece}> is wrong")


@given(text=st.text())
def test_without_secrets_nothing_changes(text: str) -> None:
    for secrets in (Secrets(), Secrets(["none", "x", ""]), Secrets([], ["", "u:p"])):
        assert text == secrets.hide(text) == secrets.hide_pieces(text)


def test_a_secret_has_no_repr() -> None:
    assert "abc" not in repr(Secrets(["abcdef123456"]))


@pytest.mark.parametrize("before", ["me:", "user:", "Bearer ", "x"])
def test_a_key_inside_of_longer_base64_is_hidden(before: str) -> None:
    key = "sk-proj-Zq8vN3xR7mKw2LtY5uHc9dEb"
    shown = base64.b64encode(f"{before}{key}".encode()).decode()
    hidden = Secrets([key]).hide_pieces(shown)
    assert hidden.count("*") > len(key)
    assert key[2:-2].encode() not in base64.b64decode(hidden.replace("*", "A") + "==")


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_a_key_in_another_case_is_hidden_in_errors(change: Callable[[str], str]) -> None:
    key = "sk-proj-Zq8vN3xR7mKw2LtY5uHc9dEb"
    assert Secrets([key]).hide_pieces(change(key)) == "*" * len(key)
