from __future__ import annotations

import pytest

from visprog.language.expression import parse_expression
from visprog.modules.logic.count import count
from visprog.modules.logic.eval import evaluate
from visprog.modules.logic.result import result
from visprog.values import Region, Regions


def test_count_counts_regions() -> None:
    assert count(Regions([Region((0, 0, 1, 1))] * 3, size=(4, 4))) == 3


def test_count_of_nothing_is_zero() -> None:
    assert count(Regions(size=(4, 4))) == 0


def test_eval_computes_with_answers() -> None:
    expression = parse_expression("{A} + {B} == 6")
    assert evaluate(expression.bind({"A": "4", "B": "two"}), warn=pytest.fail) is True


def test_result_returns_the_same_object() -> None:
    value = Regions(size=(1, 1))
    assert result(value) is value
