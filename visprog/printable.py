r"""Make text safe to display: escape the characters that could control a terminal or mislead its reader.

Control characters can move a terminal's cursor, bidirectional controls can reorder a line, and invisible
characters can hide text. All of them become escapes, such as `\u202e`. Ordinary text is unchanged, including
right-to-left scripts, combining marks, joiners between letters that need them, and emoji sequences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2934\u2935"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINING = "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua87f\U00010900-\U00011fff"
"""Scripts that use joiners between letters: Arabic, Mongolian, the scripts of India and its neighbours."""
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_UNSAFE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
)
"""Controls, invisible characters, lone surrogates and private-use characters."""

_SAFE_OR_UNSAFE = re.compile(
    rf"(?P<safe>\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{{1,6}}\U000e007f"  # the flag of Wales
    rf"|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])"
    rf"|(?<=[{_EMOJI}#*0-9])[\ufe0e\ufe0f]"
    rf"|(?<=[{_IDEOGRAPHS}])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
    rf"|(?<=[{_JOINING}])[\u200c\u200d](?![\u200c\u200d]))"
    rf"|[{_UNSAFE}]"
)


def printable(text: str) -> str:
    """Escape unsafe characters, except tabs and line ends; a line end of Windows becomes a line feed."""
    if text.isascii() and text.isprintable():
        return text
    return _SAFE_OR_UNSAFE.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return `printable` text with a space for each line feed and tab, so that columns do not move."""
    return printable(text).replace("\n", " ").replace("\t", " ")


def json_text(
    data: Any,
    *,
    indent: int | None = 2,
    allow_nan: bool = True,
    default: Callable[[Any], Any] | None = None,
) -> str:
    """Return data as JSON without ASCII escapes for ordinary letters; escape unsafe characters.

    The options are those of `json.dumps`.
    """
    text = json.dumps(data, ensure_ascii=False, indent=indent, allow_nan=allow_nan, default=default)
    return _SAFE_OR_UNSAFE.sub(_json_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found["safe"] or found[0].encode("unicode_escape").decode("ascii")


def _json_escaped(found: re.Match[str]) -> str:
    if found["safe"]:
        return found["safe"]
    return "\\u007f" if found[0] == "\x7f" else json.dumps(found[0])[1:-1]
