from __future__ import annotations

import pytest

from tests.modules.regions.region_strategies import at
from visprog.errors import UsageError
from visprog.modules.regions.sets import keep

THREE = at((0, 0, 4, 4), (10, 0, 14, 4), (20, 0, 24, 4))


def test_the_regions_with_true_are_kept_in_order() -> None:
    assert keep(THREE, [True, False, True]).labels == ("A", "C")
    assert keep(THREE, [False] * 3) == THREE[:0]
    assert keep(THREE[:0], []) == THREE[:0]


@pytest.mark.parametrize("where", [[], [True], [True] * 4])
def test_each_region_needs_its_item(where: list[bool]) -> None:
    with pytest.raises(UsageError, match=f"`object` has 3 regions, and `where` has {len(where)} items"):
        keep(THREE, where)
