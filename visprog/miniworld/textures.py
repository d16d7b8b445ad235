"""Textures of stuff: large tiles, made once. Each picture shows a random part of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

SIDE = 512
"""The width and height of a tile, in pixels: twice the size of the largest picture."""

Texture = NDArray[np.uint8]
Plane = NDArray[np.float64]


@cache
def tile(kind: str) -> Texture:
    """Return the tile of a kind of stuff, shape (512, 512, 3). Raise KeyError for an unknown kind."""
    paint = _PAINTERS[kind]
    # RandomState gives the same numbers in every version of numpy.
    rng = np.random.RandomState(sum(kind.encode()))
    texture: Texture = np.clip(paint(rng), 0, 255).astype(np.uint8)
    texture.setflags(write=False)
    return texture


def smooth(rng: np.random.RandomState, height: int, width: int, step: int) -> Plane:
    """Return noise from -1 to 1 of shape (height, width) that changes over about `step` pixels."""
    rows, columns = height // step + 2, width // step + 2
    knots = rng.uniform(-1, 1, (rows, columns))
    y, x = np.arange(height) / step, np.arange(width) / step
    row, column = y.astype(int), x.astype(int)
    down, right = _eased(y - row)[:, None], _eased(x - column)[None, :]
    upper = knots[row][:, column] * (1 - right) + knots[row][:, column + 1] * right
    lower = knots[row + 1][:, column] * (1 - right) + knots[row + 1][:, column + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


def _eased(fraction: Plane) -> Plane:
    return fraction * fraction * (3 - 2 * fraction)


def _tinted(base: tuple[int, int, int], light: Plane) -> Plane:
    """Return a colour made lighter or darker by `light`, in steps of 1/256."""
    return np.asarray(np.array(base)[None, None, :] + light[:, :, None])


def _grain(rng: np.random.RandomState) -> Plane:
    return np.asarray(rng.uniform(-1, 1, (SIDE, SIDE)))


def _sky(rng: np.random.RandomState) -> Plane:
    clouds = np.clip(smooth(rng, SIDE, SIDE, 48) + 0.5 * smooth(rng, SIDE, SIDE, 20) - 0.25, 0, 0.8)
    blue = np.array([150.0, 200.0, 240.0])
    return np.asarray(blue + clouds[:, :, None] * (np.array([250.0, 252.0, 255.0]) - blue))


def _sea(rng: np.random.RandomState) -> Plane:
    drift = 6 * smooth(rng, SIDE, SIDE, 40)
    phase = (np.arange(SIDE)[:, None] + drift) % 14
    crests = np.where(phase < 2, 34, 0)
    return _tinted((32, 106, 160), crests + 8 * smooth(rng, SIDE, SIDE, 30))


def _grass(rng: np.random.RandomState) -> Plane:
    blades = np.repeat(rng.uniform(-1, 1, (SIDE // 5 + 1, SIDE)), 5, axis=0)[:SIDE]
    return _tinted((104, 168, 62), 22 * blades + 10 * smooth(rng, SIDE, SIDE, 50))


def _desert(rng: np.random.RandomState) -> Plane:
    drift = 16 * smooth(rng, SIDE, SIDE, 70)
    ripples = np.abs((np.arange(SIDE)[:, None] + drift) % 22 - 11) - 5.5
    return _tinted((226, 190, 126), 2.6 * ripples + 7 * _grain(rng))


def _snow(rng: np.random.RandomState) -> Plane:
    drifts = 9 * smooth(rng, SIDE, SIDE, 44)
    sparkle = np.where(_grain(rng) > 0.97, 14, 0)
    return _tinted((234, 240, 247), drifts + sparkle)


def _road(rng: np.random.RandomState) -> Plane:
    y, x = np.mgrid[:SIDE, :SIDE]
    asphalt = _tinted((92, 94, 99), 9 * _grain(rng))
    asphalt[(y % 64 >= 30) & (y % 64 < 34) & (x % 48 < 28)] = (236, 226, 190)
    return asphalt


def _brick_wall(rng: np.random.RandomState) -> Plane:
    y, x = np.mgrid[:SIDE, :SIDE]
    row = y // 12
    column = (x + 13 * (row % 2)) // 26
    shade = rng.uniform(-18, 18, (SIDE, SIDE))[row, column]
    wall = _tinted((168, 84, 66), shade + 5 * _grain(rng))
    wall[(y % 12 < 2) | ((x + 13 * (row % 2)) % 26 < 2)] = (206, 196, 184)
    return wall


def _wooden_floor(rng: np.random.RandomState) -> Plane:
    y, x = np.mgrid[:SIDE, :SIDE]
    plank = y // 20
    shade = rng.uniform(-20, 20, SIDE)[plank]
    fibres = np.repeat(rng.uniform(-1, 1, (SIDE, SIDE // 16)), 16, axis=1)
    floor = _tinted((160, 112, 68), shade + 9 * fibres)
    ends = (x + 61 * plank) % 128 < 2
    floor[(y % 20 < 2) | ends] = (96, 62, 34)
    return floor


def _gravel(rng: np.random.RandomState) -> Plane:
    hills = smooth(rng, SIDE, SIDE, 7)
    gaps = np.where(np.abs(hills) < 0.09, -48, 0)
    return _tinted((164, 156, 148), 30 * hills + gaps + 16 * smooth(rng, SIDE, SIDE, 11) + 6 * _grain(rng))


_PAINTERS: dict[str, Callable[[np.random.RandomState], Plane]] = {
    "sky": _sky,
    "sea": _sea,
    "grass": _grass,
    "desert": _desert,
    "snow": _snow,
    "road": _road,
    "brick wall": _brick_wall,
    "wooden floor": _wooden_floor,
    "gravel": _gravel,
}
