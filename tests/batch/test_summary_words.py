"""The last line of a batch counts its tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from visprog.batch.reporting import summary_text
from visprog.batch.runner import Summary
from visprog.models.usage import Tokens

FREE = Tokens(0, 0)


def words(tasks: int, failed: int, performed: int, tokens: Tokens = FREE, damaged: int = 0) -> str:
    return summary_text(Summary(Path("results.jsonl"), tasks, failed, tokens, performed, damaged))


@pytest.mark.parametrize(
    ("tasks", "failed", "counted"),
    [
        (1, 0, "1 task: 1 done, 0 failed"),
        (1_000, 2, "1,000 tasks: 998 done, 2 failed"),
        (3, 3, "3 tasks: 0 done, 3 failed"),
    ],
)
def test_what_is_done_and_what_failed_add_up_to_all_tasks(tasks: int, failed: int, counted: str) -> None:
    assert words(tasks, failed, tasks) == counted


def test_tasks_of_an_earlier_run_are_counted() -> None:
    assert "(7 " in words(10, 0, 3)
    assert "(" not in words(10, 0, 10)


def test_the_cost_comes_last() -> None:
    assert words(1, 0, 1, Tokens(1_234, 56)).endswith("; 1,234 tokens in, 56 out")


def test_a_damaged_journal_is_warned_of() -> None:
    assert "warning" in words(1, 0, 1, damaged=1)
    assert "12 lines" in words(1, 0, 1, damaged=12)
    assert "warning" not in words(1, 0, 1)
