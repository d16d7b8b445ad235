"""Estimates with 95% confidence intervals, and figures made from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Z = 1.959964
_RESAMPLES = 2_000
_FEW_SAMPLES = 30
_NO_SPREAD = 1e-9

Sums = NDArray[np.float64]
"""Columns summed over samples: shape (resamples, columns)."""


class Estimate(NamedTuple):
    """A value, its 95% confidence interval, and the number of samples."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A named estimate: a share from 0 to 1, or a difference from -1 to 1.

    `n` is the number of samples. `target` is the value to reach, if there is one.
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    target: float | None = None
    unit: Literal["share", "points"] = "share"

    @property
    def reached(self) -> bool | None:
        """Whether the value reaches the target; None without a target."""
        return None if self.target is None else self.value >= self.target


def figure(
    name: str, estimate: Estimate, target: float | None = None, unit: Literal["share", "points"] = "share"
) -> Figure:
    """Return a figure from an estimate."""
    return Figure(name, estimate.value, estimate.low, estimate.high, estimate.n, target, unit)


def proportion(right: Sequence[bool]) -> Estimate:
    """Return the share of True values, with Wilson's interval. Raise ValueError without samples."""
    n = _sample_count(len(right))
    share = sum(right) / n
    return Estimate(share, *_wilson(share, n), n)


def mean(values: Sequence[float], least: float = 0.0) -> Estimate:
    """Return the mean of values from `least` to 1, with a bootstrap interval.

    Raise ValueError without samples.
    """
    return bootstrap([(value, 1.0) for value in values], lambda sums: sums[:, 0] / sums[:, 1], least)


def gain(ours: Sequence[bool], theirs: Sequence[bool]) -> Estimate:
    """Return how much more often `ours` is True than `theirs` on the same samples, from -1 to 1."""
    return mean([float(a) - float(b) for a, b in zip(ours, theirs, strict=True)], -1.0)


def bootstrap(
    parts: ArrayLike, statistic: Callable[[Sums], NDArray[np.float64]], least: float = 0.0
) -> Estimate:
    """Return a statistic of sums over samples, with the percentile interval of 2,000 seeded resamples.

    `parts` has one row of numbers for each sample, shape (n, columns). `statistic` takes sums of rows, shape
    (resamples, columns), and returns a value from `least` to 1 for each. Resamples without a finite value are
    ignored. Resampling underestimates the spread if there are few samples or all are equal; the interval
    then also includes Wilson's. Raise ValueError without samples.
    """
    table = np.asarray(parts, dtype=np.float64)
    n = _sample_count(len(table))
    drawn = np.random.RandomState(0).multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(table.sum(axis=0, keepdims=True))[0])
        resampled = statistic(drawn @ table)
    found = resampled[np.isfinite(resampled)]
    low, high = np.quantile(found, (0.025, 0.975)) if found.size else (value, value)
    if found.size and (n < _FEW_SAMPLES or np.ptp(found) < _NO_SPREAD):
        across = 1 - least
        below, above = _wilson((value - least) / across, n)
        low, high = min(low, least + below * across), max(high, least + above * across)
    return Estimate(value, float(min(low, value)), float(max(high, value)), n)


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's interval of a share. It is also an upper bound for a mean of values from 0 to 1."""
    spread = _Z * math.sqrt(max(share * (1 - share), 0) / n + _Z**2 / (4 * n**2))
    middle, scale = share + _Z**2 / (2 * n), 1 + _Z**2 / n
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return min(max(low, 0.0), share), max(min(high, 1.0), share)


def _sample_count(n: int) -> int:
    if n == 0:
        raise ValueError("an estimate needs samples")
    return n
