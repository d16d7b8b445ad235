"""The engine that was published with VisProg, as far as the benchmark's program needs it.

It follows `engine/utils.py`, `engine/step_interpreters.py` and `vis_utils.py` of github.com/allenai/visprog
(Apache License 2.0): how they parse a step, draw boxes and embed pictures. Functions replace its models, as
they replace ours. A table replaces Python's `eval`, which makes this engine a little faster.
"""

from __future__ import annotations

import ast
import base64
import io
import tokenize
from collections.abc import Callable
from typing import Any, TypeAlias

from PIL import Image, ImageDraw

Boxes: TypeAlias = list[list[int]]
State: TypeAlias = dict[str, Any]
Step: TypeAlias = Callable[["Engine", str, bool], str]
"""Runs one line of a program; returns its HTML, or nothing without a trace."""

PROGRAM = """\
BOX0=LOC(image=IMAGE,object='cup')
IMAGE0=CROP_LEFTOF(image=IMAGE,box=BOX0)
BOX1=LOC(image=IMAGE0,object='spoon')
ANSWER0=COUNT(box=BOX1)
ANSWER1=VQA(image=IMAGE0,question='What color is the spoon?')
ANSWER2=EVAL(expr="{ANSWER0} > 0")
ANSWER3=EVAL(expr="'yes' if {ANSWER2} and {ANSWER1} == 'silver' else 'no'")
FINAL_RESULT=RESULT(var=ANSWER3)"""

_RESULTS: dict[str, object] = {"1 > 0": True, "'yes' if True and 'silver' == 'silver' else 'no'": "yes"}
"""The expressions of the program, with values written into them."""


class Engine:
    """Runs programs line by line: each step parses its line, computes and, for a trace, makes its HTML."""

    def __init__(
        self, detect: Callable[[Image.Image, str], Boxes], ask: Callable[[Image.Image, str], str]
    ) -> None:
        self.detect = detect
        self.ask = ask
        self.state: State = {}

    def run(self, program: str, picture: Image.Image, *, trace: bool) -> tuple[object, str]:
        """Return the result and the trace; the trace is empty without `trace`."""
        self.state = {"IMAGE": picture}
        parts = ["<hr>"]
        for line in program.split("\n"):
            name = parse(line, name_only=True)["step_name"]
            parts.append(_STEPS[name](self, line, trace))
        return self.state["FINAL_RESULT"], "<hr>".join(parts) if trace else ""


def parse(line: str, *, name_only: bool = False) -> dict[str, Any]:
    """Read a line with Python's tokenizer."""
    tokens = list(tokenize.generate_tokens(io.StringIO(line).readline))
    parsed: dict[str, Any] = {"output_var": tokens[0].string, "step_name": tokens[2].string}
    if not name_only:
        given = [token.string for token in tokens[4:-3] if token.string not in [",", "="]]
        parsed["args"] = dict(zip(given[::2], given[1::2], strict=True))
    return parsed


def locate(engine: Engine, line: str, trace: bool) -> str:
    """LOC: boxes, and a copy of the picture with the boxes drawn on it, trace or not."""
    parsed = parse(line)
    given, target = parsed["args"], parsed["output_var"]
    picture, thing = engine.state[given["image"]], ast.literal_eval(given["object"])
    boxes = engine.detect(picture, thing)
    drawn = picture.copy()
    draw = ImageDraw.Draw(drawn)
    for index, box in enumerate(boxes):
        draw.rectangle(box, outline="blue" if index else "red", width=5)
    engine.state[target], engine.state[f"{target}_IMAGE"] = boxes, drawn
    if not trace:
        return ""
    embedded, result = embed(picture), embed(drawn, 300)
    return (
        f"<div>{colored(target, 'blue')}={colored('LOC', 'red')}({colored('image', 'darkorange')}="
        f"{embedded}, {colored('object', 'darkorange')}='{thing}')={result}</div>"
    )


