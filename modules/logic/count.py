"""Count: counts regions."""

from __future__ import annotations

from typing import Any

from visprog.tools import tool
from visprog.values import Regions


@tool("Count", parameter_aliases={"object": ("box",)})
def count(object: Regions | list[Any]) -> int:
    """Count the regions in `object`, or the items of a list."""
    return len(object)
