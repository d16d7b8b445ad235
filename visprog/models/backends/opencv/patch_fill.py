"""Patch fill: fills a hole in a picture with pieces of its surroundings, so that edges and textures go on.

The method is that of Y. Wexler, E. Shechtman and M. Irani, "Space-Time Completion of Video", TPAMI 2007: each
patch that touches the hole looks for the most similar patch outside, and the patches found vote on the
pixels of the hole, from coarse to fine. The search is that of C. Barnes and others, "PatchMatch", SIGGRAPH
2009. Patches are compared by colour and texture, as in A. Newson and others, "Video Inpainting of Complex
Scenes", SIAM Journal on Imaging Sciences 2014; by colour alone, textures would become flat.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.libraries import load_opencv

Hole = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
Planes = NDArray[np.float32]
"""Red, green, blue and texture; shape (height, width, planes)."""
Places = NDArray[np.int64]
"""Places of pixels, as indices into a flat picture."""
Coordinates = NDArray[Any]
"""Rows and columns, shape (2, pixels)."""

_REACH = 3
"""Pixels of a patch on each side of its centre."""

_COARSEST, _STEP = 48, 0.62
"""Longer side of the coarsest copy of the picture, and the size of each copy relative to the next."""

_TEXTURE = 4.0
"""Weight of texture relative to colour."""

_COARSE_ROUNDS, _ROUNDS, _LAST_ROUNDS = 6, 4, 2
"""Rounds of search and vote in the coarsest, the middle and the finest copy."""

_FADING = 1.3
"""Each pixel farther into the hole, a patch has less weight by this factor."""

_DECISIVE = 0.5
"""Share of the typical difference by which patches are judged when pixels are copied: less copies fewer."""

_AT_ONCE = 1 << 18
"""Maximum number of pixels that are copied at a time, to save memory."""


@dataclass(slots=True)
class _Level:
    """A copy of the picture at one size.

    `targets` are the centres of the patches that touch the hole. `is_source` tells the centres of patches
    outside of it, in the order of a flat picture.
    """

    planes: Planes
    hole: Hole
    targets: Places
    is_source: NDArray[np.bool_]


@dataclass(slots=True)
class _Match:
    """For each target of a level: its source, and the squared difference of the two patches."""

    sources: Places
    costs: NDArray[np.float32]


def fill_hole(pixels: Pixels, hole: Hole, side: int) -> Pixels:
    """Return the picture, shape (height, width, 3), with the pixels of `hole`, shape (height, width), filled.

    The search takes place in a copy of at most `side` pixels along the longer side; then the pixels
    themselves are copied. If almost nothing lies outside the hole, its colours are only interpolated. The
    result is the same every time.
    """
    out = pixels.copy()
    if not hole.any():
        return out
    levels = _levels(pixels, hole, side)
    if not levels:
        out[hole] = _rounded(_interpolated(pixels.astype(np.float32), ~hole)[hole])
        return out
    random, level = np.random.default_rng(0), levels[0]
    level.planes = _interpolated(level.planes, ~level.hole)
    for _ in range(_COARSE_ROUNDS):
        match = _nearest(level)
        _vote(level, match)
    for finer in levels[1:]:
        match = _carried(level, match, finer, random)
        level = finer
        _vote(level, match)
        for _ in range(_LAST_ROUNDS if level is levels[-1] else _ROUNDS):
            match = _searched(level, match, random)
            _vote(level, match)
    planned = level.planes[..., :3]
    if planned.shape == pixels.shape:
        out[hole] = _rounded(planned[hole])
    else:
        _copy(out, hole, level, match)
        _match_colors(out, hole, planned)
    return out


def _levels(pixels: Pixels, hole: Hole, side: int) -> list[_Level]:
    """Return copies of the picture from coarse to fine, without copies that are all hole."""
    scale = min(1.0, side / max(hole.shape))
    shape = _scaled(hole.shape, scale)
    colors, covered = _resized(pixels, shape).astype(np.float32), _resized(hole.astype(np.float32), shape)
    planes = np.dstack([colors, _texture(colors, covered > 0)])
    levels: list[_Level] = []
    while not levels or max(levels[-1].hole.shape) > _COARSEST:
        part = _resized(covered, shape) > 0
        touched = _grown(part, _REACH)
        sources = ~part if touched.all() else ~touched
        if not sources.any():
            break
        levels.append(_Level(_resized(planes, shape), part, np.flatnonzero(touched), sources.ravel()))
        scale *= _STEP
        shape = _scaled(hole.shape, scale)
    return levels[::-1]


def _texture(colors: Planes, hole: Hole) -> Planes:
    """Return the steepness, shape (height, width, 1); in the hole, that of the pixels around it."""
    cv2 = load_opencv()
    grey = cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *axes, scale=_TEXTURE / 4) for axes in ((1, 0), (0, 1)))
    steepness = _interpolated((np.abs(across) + np.abs(down))[..., np.newaxis], ~_grown(hole, 1))
    return np.asarray(cv2.blur(steepness, (3, 3)))[..., np.newaxis]


def _interpolated(planes: Planes, known: NDArray[np.bool_]) -> Planes:
    """Return planes whose unknown pixels are interpolated, by averages of growing size; zero without any."""
    if known.all() or not known.any():
        return planes * np.float32(known.all())
    weights = known.astype(np.float32)
    half = tuple(max(1, edge // 2) for edge in known.shape)
    small = _resized(weights, half)
    means = _resized(planes * weights[..., np.newaxis], half) / np.maximum(small, 1e-6)[..., np.newaxis]
    coarse = _resized(_interpolated(means, small > 0), known.shape)
    return np.where(known[..., np.newaxis], planes, coarse)


def _nearest(level: _Level) -> _Match:
    """Return the best match. All patches are compared."""
    patches, sources = _patches(level.planes), np.flatnonzero(level.is_source)
    offered, sought = patches[sources], patches[level.targets]
    found = sources[(np.square(offered).sum(axis=1) - 2 * sought @ offered.T).argmin(axis=1)]
    return _Match(found, _costs(patches, level.targets, found))


def _carried(coarse: _Level, match: _Match, fine: _Level, random: np.random.Generator) -> _Match:
    """Return the match of a level in the next finer one. Lost sources are replaced by random ones."""
    targets, scale = _coordinates(fine.targets, fine), _scale(fine.hole, coarse)
    rows, columns = (targets / scale).astype(np.int64)
    sources = _place(targets + np.round(_offsets(coarse, match)[:, rows, columns] * scale), fine)
    lost = ~fine.is_source[sources]
    sources[lost] = random.choice(np.flatnonzero(fine.is_source), int(lost.sum()))
    return _Match(sources, np.ones(len(sources), dtype=np.float32))


def _offsets(level: _Level, match: _Match) -> Coordinates:
    """Return how far below and to the right of each target its source is, shape (2, height, width)."""
    offsets = np.zeros((2, level.hole.size))
    offsets[:, level.targets] = _coordinates(match.sources, level) - _coordinates(level.targets, level)
    return offsets.reshape(2, *level.hole.shape)


def _searched(level: _Level, match: _Match, random: np.random.Generator) -> _Match:
    """Return a better match: try the sources of neighbours, moved alike, and random ones near the source."""
    patches = _patches(level.planes)
    found = _Match(match.sources.copy(), _costs(patches, level.targets, match.sources))
    index = np.full(level.hole.size, -1)
    index[level.targets] = np.arange(len(level.targets))
    targets = _coordinates(level.targets, level)
    for distance in (4, 2, 1):
        for step in ((0, -distance), (-distance, 0), (0, distance), (distance, 0)):
            neighbor = index[_place(targets + _column(step), level)]
            moved = _place(_coordinates(found.sources[neighbor], level) - _column(step), level)
            _try(level, patches, found, np.where(neighbor < 0, found.sources, moved))
    radius = max(level.hole.shape) / 2
    while radius >= 1:
        jumps = random.uniform(-radius, radius, targets.shape).round()
        _try(level, patches, found, _place(_coordinates(found.sources, level) + jumps, level))
        radius /= 3
    return found


def _try(level: _Level, patches: Planes, found: _Match, sources: Places) -> None:
    """Replace each source by the one in `sources` if its patch is more similar."""
    tried = np.flatnonzero(level.is_source[sources] & (sources != found.sources))
    costs = _costs(patches, level.targets[tried], sources[tried])
    better = costs < found.costs[tried]
    found.sources[tried[better]], found.costs[tried[better]] = sources[tried[better]], costs[better]


def _vote(level: _Level, match: _Match) -> None:
    """Set each pixel of the hole to the weighted mean of the pixels that the patches over it propose."""
    cv2 = load_opencv()
    depth = cv2.distanceTransform(level.hole.astype(np.uint8), cv2.DIST_L2, 3).ravel()[level.targets]
    weights = _likeness(match.costs, 2 * _typical(match)) * _FADING**-depth
    values, hole = level.planes.reshape(-1, level.planes.shape[2]), level.hole.ravel()
    total, count = np.zeros(values.shape), np.zeros(len(values))
    targets, sources = _coordinates(level.targets, level), _coordinates(match.sources, level)
    limits = _column(level.hole.shape)
    for step in map(_column, itertools.product(range(-_REACH, _REACH + 1), repeat=2)):
        voted, proposed = targets + step, _place(sources + step, level)
        used = ((voted >= 0) & (voted < limits)).all(axis=0) & ~hole[proposed]
        places = _place(voted[:, used], level)  # each at most once, so indexing adds correctly
        total[places] += weights[used, np.newaxis] * values[proposed[used]]
        count[places] += weights[used]
    values[hole] = total[hole] / count[hole, np.newaxis]


def _copy(out: Pixels, hole: Hole, level: _Level, match: _Match) -> None:
    """Fill the hole of the picture itself with the pixels to which the sources of the level correspond."""
    offsets, costs = _offsets(level, match), np.zeros(level.hole.size)
    costs[level.targets] = match.costs
    scale, limits = _scale(hole, level), _column(hole.shape) - 1
    original, typical = out.copy(), _DECISIVE * _typical(match)
    for pixel in _portions(hole):
        total, count = np.zeros((pixel.shape[1], 3)), np.zeros((pixel.shape[1], 1))
        for step in itertools.product((-_REACH + 1, 0, _REACH - 1), repeat=2):
            center = _place(pixel / scale + _column(step), level)
            source = pixel + np.round(offsets.reshape(2, -1)[:, center] * scale)
            rows, columns = np.clip(source, 0, limits).astype(np.int64)
            weights = _likeness(costs[center], typical) * ~hole[rows, columns]
            total += weights[:, np.newaxis] * original[rows, columns]
            count += weights[:, np.newaxis]
        planned = level.planes.reshape(-1, level.planes.shape[2])[_place(pixel / scale, level), :3]
        out[tuple(pixel)] = _rounded(np.where(count > 0, total / np.maximum(count, 1e-30), planned))


def _match_colors(out: Pixels, hole: Hole, planned: Planes) -> None:
    """Give the filled pixels the mean colours that the level planned."""
    height, width = planned.shape[:2]
    off = (planned - _resized(out, (height, width))).round().astype(np.int16)
    change = _resized(off, hole.shape)
    for pixel in map(tuple, _portions(hole)):
        out[pixel] = _rounded(out[pixel].astype(np.float64) + change[pixel])


def _portions(hole: Hole) -> Iterator[Coordinates]:
    """Yield the coordinates of the pixels of the hole, some at a time."""
    places = np.flatnonzero(hole)
    for start in range(0, len(places), _AT_ONCE):
        yield np.stack(np.divmod(places[start : start + _AT_ONCE], hole.shape[1]))


def _patches(planes: Planes) -> NDArray[np.float32]:
    """Return the patch around each pixel, shape (pixels, values)."""
    padded = np.pad(planes, ((_REACH, _REACH), (_REACH, _REACH), (0, 0)), mode="edge")
    side = 2 * _REACH + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1))
    return np.ascontiguousarray(windows).reshape(planes.shape[0] * planes.shape[1], -1)


def _costs(patches: NDArray[np.float32], targets: Places, sources: Places) -> NDArray[np.float32]:
    difference = patches[targets] - patches[sources]
    return np.asarray(np.einsum("ij,ij->i", difference, difference))


def _likeness(costs: NDArray[Any], typical: float) -> NDArray[np.float64]:
    """Return weights between zero and one, never zero."""
    return np.asarray(np.exp(-np.minimum(costs / typical, 50.0)), dtype=np.float64)


def _typical(match: _Match) -> float:
    return float(np.percentile(match.costs, 75)) + 1e-6


def _coordinates(places: Places, level: _Level) -> Coordinates:
    return np.stack(np.divmod(places, level.hole.shape[1]))


def _place(coordinates: Coordinates, level: _Level) -> Places:
    """Return the places with these coordinates, or the nearest ones in the picture."""
    rows, columns = coordinates.astype(np.int64)
    return np.asarray(np.ravel_multi_index((rows, columns), level.hole.shape, mode="clip"))


def _scale(hole: Hole, level: _Level) -> Coordinates:
    """Return how much higher and wider the picture is than the level."""
    return _column(hole.shape) / _column(level.hole.shape)


def _column(pair: tuple[int, ...]) -> Coordinates:
    return np.array(pair)[:, np.newaxis]


def _grown(part: Hole, reach: int) -> Hole:
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), dtype=np.uint8)
    return np.asarray(load_opencv().dilate(part.astype(np.uint8), kernel) > 0)


def _scaled(shape: tuple[int, ...], scale: float) -> tuple[int, int]:
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _resized(planes: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return planes at another size (height, width)."""
    cv2 = load_opencv()
    method = cv2.INTER_AREA if shape[0] * shape[1] < planes.shape[0] * planes.shape[1] else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(planes, (shape[1], shape[0]), interpolation=method))
    return resized.reshape(shape[0], shape[1], *planes.shape[2:])


def _rounded(values: NDArray[Any]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
