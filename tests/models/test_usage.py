from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context

import pytest

from visprog.models.usage import NOTHING, Tokens, counting, spend, total


def test_tokens_used_in_a_block_are_counted() -> None:
    with counting() as usage:
        spend(100, 20)
        spend(1, None)
        spend(None, None)
    spend(5, 5)
    assert usage.tokens == Tokens(101, 20)


def test_nested_blocks_both_count() -> None:
    with counting() as outer:
        spend(1, 1)
        with counting() as inner:
            spend(10, 10)
        spend(100, 100)
    assert (outer.tokens, inner.tokens) == (Tokens(111, 111), Tokens(10, 10))


def test_a_failing_block_keeps_its_count() -> None:
    def fail() -> None:
        spend(3, 4)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), counting() as usage:
        fail()
    spend(1, 1)
    assert usage.tokens == Tokens(3, 4)


def test_threads_count_separately() -> None:
    def work(number: int) -> Tokens:
        with counting() as usage:
            for _ in range(number):
                spend(1, 2)
            return usage.tokens

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(20))) == [Tokens(n, 2 * n) for n in range(20)]


def test_the_total_of_no_costs_is_zero() -> None:
    assert total([]) == NOTHING
    assert total([Tokens(1, 2), Tokens(3, 4)]) == Tokens(4, 6)


def test_threads_can_share_a_count() -> None:
    def work(context: Context) -> None:
        for _ in range(10_000):
            context.run(spend, 1, 2)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads switch as often as possible
    try:
        with counting() as usage, ThreadPoolExecutor(4) as pool:
            list(pool.map(work, [copy_context() for _ in range(4)]))
    finally:
        sys.setswitchinterval(interval)
    assert usage.tokens == Tokens(40_000, 80_000)
