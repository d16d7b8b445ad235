"""Result: sets the result of a program."""

from __future__ import annotations

from typing import TypeVar

from visprog.tools import tool

T = TypeVar("T")


@tool("Result")
def result(var: T) -> T:
    """Return `var` as the program's result."""
    return var