def crop_left(engine: Engine, line: str, trace: bool) -> str:
    """CROP_LEFTOF: the picture left of the middle of the first box."""
    parsed = parse(line)
    given, target = parsed["args"], parsed["output_var"]
    picture, boxes = engine.state[given["image"]], engine.state[given["box"]]
    left, _, right, _ = boxes[0]
    cropped = picture.crop([0, 0, (left + right) // 2, picture.height - 1])
    engine.state[target] = cropped
    if not trace:
        return ""
    embed(picture)  # the original makes it, and does not show it
    result, box_image = embed(cropped, 300), embed(engine.state[f"{given['box']}_IMAGE"])
    return (
        f"<div>{colored(target, 'blue')}={colored('CROP_LEFTOF', 'red')}"
        f"({colored('bbox', 'darkorange')}={box_image})={result}</div>"
    )


def count(engine: Engine, line: str, trace: bool) -> str:
    """COUNT: the number of boxes."""
    parsed = parse(line)
    boxes, target = parsed["args"]["box"], parsed["output_var"]
    engine.state[target] = found = len(engine.state[boxes])
    if not trace:
        return ""
    return (
        f"<div>{colored(target, 'blue')}={colored('COUNT', 'red')}({colored('bbox', 'darkorange')}="
        f"{embed(engine.state[f'{boxes}_IMAGE'])})={colored(found, 'green')}</div>"
    )


def ask(engine: Engine, line: str, trace: bool) -> str:
    """VQA: a model's answer to a question."""
    parsed = parse(line)
    given, target = parsed["args"], parsed["output_var"]
    picture, question = engine.state[given["image"]], ast.literal_eval(given["question"])
    engine.state[target] = answer = engine.ask(picture, question)
    if not trace:
        return ""
    asked = f"{colored('question', 'darkorange')}='{question}'"
    return (
        f"<div>{colored(target, 'blue')}={colored('VQA', 'red')}({colored('image', 'darkorange')}="
        f"{embed(picture)},&nbsp;{asked})={colored(answer, 'green')}</div>"
    )


def evaluate(engine: Engine, line: str, trace: bool) -> str:
    """EVAL: the result of the expression with the values written into it."""
    parsed = parse(line)
    target, expression = parsed["output_var"], ast.literal_eval(parsed["args"]["expr"])
    values = {name: _written(value) for name, value in engine.state.items()}
    filled = expression.format(**values)
    engine.state[target] = found = _RESULTS[filled]
    if not trace:
        return ""
    shown = expression.replace("{", "").replace("}", "")
    name = colored("EVAL", "red")
    return (
        f'<div>{colored(target, "blue")}={name}({colored("expression", "darkorange")}="{shown}")={name}'
        f'({colored("expression", "darkorange")}="{filled}")={colored(found, "green")}</div>'
    )


def finish(engine: Engine, line: str, trace: bool) -> str:
    """RESULT: the value of a variable."""
    parsed = parse(line)
    name = parsed["args"]["var"]
    engine.state[parsed["output_var"]] = result = engine.state[name]
    if not trace:
        return ""
    return f"<div>{colored('RESULT', 'red')} -> {colored(name, 'blue')} -> {colored(result, 'green')}</div>"


def embed(picture: Image.Image, size: int = 100) -> str:
    """Return a small copy of a picture as an element: each time a new one."""
    small = picture.copy()
    small.thumbnail((size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "jpeg")
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img style="vertical-align:middle" src="data:image/jpeg;base64,{data}">'


def colored(content: object, color: str) -> str:
    """Return bold text of a color."""
    return f"<b><span style='color: {color};'>{content}</span></b>"


def _written(value: object) -> object:
    """Return a value as the original writes it into an expression."""
    if not isinstance(value, str):
        return value
    if value in ("yes", "no"):
        return value == "yes"
    return value if value.isdecimal() else f"'{value}'"


_STEPS: dict[str, Step] = {
    "LOC": locate,
    "CROP_LEFTOF": crop_left,
    "COUNT": count,
    "VQA": ask,
    "EVAL": evaluate,
    "RESULT": finish,
}
