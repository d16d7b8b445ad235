"""Pictures are read once for all tasks that use them at the same time, within a memory limit."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog import Image, ImageError, save_image
from visprog.batch.picture_pool import PicturePool
from visprog.images import MemoryNeed, need_of

A, B = Path("a.png"), Path("b.png")


class Reader:
    """Returns pictures of 300 bytes, and counts how often each is read."""

    def __init__(self) -> None:
        self.reads = Counter[Path]()

    def __call__(self, path: Path) -> Image:
        self.reads[path] += 1
        if path.name == "none.png":
            raise ImageError("the file none.png does not exist")
        return Image(np.zeros((10, 10, 3), dtype=np.uint8))


def pool_with(read: Callable[[Path], Image], limit: int = 2**30) -> PicturePool:
    return PicturePool(limit, read, lambda path: MemoryNeed(300))


def test_a_picture_is_read_once_for_all_its_users_and_again_after_them() -> None:
    reader = Reader()
    pictures = pool_with(reader)
    with pictures.load({"IMAGE": A}) as one, pictures.load({"LEFT": A, "RIGHT": B}) as other:
        assert one["IMAGE"] is other["LEFT"]
        assert reader.reads == {A: 1, B: 1}
    with pictures.load({"IMAGE": A}) as again:
        assert again["IMAGE"] is not one["IMAGE"]
    assert reader.reads == {A: 2, B: 1}


def test_one_picture_under_two_names_is_read_once() -> None:
    reader = Reader()
    with pool_with(reader).load({"LEFT": A, "RIGHT": A}) as loaded:
        assert loaded["LEFT"] is loaded["RIGHT"]
    assert reader.reads == {A: 1}


def test_tasks_wait_while_their_picture_is_read_by_another() -> None:
    reading, go_on, reader = threading.Event(), threading.Event(), Reader()

    def slow(path: Path) -> Image:
        reading.set()
        assert go_on.wait(20)
        return reader(path)

    pictures = pool_with(slow)

    def use() -> Image:
        with pictures.load({"IMAGE": A}) as loaded:
            return loaded["IMAGE"]

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(use)
        assert reading.wait(20)
        others = [pool.submit(use) for _ in range(3)]
        while pictures.users(A) < 4:
            time.sleep(0.005)
        go_on.set()
        assert len({id(each.result(20)) for each in [first, *others]}) == 1
    assert reader.reads == {A: 1}


def test_an_unreadable_picture_is_an_error_for_each_task() -> None:
    reader = Reader()
    pictures = pool_with(reader)
    for _ in range(2):
        with (
            pytest.raises(ImageError, match=r"none\.png does not"),
            pictures.load({"X": Path("none.png"), "Y": A}),
        ):
            pass
    assert reader.reads[Path("none.png")] == 2
    assert pictures.used == 0


def test_a_task_waits_until_there_is_memory_for_its_picture() -> None:
    pictures = pool_with(Reader(), limit=599)
    with ThreadPoolExecutor(1) as pool:
        with pictures.load({"IMAGE": A}):

            def use() -> bool:
                with pictures.load({"IMAGE": B}):
                    return pictures.users(A) > 0

            waiting = pool.submit(use)
            with pytest.raises(TimeoutError):
                waiting.result(0.1)
            with pictures.load({"IMAGE": A}):
                pass  # a loaded picture needs no more memory
        assert not waiting.result(20)


def test_a_task_with_many_pictures_gets_its_turn_before_later_tasks() -> None:
    pictures, order = pool_with(Reader(), limit=900), list[str]()

    def use(*names: str) -> None:
        with pictures.load({name: Path(name) for name in names}):
            order.append(names[0])

    with ThreadPoolExecutor(4) as pool:
        with pictures.load({"IMAGE": A}):
            many = pool.submit(use, "x", "y", "z")
            while not pictures.waiting:
                time.sleep(0.005)
            later = [pool.submit(use, name) for name in "abc"]
            time.sleep(0.05)
            assert order == []
        for each in [many, *later]:
            each.result(20)
    assert order[0] == "x"


def test_the_memory_for_a_picture_is_known_from_its_header(tmp_path: Path) -> None:
    save_image(Image(np.zeros((20, 30, 3), dtype=np.uint8)), tmp_path / "a.png")
    size = (tmp_path / "a.png").stat().st_size
    assert need_of(tmp_path / "a.png") == MemoryNeed(held=30 * 20 * 3, reading=size + 30 * 20 * 4)
    assert need_of(tmp_path / "none.png") == MemoryNeed()
    with PicturePool().load({"IMAGE": tmp_path / "a.png"}) as loaded:
        assert loaded["IMAGE"].size == (30, 20)


def test_pictures_larger_than_the_limit_are_loaded_alone() -> None:
    with pool_with(Reader(), limit=1).load({"LEFT": A, "RIGHT": B}) as loaded:
        assert len(loaded) == 2


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3), min_size=1, max_size=40))
def test_every_task_gets_its_pictures_and_no_memory_stays_used(tasks: list[list[str]]) -> None:
    reader = Reader()
    pictures = pool_with(reader, limit=1_000)

    def run(names: list[str]) -> int:
        with pictures.load({f"I{place}": Path(name) for place, name in enumerate(names)}) as loaded:
            assert pictures.used <= 1_000
            return len(loaded)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, tasks, timeout=60)) == [len(names) for names in tasks]
    assert pictures.used == 0
    assert reader.reads.total() <= sum(len(set(names)) for names in tasks)


def test_a_picture_that_is_being_read_needs_memory_too() -> None:
    """The results of both tasks fit the limit, but not with the memory needed to read them."""
    reading, go_on = threading.Event(), threading.Event()

    def slow(path: Path) -> Image:
        reading.set()
        assert go_on.wait(20)
        return Image(np.zeros((10, 10, 3), dtype=np.uint8))

    pictures = PicturePool(1_000, slow, lambda path: MemoryNeed(held=300, reading=500))

    def use(path: Path) -> None:
        with pictures.load({"IMAGE": path}):
            pass

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(use, A)
        assert reading.wait(20)
        second = pool.submit(use, B)
        while not pictures.waiting:
            time.sleep(0.005)
        with pytest.raises(TimeoutError):
            second.result(0.1)
        assert (pictures.users(A), pictures.users(B)) == (1, 0)
        go_on.set()
        first.result(20)
        second.result(20)
    assert pictures.used == 0
