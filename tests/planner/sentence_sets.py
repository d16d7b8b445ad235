"""Reads the sentences that measure planners, with a reference for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from visprog.language.types import Type

FOLDER = Path(__file__).parent / "sentences"
PARTS = ("dev", "test")
PICTURES = {
    "gqa": ("IMAGE",),
    "nlvr": ("LEFT", "RIGHT"),
    "imgedit": ("IMAGE",),
    "refer": ("IMAGE",),
    "knowtag": ("IMAGE",),
}
"""The tasks, and the pictures that their sentences are about."""

_SENTENCE = re.compile(r"(?:Question|Statement|Instruction): (.+)")
_REFUSAL = re.compile(r"Cannot: ([a-z]+): (.+)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and its reference: either a program, or a reason why no program is right.

    `gap` is one word for the reason, such as `add` or `depth`. `line` is the sentence's line in its file.
    """

    task: str
    kind: str
    text: str
    line: int
    program: str = ""
    gap: str = ""
    reason: str = ""

    @property
    def inputs(self) -> dict[str, Type]:
        return dict.fromkeys(PICTURES[self.task], Type.IMAGE)


def read_sentences(part: str, task: str) -> list[Sentence]:
    """Return the sentences of a task. `part` is `dev` or `test`."""
    text = (FOLDER / part / f"{task}.txt").read_text(encoding="utf-8")
    return list(_sentences(text, task))


def _sentences(text: str, task: str) -> Iterator[Sentence]:
    kind = ""
    for number, block in _blocks(text):
        if block[0].startswith("# "):
            kind = block[0][2:]
            continue
        match = _SENTENCE.fullmatch(block[0])
        if match is None:
            raise ValueError(f"{task}, line {number}: expected `Question: ...`, found `{block[0]}`")
        refusal = _REFUSAL.fullmatch(block[1])
        if refusal and len(block) == 2:
            yield Sentence(task, kind, match[1], number, gap=refusal[1], reason=refusal[2])
        elif block[1] == "Program:" and len(block) > 2:
            yield Sentence(task, kind, match[1], number, program="\n".join(block[2:]))
        else:
            raise ValueError(f"{task}, line {number}: expected a program or `Cannot: WORD: reason`")


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Return the blocks between blank lines, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line:
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []
