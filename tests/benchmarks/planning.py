"""Measures the embedded planner on the project's sentences: how many are planned, and how.

    python -m tests.benchmarks.planning [--part dev] [--task gqa] [--show N] [--seed S] [--refused]

It prints a table: sentences, planned, of these by the fallback, plans that only ask about the whole picture
(the fallback's included), refused, sentences without a right program that were refused, programs equal to
the reference, and milliseconds at the median. `--show N` prints N plans beside their references, for a
person to judge.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import time
from dataclasses import dataclass

from tests.planner.sentence_sets import PARTS, PICTURES, Sentence, read_sentences
from visprog.errors import PlanError
from visprog.language.parser import parse
from visprog.modules import TOOLS
from visprog.planner.examples.planner import ExamplesPlanner
from visprog.planner.patterns.planner import PatternsPlanner
from visprog.planner.plan import Planner, Request
from visprog.tools import Registry

_BANKS = {"refer": "knowtag"}


@dataclass(frozen=True, slots=True)
class _Trial:
    sentence: Sentence
    program: str
    remark: str
    seconds: float

    @property
    def is_fallback(self) -> bool:
        return "fallback" in self.remark

    @property
    def is_whole(self) -> bool:
        return self.program.count("\n") == 1 and self.program.startswith("ANSWER0=Vqa(image=IMAGE")

    @property
    def is_same(self) -> bool:
        return bool(self.program) and _normal(self.program) == _normal(self.sentence.program)


def _normal(program: str) -> str:
    """Return a program with its names in the order of their first use, and without `category=None`."""
    names: dict[str, str] = {}
    text = str(parse(program).program).replace(", category=None", "")
    text = re.sub(r"\nRESULT=(?=[A-Z]+\d*$)", "\nRESULT=", text)
    return re.sub(r"\b[A-Z]+\d+\b", lambda match: names.setdefault(match.group(), f"V{len(names)}"), text)


def _tried(planner: Planner, sentence: Sentence, tools: Registry) -> _Trial:
    task = _BANKS.get(sentence.task, sentence.task)
    request = Request(sentence.text, sentence.inputs, task, tools)
    start = time.perf_counter()
    try:
        plan = planner.plan(request)
    except PlanError as error:
        return _Trial(sentence, "", error.message, time.perf_counter() - start)
    return _Trial(sentence, str(plan), " ".join(plan.remarks), time.perf_counter() - start)


def _row(task: str, trials: list[_Trial]) -> str:
    planned = [each for each in trials if each.program]
    gaps = [each for each in trials if each.sentence.gap]
    cells = (
        task,
        len(trials),
        f"{len(planned) / len(trials):.0%}",
        f"{sum(each.is_fallback for each in planned) / len(trials):.0%}",
        f"{sum(each.is_whole for each in planned) / len(trials):.0%}",
        len(trials) - len(planned),
        f"{sum(not each.program for each in gaps)} of {len(gaps)}",
        sum(each.is_same for each in planned),
        f"{statistics.median(each.seconds for each in trials) * 1000:.1f}",
    )
    return "".join(f"{cell!s:>14}" for cell in cells)


def _show(trial: _Trial) -> None:
    sentence = trial.sentence
    print(f"\n{sentence.task} line {sentence.line}: {sentence.text}\n  {trial.remark}")
    for title, text in (
        ("plan", trial.program),
        ("reference", sentence.program or f"Cannot: {sentence.gap}"),
    ):
        print(f"  {title}:", *(f"\n    {line}" for line in (text or "-").split("\n")), sep="")


def main() -> None:
    """Run the benchmark with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, default="dev")
    parser.add_argument("--task", choices=tuple(PICTURES), action="append")
    parser.add_argument("--planner", choices=("patterns", "examples"), default="patterns")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--refused", action="store_true", help="show refused sentences instead of plans")
    options = parser.parse_args()
    planner: Planner = PatternsPlanner() if options.planner == "patterns" else ExamplesPlanner()
    tools = Registry(TOOLS)
    heads = ("task", "sentences", "planned", "fallback", "whole", "refused", "gaps refused", "same", "ms")
    print("".join(f"{head:>14}" for head in heads))
    for task in options.task or PICTURES:
        sentences = read_sentences(options.part, task)
        _tried(planner, sentences[0], tools)
        trials = [_tried(planner, sentence, tools) for sentence in sentences]
        print(_row(task, trials))
        shown = [each for each in trials if bool(each.program) != options.refused and not each.is_fallback]
        for trial in random.Random(options.seed).sample(shown, min(options.show, len(shown))):
            _show(trial)


if __name__ == "__main__":
    main()
