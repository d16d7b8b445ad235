"""The memo keeps what was used last, within its bound."""

from __future__ import annotations

import numpy as np

from visprog import Image, Region, Regions
from visprog.engine.memo import Memo, Remembered, size_of


def remembered(value: object) -> Remembered:
    return Remembered(value, (), ())


def test_what_is_put_is_got() -> None:
    memo = Memo()
    memo.put(b"a", remembered(1))
    assert memo.get(b"a") == remembered(1)
    assert memo.get(b"b") is None


def test_the_longest_unused_makes_room() -> None:
    memo = Memo(limit=30_000)
    pictures = [Image(np.zeros((50, 50, 3), dtype=np.uint8)) for _ in range(4)]  # 7,500 bytes each
    for name, picture in zip((b"a", b"b", b"c"), pictures, strict=False):
        memo.put(name, remembered(picture))
    memo.get(b"a")
    memo.put(b"d", remembered(pictures[3]))
    assert [memo.get(name) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]


def test_one_value_larger_than_the_bound_is_not_kept() -> None:
    memo = Memo(limit=1_000)
    memo.put(b"small", remembered(1))
    memo.put(b"large", remembered("x" * 1_000))
    assert memo.get(b"large") is None
    assert memo.get(b"small") is not None


def test_a_crop_counts_as_the_picture_that_it_keeps_alive() -> None:
    picture = Image(np.zeros((100, 100, 3), dtype=np.uint8))
    assert size_of(picture.crop((0, 0, 1, 1))) == 30_000


def test_masks_count() -> None:
    mask = np.ones((100, 100), dtype=np.bool_)
    assert size_of(Regions([Region((0, 0, 100, 100), mask=mask)], size=(100, 100))) > 10_000
