"""Hints for syntax errors: how to write a statement that contains an unexpected token."""

from __future__ import annotations

from collections.abc import Sequence

from visprog.language.lexer import Token


def syntax_hint(tokens: Sequence[Token], position: int) -> str | None:
    """Return how to correct the token at `position`; None if the intention is unclear."""
    before = tokens[position - 1] if position else None
    token = tokens[position]
    after = tokens[position + 1] if token.kind != "end" else token
    if before is not None and before.kind == "string" and after.text in ("=", ","):
        return "add a comma before it"
    if before is not None and before.kind == "string" and token.kind in ("name", "string", "int", "unclosed"):
        return f"write a {before.text[0]} inside the string as \\{before.text[0]}"
    if (
        before is not None
        and before.kind == "name"
        and before.text.lower() in "rbfu"
        and token.kind == "string"
    ):
        return f"remove the prefix `{before.text}`"
    if before is not None and before.kind == "string" and token.text in ("%", ".", "+", "*"):
        return "write the variables into the text, as in `'the {NAME} car'`"
    if token.kind == "name" and before is not None and before.kind == "name":
        return f"write the arguments in brackets, as in `{before.text}(name=value)`"
    if token.text == "." and before is not None and before.kind == "name":
        return "values have no attributes; call a tool, or use Eval to compute"
    if token.kind == "reference":
        return "braces are only for texts; write the variable's name without them"
    return None
