"""Campaign: answers the questions for the newer forms of the language by their gold programs with the oracle.

Run `python -m tests.campaigns.language_questions --count 200` for 200 questions of each of the twelve forms.
It prints the number of right answers of each form and every wrong answer, and exits with 1 if one is wrong.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import get_args

from tests.campaigns.child_process import say
from tests.miniworld.tasks.solving import solved
from visprog.language.coercion import equal
from visprog.miniworld.scene import Split
from visprog.miniworld.tasks import make_task
from visprog.miniworld.tasks.language import FAMILIES
from visprog.miniworld.tasks.task import Task


def wrong_answers(count: int, seed: int, split: Split) -> tuple[Counter[str], list[tuple[Task, object]]]:
    """Return the numbers of right answers by form, and the tasks with wrong results."""
    right: Counter[str] = Counter()
    wrong = []
    seeds = range(seed, seed + count * len(FAMILIES))
    for task, (result,) in solved([make_task("language", each, split) for each in seeds]):
        if equal(result, task.answer):
            right[task.family] += 1
        else:
            wrong.append((task, result))
    return right, wrong


def main() -> None:
    """Run the campaign with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="questions of each form")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=get_args(Split), default="test")
    options = parser.parse_args()
    right, wrong = wrong_answers(options.count, options.seed, options.split)
    for family in FAMILIES:
        say(f"{family}: {right[family]} of {options.count} right")
    for task, result in wrong:
        say(f"{task.family}, seed {task.seed}: {task.instruction} {task.answer!r} expected, {result!r} found")
        say(task.program)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
