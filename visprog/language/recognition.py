"""Guess the format of a text that was given as a program but is not one."""

from __future__ import annotations

import json
import re

_HEAD = 4_000
"""Number of characters to examine."""

_PYTHON = re.compile(
    r"^(?:#!.*python|import \w|from [\w.]+ import |def \w+\(.*|class \w+[(:]|@\w+)", re.MULTILINE
)
_SHELL = re.compile(r"#!.*\b(?:ba|z|da)?sh\b")
_TOML = re.compile(r"^\[{1,2}[\w.\"-]+\]{1,2}\s*$", re.MULTILINE)
_STATEMENT = re.compile(r"^\s*\w+\s*=\s*[A-Za-z_]\w*\s*\(", re.MULTILINE)


def guess_format(text: str) -> str | None:
    """Return the likely format of a text with its article, such as `a JSON record`; None if unknown.

    Call it only for a text in which the checker found errors.
    """
    head = text[:_HEAD].lstrip("\ufeff \t\r\n")
    lower = head[:200].lower()
    if "\x00" in head or lower.startswith(("%pdf", "gif8", "riff")):
        return "a binary file"
    if lower.startswith(("<!doctype html", "<html")):
        return "an HTML page"
    if lower.startswith(("<?xml", "<svg")):
        return "an XML document"
    if head.startswith(("{", "[")) and (kind := _json_kind(text)):
        return kind
    if _STATEMENT.search(head) and not head.startswith("#!"):
        return None
    if _SHELL.match(head):
        return "a shell script"
    if _PYTHON.search(head):
        return "Python code"
    return "a TOML file" if _TOML.search(head) else None


def _json_kind(text: str) -> str | None:
    first = text.strip().partition("\n")[0]
    for part, kind in ((text, "a JSON record"), (first, "a file of JSON lines")):
        try:
            json.loads(part)
        except (ValueError, RecursionError):
            continue
        return kind
    return "an incomplete JSON record" if re.match(r'\s*\{\s*"[^"]*"\s*:', text) else None
