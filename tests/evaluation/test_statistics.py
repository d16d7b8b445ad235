from __future__ import annotations

import numpy as np
import pytest

from visprog.evaluation.metrics import f1
from visprog.evaluation.statistics import bootstrap, figure, gain, mean, proportion


def test_a_proportion_has_wilsons_interval() -> None:
    found = proportion([True] * 8 + [False] * 2)
    assert (round(found.value, 3), round(found.low, 3), round(found.high, 3)) == (0.8, 0.490, 0.943)
    certain = proportion([True] * 10)
    assert (certain.value, round(certain.low, 4), certain.high) == (1.0, 0.7225, 1.0)


def test_an_estimate_needs_samples() -> None:
    for empty in (proportion, mean):
        with pytest.raises(ValueError, match="samples"):
            empty([])


def test_the_interval_of_a_mean_of_many_samples_is_that_of_the_normal_distribution() -> None:
    values = np.random.RandomState(1).normal(5, 2, 2_000)
    found = mean(values.tolist())
    half = 1.96 * values.std() / np.sqrt(2_000)
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)
    assert found == mean(values.tolist())  # seeded


def test_a_gain_is_paired() -> None:
    ours = [True, False] * 100
    assert gain(ours, ours).value == 0.0
    assert gain([True] * 200, ours).value == 0.5
    assert gain(ours, [True] * 200).high < 0


@pytest.mark.parametrize("n", [1, 3, 29, 30, 500])
def test_equal_samples_have_the_interval_of_a_proportion(n: int) -> None:
    coins = proportion([True] * n)
    assert mean([1.0] * n) == bootstrap([(1, 1, 1)] * n, f1) == coins
    better, even = gain([True] * n, [False] * n), gain([True] * n, [True] * n)
    assert [*better] == pytest.approx([1, 2 * coins.low - 1, 1, n])
    assert even.low < even.value == 0 < even.high


def test_the_interval_of_few_samples_is_as_wide_as_that_of_a_proportion() -> None:
    few = mean([0.9, 0.95])
    assert few.low < 0.5
    assert few.high == pytest.approx(1, abs=0.01)
    many = mean([0.9, 0.95] * 20)
    assert (few.value, many.value) == pytest.approx((0.925, 0.925))
    assert many.high - many.low < 0.02


def test_f1_pools_the_counts_of_pictures() -> None:
    pictures = [(2, 2, 2), (0, 1, 0), (1, 1, 4)]  # matched, found, expected
    found = bootstrap(pictures, f1)
    assert found.value == pytest.approx(2 * 3 / (4 + 6))
    assert found.low <= found.value <= found.high
    assert found.n == 3


def test_a_figure_keeps_its_unit_and_its_target() -> None:
    made = figure("gain", proportion([True, True, True, False]), 0.5, "points")
    assert (made.unit, made.target, made.n) == ("points", 0.5, 4)
