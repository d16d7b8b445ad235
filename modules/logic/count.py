"""Count: counts regions."""

from __future__ import annotations

from visprog.tools import tool
from visprog.values import Regions


@tool("Count", parameter_aliases={"object": ("box",)})
def count(object: Regions) -> int:
    """Count the regions in `object`."""
    return len(object)
