"""Reads JSON from servers, in any Unicode encoding and with numbers of any length."""

from __future__ import annotations

import codecs
import json
from typing import Any

_LONGEST_NUMBER = 300
"""Maximum number of digits. A longer number exceeds every float, and Python reads it slowly."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded(data: bytes, charset: str = "") -> str:
    """Return the text of a body. `charset` is used only if the body is not in the detected encoding."""
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "")
    for name in filter(None, (marked or json.detect_encoding(data), charset)):
        try:
            return data.decode(name).removeprefix("\ufeff")
        except (UnicodeError, LookupError):
            continue
    return data.decode("utf-8", "replace")


def read_json(text: str) -> Any:
    """Return the value of a JSON text; None if it is not JSON. Control characters in strings are allowed."""
    try:
        return json.loads(text.strip("\0 \t\r\n"), strict=False, parse_int=_integer)
    except (ValueError, RecursionError):
        return None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else float("-inf" if digits[0] == "-" else "inf")
