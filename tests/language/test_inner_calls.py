"""A call inside a call becomes a separate step."""

from __future__ import annotations

import pytest

from visprog.language.parser import MAX_STEPS, parse
from visprog.language.statement import MAX_NESTING


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("N=Count(Loc(IMAGE, 'dog'))", ["CALL1_1=Loc(IMAGE, 'dog')", "N=Count(CALL1_1)"]),
        (
            "N=Count(object=Pick(object=Loc(IMAGE, 'dog'), by='left'))",
            [
                "CALL1_1=Loc(IMAGE, 'dog')",
                "CALL1_2=Pick(object=CALL1_1, by='left')",
                "N=Count(object=CALL1_2)",
            ],
        ),
        (
            "A=Vqa([Crop(IMAGE, B), Crop(IMAGE, C)], 'Is it red?')",
            [
                "CALL1_1=Crop(IMAGE, B)",
                "CALL1_2=Crop(IMAGE, C)",
                "A=Vqa([CALL1_1, CALL1_2], 'Is it red?')",
            ],
        ),
        ("A=F('the ' + G(B) + ' one')", ["CALL1_1=G(B)", "A=F('the {CALL1_1} one')"]),
    ],
)
def test_inner_calls_come_first_in_order(line: str, steps: list[str]) -> None:
    parsed = parse(line)
    assert [str(each) for each in parsed.program] == steps
    assert {each.code for each in parsed.diagnostics} == {"mended"}
    assert parsed.diagnostics[0].mended == "\n".join(steps)


def test_each_line_names_its_own_steps() -> None:
    parsed = parse("A=Count(Loc(IMAGE, 'a'))\nB=Count(Loc(IMAGE, 'b'))")
    assert [each.target for each in parsed.program] == ["CALL1_1", "A", "CALL2_1", "B"]


def test_functions_of_eval_are_no_inner_calls() -> None:
    parsed = parse("A=Vqa(IMAGE, question=len(B))")
    assert not parsed.ok
    assert "`len` is a function of Eval" in parsed.diagnostics[0].message


def test_inner_calls_count_as_steps() -> None:
    lines = "\n".join(f"A{n}=Count(Loc(IMAGE, 'a'))" for n in range(MAX_STEPS // 2))
    assert parse(lines).ok
    assert [each.code for each in parse(f"{lines}\nB=Count(A)").diagnostics if each.is_error] == [
        "too-many-steps"
    ]


def test_the_nesting_is_limited() -> None:
    def nested(depth: int) -> str:
        return "A=" + "F(" * (depth + 1) + "B" + ")" * (depth + 1)

    assert parse(nested(MAX_NESTING)).ok
    assert "nested more than" in parse(nested(MAX_NESTING + 1)).diagnostics[0].message
