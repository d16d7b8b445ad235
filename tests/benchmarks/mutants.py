"""Reads and checks mutated programs: how many check, how many are diagnosed, and how long the slowest takes.

python tests/benchmarks/mutants.py [COUNT] [SEED]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.language.mutation import mutants
from tests.language.test_mutants import assert_checks_or_is_diagnosed


def main(count: int = 100_000, seed: int = 7) -> None:
    """Print the figures. Any exception but a diagnostic ends the script."""
    outcomes: Counter[bool] = Counter()
    slowest = total = 0.0
    for text in mutants(count, seed):
        start = time.perf_counter()
        outcomes[assert_checks_or_is_diagnosed(text)] += 1
        took = time.perf_counter() - start
        total += took
        slowest = max(slowest, took)
    print(f"{count:,} mutants, seed {seed}: {outcomes[True]:,} check, {outcomes[False]:,} are diagnosed")
    print(
        f"mean {total / count * 1e3:.2f} ms, slowest {slowest * 1e3:.1f} ms (parse, check, render, read back)"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
