"""Unusual and hostile model replies: `python -m tests.campaigns.model_text --seconds 60 --seed 1`.

The campaign wraps known answers, lists, programs and boxes in random text that models write around them, and
checks that they are extracted. Every role that reads text must also read a megabyte that repeats one piece in
less than a second of CPU time.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, cast

import numpy as np

from visprog.errors import VisProgError
from visprog.language.types import Type
from visprog.models.backends.openai.language import OpenAILanguageModel
from visprog.models.backends.openai.service import Service
from visprog.models.backends.openai.speech import OpenAITranscriber
from visprog.models.backends.openai.vision import OpenAIVision
from visprog.models.backends.transformers.chat import completion
from visprog.models.backends.transformers.generation import Generated
from visprog.models.fake import FakeLanguageModel
from visprog.models.roles import Completion, Message
from visprog.models.short_answer import short_answer
from visprog.modules import TOOLS
from visprog.modules.knowledge.list import list_known
from visprog.modules.understanding.descriptions import Descriptions
from visprog.planner.extraction import extract_program
from visprog.planner.language_model import LanguageModelPlanner
from visprog.planner.plan import Request
from visprog.tools import Registry
from visprog.values import Image

SECONDS = 1.0
"""Maximum seconds of CPU time for reading a megabyte."""
SIZE = 1_000_000
PHOTO = Image(np.full((400, 600, 3), 120, dtype=np.uint8))


class _FixedReply:
    """A fake service that always answers with the same text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def complete(self, request: object) -> Completion:
        return Completion(self._text, "m")

    transcribe = complete

    def fingerprint(self, *_: object, **__: object) -> str:
        return "fixed"


def _service(text: str) -> Service:
    return cast(Service, _FixedReply(text))


def _vision(text: str) -> OpenAIVision:
    return OpenAIVision("m", service=_service(text))


def _plan(text: str) -> str:
    planner = LanguageModelPlanner(FakeLanguageModel([text]), "m", attempts=1)
    return str(
        planner.plan(Request("Hide the face.", {"IMAGE": Type.IMAGE}, "imgedit", Registry(TOOLS))).program
    )


def _list(text: str) -> list[str]:
    found: list[str] = list_known(
        "colours", 20, language_model=FakeLanguageModel([text]), warn=lambda _: None
    )
    return found


def _ask(text: str) -> list[Message]:
    return [Message("user", text)]


ROLES: dict[str, Callable[[str], Any]] = {
    "language_model": lambda text: OpenAILanguageModel("m", service=_service(text)).complete(_ask("?")).text,
    "visual_qa": lambda text: _vision(text).answer(PHOTO, "Is it?"),
    "captioner": lambda text: _vision(text).caption(PHOTO),
    "image_text_scorer": lambda text: _vision(text).score([PHOTO], ["a dog"]),
    "detector": lambda text: _vision(text).detect(PHOTO, ["dog"]),
    "transcriber": lambda text: OpenAITranscriber("m", service=_service(text)).transcribe(np.zeros(9, "f4")),
    "local language_model": lambda text: completion(Generated(text, 1, 1, False), "m").text,
    "local visual_qa": lambda text: short_answer(text, "Is it?"),
    "local count": lambda text: short_answer(text, "How many?"),
    "List": _list,
    "Classify": lambda text: Descriptions().of(["dog"], FakeLanguageModel([text])),
    "planner": _plan,
}
"""Every role and tool that reads a model's text, remote and local."""

PIECES = [
    "<think>",
    "</think>",
    " ",
    "(",
    "'",
    "`",
    "{",
    "[",
    "\n",
    "A=B(",
    "\\boxed{",
    "7",
    "- ",
    "**",
]
"""The pieces that the test slice repeats; the campaign repeats more."""
MORE_PIECES = [
    "<",
    "<|",
    "<|im_end|>",
    "<|im_start|>user",
    "<|message|>",
    "<|channel|>",
    "[THINK]",
    "◁think▷",
    "'<think>'",
    "<answer>",
    "</answer>",
    "</program>\n",
    "&lt;",
    "&amp;",
    "Answer: ",
    "The answer is ",
    "```\n",
    "A=B(a,\n",
    "a, ",
    "a and ",
    "- a\n",
    "1. ",
    "1.\n",
    "# ",
    "Question:",
    "yes ",
    '"',
    "\\",
    "\\'",
    "\\text{",
    "}",
    "]",
    '{"a":',
    "[[",
    "[1,",
    '{"boxes":[',
    "\r",
    "\x00",
    "\ufeff",
    "（",
    "“",
    "é",
    "here is my response:\n",
    "X: ",
    "=",
    "_",
    "A=B(\n" + "a,\n" * 90,
    "<unused94>thought",
    "<|channel>thought",
    "<think a",
    "analysis",
    ".",
    "?",
]
FRAMES = [("", ""), ("x", "y"), ("{", "}"), ("[", "]"), ("X=Y(\n", ")"), ("```\n", "\n```"), ("'", "")]


