"""Runs the trials of a campaign in child processes, so that the campaign survives a crash and reports it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any


def run_in_child(
    trial: Callable[[int], Any], seeds: Iterable[int], prepare: Callable[[], None] | None = None
) -> tuple[list[Any], int]:
    """Run a trial for each seed in a forked process, in which `prepare` is called first.

    Return the results, as JSON knows them, and the exit status. A process that crashes has fewer results.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            if prepare is not None:
                prepare()
            with os.fdopen(writing, "w", buffering=1) as results:
                for seed in seeds:
                    results.write(f"{json.dumps(trial(seed))}\n")
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as results:
        found = [json.loads(line) for line in results]
    return found, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def say(line: str) -> None:
    """Print a line immediately."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
