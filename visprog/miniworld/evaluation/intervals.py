"""Estimates with 95% confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Z = 1.959964
_RESAMPLES = 2_000
_FEW, _ALIKE = 30, 1e-9

Sums = NDArray[np.float64]
"""Columns summed over samples: shape (resamples, columns)."""


class Estimate(NamedTuple):
    """A value, its 95% confidence interval, and of how many samples it was made."""

    value: float
    low: float
    high: float
    n: int


def proportion(right: Sequence[bool]) -> Estimate:
    """Return the share of True, with Wilson's interval. Raises ValueError for no sample."""
    n = _counted(len(right))
    share = sum(right) / n
    return Estimate(share, *_wilson(share, n), n)


def mean(values: Sequence[float], least: float = 0.0) -> Estimate:
    """Return the mean of values from `least` to 1, with a bootstrap interval. ValueError for no sample."""
    return bootstrap([(value, 1.0) for value in values], lambda sums: sums[:, 0] / sums[:, 1], least)


def gain(ours: Sequence[bool], theirs: Sequence[bool]) -> Estimate:
    """Return how much oftener `ours` is right than `theirs` on the same samples, from -1 to 1."""
    return mean([float(a) - float(b) for a, b in zip(ours, theirs, strict=True)], -1.0)


def bootstrap(
    parts: ArrayLike, statistic: Callable[[Sums], NDArray[np.float64]], least: float = 0.0
) -> Estimate:
    """Return a statistic of sums over samples, with the percentile interval of 2,000 seeded resamples.

    `parts` has a row of numbers a sample, shape (n, columns); `statistic` takes sums of rows, shape
    (resamples, columns), and returns a value from `least` to 1 for each. Resamples for which it is not finite
    are left out: those that drew nothing to measure. Of samples that are few or all alike resampling learns
    too little: the interval then holds Wilson's, too, that of a share. Raises ValueError for no sample.
    """
    table = np.asarray(parts, dtype=np.float64)
    n = _counted(len(table))
    drawn = np.random.RandomState(0).multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(statistic(table.sum(axis=0, keepdims=True))[0])
        resampled = statistic(drawn @ table)
    found = resampled[np.isfinite(resampled)]
    low, high = np.quantile(found, (0.025, 0.975)) if found.size else (value, value)
    if found.size and (n < _FEW or np.ptp(found) < _ALIKE):
        across = 1 - least
        below, above = _wilson((value - least) / across, n)
        low, high = min(low, least + below * across), max(high, least + above * across)
    return Estimate(value, float(min(low, value)), float(max(high, value)), n)


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's interval of a share: a mean of values from 0 to 1 varies no more than one."""
    spread = _Z * math.sqrt(max(share * (1 - share), 0) / n + _Z**2 / (4 * n**2))
    middle, scale = share + _Z**2 / (2 * n), 1 + _Z**2 / n
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return min(max(low, 0.0), share), max(min(high, 1.0), share)


def f1(sums: Sums) -> NDArray[np.float64]:
    """Return F1 of the columns matched, found and wanted: twice what matches by all that could have."""
    return np.asarray(2 * sums[:, 0] / (sums[:, 1] + sums[:, 2]))


def precision(sums: Sums) -> NDArray[np.float64]:
    """Return matched by found, of the columns matched, found and wanted."""
    return np.asarray(sums[:, 0] / sums[:, 1])


def recall(sums: Sums) -> NDArray[np.float64]:
    """Return matched by wanted, of the columns matched, found and wanted."""
    return np.asarray(sums[:, 0] / sums[:, 2])


def _counted(n: int) -> int:
    if n == 0:
        raise ValueError("an estimate needs samples")
    return n
