"""Encodings are cached up to a capacity, and no picture in the cache is encoded again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visprog.models.encodings import Encodings, size_of


def test_only_new_items_are_encoded_in_batches() -> None:
    asked: list[list[str]] = []

    def encode(items: Sequence[str]) -> list[str]:
        asked.append(list(items))
        return [item.upper() for item in items]

    kept = Encodings(encode, batch_size=2)
    assert kept.of({"a": "a", "b": "b", "c": "c"}) == {"a": "A", "b": "B", "c": "C"}
    assert kept.of({"c": "c", "d": "d"}) == {"c": "C", "d": "D"}
    assert asked == [["a", "b"], ["c"], ["d"]]


@given(st.lists(st.sets(st.integers(0, 9), min_size=1), max_size=12), st.integers(0, 100))
def test_each_item_has_its_encoding_at_any_capacity(rounds: list[set[int]], capacity: int) -> None:
    def encode(items: Sequence[int]) -> list[NDArray[np.uint8]]:
        return [np.full(item, item, dtype=np.uint8) for item in items]

    kept = Encodings(encode, capacity=capacity)
    for items in rounds:
        found = kept.of({str(item): item for item in items})
        assert {item: found[str(item)].tolist() for item in items} == {item: [item] * item for item in items}
        assert len(kept) == 1 or kept.nbytes <= capacity


@given(st.lists(st.sets(st.integers(0, 9), min_size=1), max_size=12))
def test_with_enough_capacity_the_size_is_that_of_all_encodings(rounds: list[set[int]]) -> None:
    kept: Encodings[int, NDArray[np.uint8]] = Encodings(
        lambda items: [np.zeros(item, dtype=np.uint8) for item in items]
    )
    for items in rounds:
        kept.of({str(item): item for item in items})
    assert kept.nbytes == sum(set().union(*rounds))
    assert len(kept) == len(set().union(*rounds))


def test_the_size_counts_all_arrays_of_an_encoding() -> None:
    assert size_of((np.zeros(3, dtype=np.uint8), [np.zeros(2, dtype=np.float32)], "text")) == 11


def test_the_least_recently_used_encoding_is_dropped_first() -> None:
    asked: list[str] = []

    def encode(items: Sequence[str]) -> list[bytes | NDArray[np.uint8]]:
        asked.extend(items)
        return [np.zeros(10, dtype=np.uint8) for _ in items]

    kept = Encodings(encode, capacity=20)
    for key in "abacab":
        kept.of({key: key})
    assert asked == ["a", "b", "c", "b"]
