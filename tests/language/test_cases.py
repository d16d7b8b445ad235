"""Every case of tests/cases gives exactly its diagnostics and result."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from tests.language.cases import FOLDER, UPDATE, Case, program_cases, rewrite
from visprog import ExpressionError, Image, Region, Run, VisProg
from visprog.language.diagnostics import render
from visprog.language.expression import MalformedExpression, parse_expression
from visprog.models.fake import (
    FakeDetector,
    FakeFaceDetector,
    FakeImageTextScorer,
    FakeInpainter,
    FakeLanguageModel,
    FakeSegmenter,
    FakeVisualQA,
)

COLORS = {"IMAGE": (0, 160, 0), "LEFT": (160, 0, 0), "RIGHT": (0, 0, 160)}
PICTURES = {name: Image(np.full((48, 64, 3), color, dtype=np.uint8)) for name, color in COLORS.items()}


def session(given: dict[str, Any]) -> VisProg:
    """Return a session with fake models that answer as in the case. They identify a picture by its colour.

    An answer may be a table that has one for each size of a picture: `{"12x12" = "yes"}`.
    """
    names = {color: name for name, color in COLORS.items()}

    def answer(image: Image, question: str) -> str:
        found = given["answers"][names[tuple(image.pixels[0, 0])]][question]
        return str(found[f"{image.width}x{image.height}"] if isinstance(found, dict) else found)

    boxes = {label: [tuple(box) for box in found] for label, found in given.get("boxes", {}).items()}
    sand = np.zeros((48, 64), dtype=bool)
    sand[30:] = True
    return VisProg(
        models={
            "visual_qa": FakeVisualQA(answer),
            "detector": FakeDetector(boxes),
            "face_detector": FakeFaceDetector([(10, 10, 20, 20), (40, 10, 50, 20)]),
            "segmenter": FakeSegmenter([Region((0, 30, 64, 48), "desert", 0.9, sand)]),
            "image_text_scorer": FakeImageTextScorer(lambda image, text: float(len(text))),
            "language_model": FakeLanguageModel(lambda messages: "one, two, three"),
            "inpainter": FakeInpainter(),
        },
    )


@pytest.mark.parametrize("case", program_cases(), ids=str)
def test_a_program_gives_the_diagnostics_and_result_of_its_case(case: Case) -> None:
    given = session(case.given)
    checked = given.check(case.program)
    compare(case, "diagnostics", case.diagnostics, render(checked.diagnostics, case.program))
    assert checked.ok == (case.result is not None)
    if case.result is not None:
        used = {name for step in checked.steps for name in step.uses}
        run = given.execute(case.program, {name: PICTURES[name] for name in PICTURES if name in used})
        compare(case, "result", case.result, result_of(run))
        if case.warnings is not None:
            found = "\n".join(f"{step.name}: {each}" for step in run.steps for each in step.warnings)
            compare(case, "warnings", case.warnings, found)


def result_of(run: Run) -> str:
    error = run.error
    if error is None:
        return repr(run.result)
    return f"error: {error.message}" + (f"\nhelp: {error.help}" if error.help else "")


def compare(case: Case, block: str, expected: str, found: str) -> None:
    if UPDATE:
        rewrite(case, block, found)
    else:
        assert expected == found


def expression_rows() -> list[tuple[str, str, str]]:
    text = (FOLDER / "expressions.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [
        (source.strip()[1:-1], values.strip().strip("`"), result.strip()) for source, values, result in rows
    ]


def values_of(written: str) -> dict[str, Any]:
    call = ast.parse(f"f({written})", mode="eval").body
    assert isinstance(call, ast.Call)
    return {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in call.keywords}


@pytest.mark.parametrize(("source", "values", "result"), expression_rows())
def test_an_expression_gives_the_result_of_its_row(source: str, values: str, result: str) -> None:
    try:
        found = f"`{parse_expression(source).bind(values_of(values)).evaluate()!r}`"
    except ExpressionError as error:
        found = f"error: {error.message}"
    except MalformedExpression as fault:
        found = f"malformed at {fault.column}: {fault.message}"
    assert result == found


def test_the_cases_are_found() -> None:
    assert len(program_cases()) > 20
    assert len(expression_rows()) > 70
