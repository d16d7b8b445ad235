"""Hides secrets in text from servers: keys and passwords, in any encoding."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator

_LONG = 12
"""A key with at least this many characters is always a secret."""
_MIXED = 6
"""A key with at least this many characters is a secret if it has a digit. `none` and `ollama` are not."""
_PASSWORD = 4
"""Passwords and user names with at least this many characters are hidden. Shorter ones occur in words."""
_PIECE = 6
"""Pieces of a secret with this many characters are hidden too, because servers quote parts of a key."""


class Secrets:
    """The secrets of a service: `texts` and `logins` (`user:password`), in all encodings."""

    __slots__ = ("_forms", "_pattern", "_pieces")

    def __init__(self, texts: Iterable[str] = (), logins: Iterable[str] = ()) -> None:
        found = {form for text in texts if _is_secret(text) for form in _forms(text)}
        for login in logins:
            found |= set(_login_forms(login))
        self._forms = sorted(found, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, self._forms))) if found else None
        self._pieces = _pieces(map(_lower, self._forms))

    def hide(self, text: str) -> str:
        """Replace whole secrets. The rest of the text, such as a program, stays the same."""
        return self._pattern.sub("[secret]", text) if self._pattern else text

    def hide_pieces(self, text: str) -> str:
        """Replace secrets and pieces of them, in upper or lower case. Use this for error messages."""
        hidden = bytearray(len(text))
        lower = _lower(text)
        for size, pieces in self._pieces.items():
            for start in range(len(text) - size + 1):
                if lower[start : start + size] in pieces:
                    hidden[start : start + size] = b"\1" * size
        return "".join("*" if secret else char for char, secret in zip(text, hidden, strict=True))

    def __repr__(self) -> str:
        return f"<{len(self._forms)} forms of secrets>"


def _lower(text: str) -> str:
    """Return a text in lower case, with the same length."""
    return text.lower() if text.isascii() else "".join(map(_lower_char, text))


def _lower_char(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else char


def _is_secret(text: str) -> bool:
    return len(text) >= _LONG or (len(text) >= _MIXED and any(char.isdigit() for char in text))


def _pieces(forms: Iterable[str]) -> dict[int, set[str]]:
    pieces: dict[int, set[str]] = {}
    for form in forms:
        size = min(len(form), _PIECE)
        pieces.setdefault(size, set()).update(form[at : at + size] for at in range(len(form) - size + 1))
    return pieces


def _login_forms(login: str) -> Iterator[str]:
    """Yield the forms of a login and of its password, or of the user name without a password."""
    user, _, password = login.partition(":")
    for text in (login, password or user):
        for form in (text, urllib.parse.unquote(text)):
            if len(form) >= _PASSWORD:
                yield from _forms(form)


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret in its encodings: percent-encoding, escapes of JSON and HTML, Base64, hexadecimal.

    Base64 also covers a secret inside a longer text: the characters that depend only on the secret, at each
    offset.
    """
    yield secret
    yield secret[::-1]
    yield " ".join(secret)
    for safe in ("", "/", "/:", "/:@!$&'()*+,;="):
        encoded = urllib.parse.quote(secret, safe=safe)
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield urllib.parse.quote_plus(secret)
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
    yield secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    data = secret.encode("utf-8", "replace")
    for prefix in (b"", b":"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(prefix + data).decode("ascii")
            if len(encoded.rstrip("=")) >= _MIXED:
                yield encoded
                yield encoded.rstrip("=")
    for before in range(1, 3):
        encoded = base64.b64encode(b"\0" * before + data).decode("ascii").rstrip("=")
        inner = encoded[before + 1 : len(encoded) - 1]
        if len(inner) >= _MIXED:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
    yield data.hex()
    yield data.hex().upper()
    yield data.hex(":")
    for escape in ("%%%02X", "%%%02x", "\\u%04x", "\\u%04X", "\\x%02x", "&#%d;", "&#x%x;"):
        yield "".join(escape % byte for byte in data)