def repeated(piece: str, frame: tuple[str, str] = ("", "")) -> str:
    """Return a megabyte of one piece."""
    return frame[0] + piece * (SIZE // len(piece)) + frame[1]


def cpu_seconds(read: Callable[[str], Any], text: str) -> float:
    """Return the CPU seconds of reading a text. Only VisProg's own errors are ignored."""
    before = time.process_time()
    with suppress(VisProgError):
        read(text)
    return time.process_time() - before


class Case(NamedTuple):
    """A text, its reader, and the expected outcome."""

    reader: str
    text: str
    expected: Any


PROGRAM = "OBJ0=FaceDet(image=IMAGE)\nANSWER0=Count(box=OBJ0)\nRESULT=Eval(expr='{ANSWER0} < 3')"
COLOURS = ["Red", "Yellow", "Blue"]
BOX = (60, 100, 240, 200)
_BEFORE = [
    "",
    "<think>OBJ0=Loc(image=IMAGE)</think>",
    "<THINKING>\nno\n- no\n</THINKING>\n\n",
    "[THINK]{no}[/THINK]",
    "◁think▷no◁/think▷",
    "withheld [1]\n- no\n</think>\n",
    "<thought>a<thought>b</thought>c</thought>",
    "<seed:think>no</seed:think>\n",
    "<|begin_of_thought|>no<|end_of_thought|>\n\n",
    "<reflection>no</reflection>",
    "<|channel|>analysis<|message|>no<|end|><|start|>assistant<|channel|>final<|message|>",
]
_START = ["", "<s>", "\ufeff", "\u200b", "<|im_start|>assistant\n", "<|assistant|>", "<start_of_turn>model\n"]
_END = [
    "",
    "<|im_end|>",
    "</s>",
    "<|eot_id|>",
    "<|end|>",
    "<|return|>",
    "<end_of_turn>\n",
    "<｜end▁of▁sentence｜>",
    "<|im_end|>\n<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\nno",
    "<pad><pad>",
    "\n\n",
    "\u200b",
]
_ANSWERS = [
    "@",
    "**@**",
    "<answer>@</answer>",
    "\\boxed{@}",
    "$\\boxed{\\text{@}}$",
    "Answer: @",
    "**Answer:** @",
    "The answer is: @.",
    "`@`",
    '"@"',
    "<|begin_of_box|>@<|end_of_box|>",
    "Let me see.\n\nFinal answer: @",
    "```\n@\n```",
    "@. It looks so, one can see it.",
    "@, the light is on.",
]
_PROGRAMS = [
    "@",
    "```\n@\n```",
    "```python\n@\n```",
    "Program:\n@",
    "<program>@</program>",
    "Sure:\n\n@\n\nEnjoy.",
    "<program>\n```\n@\n```\n</program>",
    "<answer>\n@\n</answer>",
    "<pre><code>@</code></pre>",
]
_LISTS = ["@", "- @", "* **@**", "1. @", "**2. @**", "• @", "3) **@**", "'@'"]


def _listed(chance: random.Random) -> str:
    form = chance.choice([*_LISTS, "json", "commas", "html"])
    if form == "json":
        return f"```json\n{json.dumps(COLOURS)}\n```"
    if form == "html":
        return "<ul>" + "".join(f"<li>{colour}</li>" for colour in COLOURS) + "</ul>"
    if form == "commas":
        return "Red, Yellow, and Blue."
    lines = "\n".join(form.replace("@", colour) for colour in COLOURS)
    return chance.choice(["", "Here they are:\n\n"]) + lines


def _boxed(chance: random.Random) -> str:
    """Write the box (60, 100, 240, 200) of a 600 by 400 picture in a random unambiguous form."""
    left, top, right, bottom = 100, 250, 400, 500
    label = chance.choice(["dog", "Dog", "dogs", "a dog", "dog 1"])
    score: dict[str, Any] = chance.choice(
        [{}, {"confidence": 90}, {"score": 0.9}, {"confidence": "90%"}, {"confidence": "90"}]
    )
    box: dict[str, Any] = chance.choice(
        [
            {"left": left, "top": top, "right": right, "bottom": bottom},
            {"xmin": left, "ymin": top, "xmax": right, "ymax": bottom},
            {"bbox": {"x1": left, "y1": top, "x2": right, "y2": bottom}},
            {"x": left, "y": top, "width": right - left, "height": bottom - top},
            {"box_2d": [top, left, bottom, right]},
            {"bbox_2d": [left, top, right, bottom]},
            {"bbox_2d": [left / 1000, top / 1000, right / 1000, bottom / 1000]},
            {"left": "10%", "top": "25%", "right": "40%", "bottom": "50%"},
        ]
    )
    entry: dict[str, Any] = {"label": label, **box, **score}
    written = chance.choice([[entry], {"boxes": [entry]}, {"objects": [entry]}, entry])
    return chance.choice(["@", "```json\n@\n```", "Here: @"]).replace("@", json.dumps(written))


def cases(chance: random.Random) -> Iterator[Case]:
    """Yield texts around known answers endlessly."""
    while True:
        before, start = chance.choice(_BEFORE), chance.choice(_START)
        end = chance.choice(_END)
        start = "" if "channel" in before else start

        def around(text: str) -> str:
            return f"{start}{before}{text}{end}"  # noqa: B023  # called before the loop continues

        kind = chance.choice(["answer", "list", "program", "boxes"])
        if kind == "answer":
            answer = chance.choice(["yes", "No"])
            reader = chance.choice(["visual_qa", "local visual_qa"])
            yield Case(reader, around(chance.choice(_ANSWERS).replace("@", answer)), answer.lower())
        elif kind == "list":
            yield Case("List", around(_listed(chance)), COLOURS)
        elif kind == "program":
            yield Case("extraction", around(chance.choice(_PROGRAMS).replace("@", PROGRAM)), PROGRAM)
        else:
            yield Case("detector", around(_boxed(chance)), [BOX])


def outcome(case: Case) -> Any:
    """Return the outcome of reading a text, in the form that cases expect."""
    try:
        if case.reader == "extraction":
            return extract_program(case.text)
        found = ROLES[case.reader](case.text)
    except VisProgError as fault:
        return fault
    return [region.box for region in found] if case.reader == "detector" else found


def main() -> int:
    """Try texts until the time is over, and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=sys.maxsize, help="maximum number of texts")
    options = parser.parse_args()
    tried, faults = search(random.Random(options.seed), options.count, options.seconds)
    print(f"tried {tried.total()} texts: {dict(tried)}; found {len(faults)} faults")
    for fault in faults[:20]:
        print(f"- {fault}")
    return 1 if faults else 0


def search(chance: random.Random, count: int, seconds: float) -> tuple[Counter[str], list[str]]:
    """Try at most `count` texts; return the number tried per reader, and the findings."""
    end = time.monotonic() + seconds
    tried: Counter[str] = Counter()
    faults: list[str] = []
    for number, case in enumerate(cases(chance)):
        if number >= count or time.monotonic() > end:
            break
        tried[case.reader] += 1
        found = outcome(case)
        if found != case.expected:
            faults.append(f"{case.reader} read {case.text!r} as {found!r} instead of {case.expected!r}")
        if number % 50 == 0:
            tried["megabytes"] += 1
            faults += slow(chance)
    return tried, faults


def slow(chance: random.Random) -> list[str]:
    """Let a random role read a megabyte; return a finding if it is slow."""
    role, piece, frame = chance.choice([*ROLES]), chance.choice(PIECES + MORE_PIECES), chance.choice(FRAMES)
    taken = cpu_seconds(ROLES[role], repeated(piece, frame))
    return [f"{role} took {taken:.1f} s of CPU for {piece[:20]!r} in {frame}"] if taken > SECONDS else []


if __name__ == "__main__":
    sys.exit(main())
