"""What comes again is not encoded again, within bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visprog.models.encodings import Encodings, size_of


def test_what_comes_again_is_not_encoded_again_and_the_rest_at_once() -> None:
    asked: list[list[str]] = []

    def encode(items: Sequence[str]) -> list[str]:
        asked.append(list(items))
        return [item.upper() for item in items]

    kept = Encodings(encode, at_once=2)
    assert kept.of({"a": "a", "b": "b", "c": "c"}) == {"a": "A", "b": "B", "c": "C"}
    assert kept.of({"c": "c", "d": "d"}) == {"c": "C", "d": "D"}
    assert asked == [["a", "b"], ["c"], ["d"]]


@given(st.lists(st.sets(st.integers(0, 9), min_size=1), max_size=12), st.integers(0, 100))
def test_whatever_the_bound_each_item_has_its_encoding(rounds: list[set[int]], room: int) -> None:
    def encode(items: Sequence[int]) -> list[NDArray[np.uint8]]:
        return [np.full(item, item, dtype=np.uint8) for item in items]

    kept = Encodings(encode, room=room)
    for wanted in rounds:
        found = kept.of({str(item): item for item in wanted})
        assert {item: found[str(item)].tolist() for item in wanted} == {
            item: [item] * item for item in wanted
        }
        assert len(kept) == 1 or size_of(list(kept._kept.values())) <= room
        assert kept._taken == size_of(list(kept._kept.values()))


def test_the_longest_unused_makes_room() -> None:
    asked: list[str] = []

    def encode(items: Sequence[str]) -> list[bytes | NDArray[np.uint8]]:
        asked.extend(items)
        return [np.zeros(10, dtype=np.uint8) for _ in items]

    kept = Encodings(encode, room=20)
    for key in "abacab":
        kept.of({key: key})
    assert asked == ["a", "b", "c", "b"]
