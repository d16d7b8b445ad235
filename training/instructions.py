"""Training data of the small language model: turns of planners and of the tool List, with answers."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from visprog.language.types import Type
from visprog.miniworld.catalogue import CATEGORIES, KINDS
from visprog.miniworld.knowledge import QUERIES, answers
from visprog.miniworld.scene import Split
from visprog.miniworld.tasks import KINDS_OF_TASK, make_task
from visprog.miniworld.tasks.task import Task
from visprog.nouns import plural, singular
from visprog.planner.bank import Bank, read_bank
from visprog.planner.plan import Request
from visprog.planner.prompt import build_messages
from visprog.prompts import BANKS, bank_text
from visprog.tools import Registry

_LABELS = {"gqa": "Question", "nlvr": "Statement", "knowtag": "Instruction", "imgedit": "Instruction"}


class Sample(NamedTuple):
    """A user turn and the right answer: a program, or the lines of a list."""

    kind: str
    asked: str
    answer: str


def samples(split: Split, counts: dict[str, int], folder: Path | None = None) -> list[Sample]:
    """Return the samples of the first `counts[kind]` tasks of each kind. They are kept in `folder`.

    Samples with the same turn are used once.
    """
    name = "-".join([split, *(str(counts.get(kind, 0)) for kind in KINDS_OF_TASK)])
    path = folder and folder / f"instructions-{name}.json"
    if path and path.exists():
        return [Sample(*row) for row in json.loads(path.read_text(encoding="utf-8"))]
    made = [
        sample
        for kind in KINDS_OF_TASK
        for seed in range(counts.get(kind, 0))
        for sample in task_samples(make_task(kind, seed, split))
    ]
    distinct = list({sample.asked: sample for sample in made}.values())
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        making = path.with_suffix(f".{os.getpid()}")
        making.write_text(json.dumps(distinct), encoding="utf-8")
        making.rename(path)
    return distinct


def task_samples(task: Task) -> Iterator[Sample]:
    """Yield a task's instruction with its program. Both captions of a composition get each label."""
    names = tuple(task.scenes)
    pairs = [(task.instruction, task.program)]
    if task.other is not None and task.other_program is not None:
        pairs.append((task.other, task.other_program))
    label = _LABELS.get(task.kind)
    for instruction, program in pairs:
        for each in [label] if label else ["Statement", "Question", "Instruction"]:
            yield Sample(task.kind, turn(each, instruction, names), program)


def bank_samples() -> list[Sample]:
    """Return the examples of the banks."""
    banks = [read_bank(bank_text(name), name) for name in BANKS]
    return [
        Sample(
            "bank",
            turn(bank.label, example.instruction, example.pictures),
            str(example.program),
        )
        for bank in banks
        for example in bank.examples
    ]


def list_samples() -> list[Sample]:
    """Return queries of the tool List with their answers. Half of them ask for 20 items, the default."""
    kinds = [wording for kind, several in KINDS.items() for wording in (several, f"kinds of {kind}")]
    return [
        Sample("list", f"List at most {most}: {query}", "\n".join(answers(query)[:most]))
        for query in (*QUERIES, *kinds)
        for most in (*range(1, 20), *[20] * 19)
    ]


def turn(label: str, instruction: str, pictures: Sequence[str]) -> str:
    """Return the last turn of a planner's prompt."""
    request = Request(instruction, dict.fromkeys(pictures, Type.IMAGE), "", Registry())
    return build_messages(request, Bank("", "", (), label))[-1].content


def renamed(sample: Sample, rng: random.Random) -> Sample:
    """Return a sample about other objects, mostly with invented names, so that the model learns to copy.

    Each noun that is in both the turn and the answer is replaced by another noun.
    """
    shared = _nouns_in(sample.asked) & _nouns_in(sample.answer)
    if sample.kind == "imgedit":
        shared -= KINDS.keys()  # kinds and objects are found by different tools
    names = {noun: _other_noun(rng) for noun in sorted(shared)}
    return Sample(sample.kind, _rename(sample.asked, names), _rename(sample.answer, names))


class _Noun(NamedTuple):
    """A noun's singular, and whether the form is the plural."""

    singular: str
    is_plural: bool


@cache
def _nouns() -> dict[str, _Noun]:
    """Return the nouns of the world and of the banks by their forms, if singular and plural differ."""
    plurals = {name: category.plural for name, category in CATEGORIES.items()} | KINDS
    for noun in _bank_nouns():
        plurals.setdefault(noun, plural(noun))
    different = {noun: several for noun, several in plurals.items() if noun != several}
    singulars = {noun: _Noun(noun, False) for noun in different}
    return singulars | {several: _Noun(noun, True) for noun, several in different.items()}


@cache
def _bank_nouns() -> tuple[str, ...]:
    programs = "".join(sample.answer for sample in bank_samples())
    found = re.findall(r"(?:(?:object|query)='|Is there an? |How many )([a-z]+)[' ]", programs)
    return tuple(sorted({singular(noun) for noun in found} - set(CATEGORIES) - set(KINDS)))


@cache
def _mention() -> re.Pattern[str]:
    """Return a pattern that finds a noun and the article before it."""
    forms = sorted(map(re.escape, _nouns()), key=len, reverse=True)
    return re.compile(rf"\b(?:([Aa])n? )?({'|'.join(forms)})\b")


def _nouns_in(text: str) -> set[str]:
    return {_nouns()[form].singular for _, form in _mention().findall(text)}


def _rename(text: str, names: Mapping[str, str]) -> str:
    def other(found: re.Match[str]) -> str:
        noun, is_plural = _nouns()[found[2]]
        if noun not in names:
            return found[0]
        name = plural(names[noun]) if is_plural else names[noun]
        article = (found[1] + ("n " if name[0] in "aeiou" else " ")) if found[1] else ""
        return article + name

    return _mention().sub(other, text)


_ONSETS = "b br c ch d f g gr h j k l m n p pl r s st t v w".split()
_CODAS = ("", "", "", "l", "m", "n", "r", "s", "t")
_ENDINGS = ("er", "le", "in", "y", "o", "a", "t", "k")


def _other_noun(rng: random.Random) -> str:
    """Return a noun of the banks or, more often, an invented one."""
    if rng.random() < 0.3:
        return rng.choice(_bank_nouns())
    syllables = [
        rng.choice(_ONSETS) + rng.choice("aeiou") + rng.choice(_CODAS) for _ in range(rng.randint(1, 3))
    ]
    return "".join(syllables) + rng.choice(_ENDINGS)
