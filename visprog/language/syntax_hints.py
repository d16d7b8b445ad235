"""What to say about a token that stands where it cannot: how the statement is written instead."""

from __future__ import annotations

from collections.abc import Sequence

from visprog.language.lexer import Token
from visprog.language.text_references import computed_text


def syntax_hint(tokens: Sequence[Token], position: int) -> str | None:
    """Return how to write what was meant by the token at `position`; None if that cannot be told."""
    before = tokens[position - 1] if position else None
    token = tokens[position]
    after = tokens[position + 1] if token.kind != "end" else token
    if before is not None and before.kind == "string" and after.text in ("=", ","):
        return "a comma is missing before it"
    if before is not None and before.kind == "string" and token.kind in ("name", "string", "int", "unclosed"):
        return f"a {before.text[0]} inside the string is written \\{before.text[0]}"
    if (
        before is not None
        and before.kind == "name"
        and before.text.lower() in "rbfu"
        and token.kind == "string"
    ):
        text = str(token.value)
        return f"strings have no prefix{f'; write `TEXT0={computed_text(text)}` first' * ('{' in text)}"
    if before is not None and before.kind == "string" and token.text in ("%", ".", "+", "*"):
        return f"only Eval computes text; write `TEXT0={computed_text('the {NAME}')}` first, and give `TEXT0`"
    if token.kind == "name" and before is not None and before.kind == "name":
        return f"arguments stand in brackets, as in `{before.text}(name=value)`"
    if token.text == "." and before is not None and before.kind == "name":
        return "values have no attributes; use a tool, or Eval for arithmetic"
    if token.kind == "reference":
        return "braces belong inside an Eval expression; write the variable's name alone"
    return None
