from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.trace.number_format import duration, percent


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (4e-7, "400 ns"),
        (2.1e-6, "2.10 µs"),
        (0.0004, "400 µs"),
        (0.0314, "31.4 ms"),
        (0.812, "812 ms"),
        (0.99999, "1.00 s"),
        (12.34, "12.3 s"),
        (59.97, "1 min 0 s"),
        (125, "2 min 5 s"),
    ],
)
def test_a_time_is_written_in_a_suitable_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.floats(0, 1e5))
def test_a_time_has_at_most_four_digits_and_a_unit(seconds: float) -> None:
    amount, unit = duration(seconds).split(" ")[:2]
    assert len(amount.replace(".", "")) <= 4
    assert unit in ("ns", "µs", "ms", "s", "min")


@pytest.mark.parametrize(("score", "words"), [(0, "0%"), (0.004, "0.4%"), (0.504, "50%"), (1, "100%")])
def test_a_score_is_written_as_a_percentage(score: float, words: str) -> None:
    assert percent(score) == words
