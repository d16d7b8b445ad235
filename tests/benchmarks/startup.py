"""The CPU time of `visprog --help`, in a new process.

    python -m tests.benchmarks.startup

A test checks that it loads neither numpy nor torch.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.table import Row, median, print_table

ROUNDS = 7


def rows() -> Iterator[Row]:
    """Measure it, and a Python process that does nothing."""
    bare = median(lambda: start("-c", ""), ROUNDS, children)
    ours = median(lambda: start("-m", "visprog", "--help"), ROUNDS, children)
    yield Row("`visprog --help`", None, 1e3 * ours, 150, "ms", f"Python alone takes {1e3 * bare:.0f} ms")


def start(*arguments: str) -> None:
    """Run Python with these arguments."""
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def children() -> float:
    """Return the CPU seconds of all child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    print_table(rows())
