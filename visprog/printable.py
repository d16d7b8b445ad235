"""Text that is safe to print: nothing in a program, an answer or a file's name may steer the terminal."""

from __future__ import annotations

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """Replace all but printable characters, line feeds and tabs."""
    return "".join(char if char.isprintable() or char in "\n\t" else _REPLACEMENT for char in text)


def one_line(text: str) -> str:
    """Replace all but printable characters; line feeds and tabs become spaces, so that columns stay."""
    return printable(text).replace("\n", " ").replace("\t", " ")
