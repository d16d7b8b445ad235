"""Several programs for one instruction, and the result that most of them come to, as in the paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog.language import coercion


def majority(results: Sequence[Any]) -> tuple[int, int]:
    """Return the place of the result that most agree with, the first of equals, and how many do.

    Answers agree as Eval compares them: 'Two' with 2. Raises ValueError where there is none.
    """
    support = [sum(coercion.equal(mine, other) for other in results) for mine in results]
    if not support:
        raise ValueError("there is nothing to vote on")
    most = max(support)
    return support.index(most), most
