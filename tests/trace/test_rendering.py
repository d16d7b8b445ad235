from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.printable import printable
from visprog.trace.record_json import to_record
from visprog.trace.rendering import TEXT_LIMIT, describe, duration, percent
from visprog.trace.shortening import shorten
from visprog.values import Image, Region, Regions


@pytest.mark.parametrize(
    ("value", "kind", "summary"),
    [
        ("it's", "text", '"it\'s"'),
        (True, "truth", "True"),
        (3, "number", "3"),
        (0.5, "number", "0.5"),
        (None, "nothing", "None"),
        (["a", 2], "list", "['a', 2]"),
        ({1}, "other", "{1}"),
        (Image(np.zeros((4, 6, 3), np.uint8)), "image", "picture of 6 × 4"),
        (Region((0, 0, 2, 2), "dog", 0.5), "region", "dog 50%"),
        (Regions(size=(6, 4)), "regions", "no region"),
    ],
)
def test_each_type_of_the_language_has_its_kind_and_summary(value: object, kind: str, summary: str) -> None:
    assert (describe(value).kind, describe(value).summary) == (kind, summary)


def test_many_labels_are_named_up_to_four() -> None:
    regions = Regions((Region((0, 0, 2, 2), name) for name in "abcdef"), size=(6, 4))
    assert describe(regions).summary == "6 regions: a, b, c, d and 2 more"


def test_a_long_text_is_cut_with_its_length() -> None:
    assert shorten("x" * 12_345, 10) == "xxxxxxxxxx… (12,345 characters)"


def test_a_boundless_repr_is_bounded() -> None:
    assert len(describe({"x" * 100_000}).summary) < TEXT_LIMIT + 50


def test_a_mask_is_recorded_by_its_area() -> None:
    mask = np.eye(4, dtype=np.bool_)
    assert to_record(Region((0, 0, 4, 4), mask=mask))["mask_area"] == 4


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_numbers_without_a_name_in_json_are_recorded_as_text(value: float) -> None:
    assert json.loads(json.dumps(to_record(value), allow_nan=False))["value"] == str(value)


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
def test_a_time_is_written_in_the_unit_that_suits_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@given(st.floats(0, 1e5))
def test_no_time_is_written_with_more_than_four_digits_and_a_unit_always(seconds: float) -> None:
    amount, unit = duration(seconds).split(" ")[:2]
    assert len(amount.replace(".", "")) <= 4
    assert unit in ("ns", "µs", "ms", "s", "min")


@pytest.mark.parametrize(("score", "words"), [(0, "0%"), (0.004, "0.4%"), (0.504, "50%"), (1, "100%")])
def test_a_score_is_written_as_a_percentage(score: float, words: str) -> None:
    assert percent(score) == words


@given(st.text())
def test_printable_text_can_be_encoded_and_is_printable_again(text: str) -> None:
    assert printable(text).encode().decode() == printable(printable(text))
