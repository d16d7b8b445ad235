"""The parts of a mask that belong to the object in a box, and not to its neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from visprog.libraries import load_opencv

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

_NECKS = (0.05, 0.1, 0.15, 0.2, 0.25)
"""Half of the widths of necks that divide a mask, as shares of the box's side."""

_ALIKE = 40
"""Largest difference of two colours that look the same: the sum over red, green and blue."""

_BEYOND = 5
"""Distance, in pixels, of the pixels outside the box that are compared with those at its sides."""

_SMALL = 0.05
"""A separate part smaller than this share of the object is left out."""


def own_parts(pixels: NDArray[np.uint8], mask: Mask, inside: Mask, distance: NDArray[np.float64]) -> Mask:
    """Return `mask` without parts of neighbours.

    `inside` is the box, and `distance` the squared distance from its centre: 1 at the middle of each side.
    The part with the most pixels near the centre is the object. A part that is joined to it belongs to a
    neighbour if it goes on outside the box, and is wider there than deep. A part that is separate belongs to
    a neighbour if it goes on outside the box at all; it is also left out if it is small or far away.
    """
    contact = _contact(pixels, mask, inside)
    side = np.sqrt(inside.sum())
    for neck in _NECKS:
        for parts in _divisions(mask, max(1, round(neck * side))):
            mask = mask & ~_foreign(mask, parts * mask, contact, distance)
    return mask


def _foreign(mask: Mask, parts: Labels, contact: Mask, distance: NDArray[np.float64]) -> Mask:
    """Return the parts of the mask that belong to neighbours. `parts` has the number of each pixel's part."""
    sizes = np.bincount(parts.ravel())
    if len(sizes) < 3:
        return np.zeros_like(mask)
    weight = np.bincount(parts.ravel(), np.maximum(1 - distance, 0).ravel() + 1e-6)
    main = 1 + int(weight[1:].argmax())
    contacts = np.bincount(parts[contact & mask], minlength=len(sizes))
    means = np.bincount(parts.ravel(), distance.ravel()) / np.maximum(sizes, 1)
    joined = np.isin(np.arange(len(sizes)), parts[_joined(mask, parts == main)])
    separate = (contacts > 0) | (means > 1) | (sizes < _SMALL * sizes[main])
    foreign = np.where(joined, contacts**2 > sizes, separate)
    foreign[[0, main]] = False
    return np.asarray(foreign[parts])


def _divisions(mask: Mask, radius: int) -> Iterator[Labels]:
    """Divide a mask in two ways; yield the number of each pixel's part, from 1, or 0 outside the mask.

    First each pixel belongs to the nearest wide part. Then each narrow piece becomes a separate part.
    """
    cv2 = load_opencv()
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    whole = mask.astype(np.uint8)
    core = cv2.erode(whole, kernel, borderValue=1)
    if not core.any():
        yield cv2.connectedComponents(whole, connectivity=4)[1]
        return
    count, cores = cv2.connectedComponents(core, connectivity=4)
    _, places = cv2.distanceTransformWithLabels(
        1 - core, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    names = np.zeros(int(places.max()) + 1, dtype=np.int32)
    names[places[core > 0]] = cores[core > 0]
    nearest = names[places] * mask
    yield nearest
    _, narrow = cv2.connectedComponents(whole & (1 - cv2.dilate(core, kernel)), connectivity=4)
    yield np.where(narrow > 0, narrow + count - 1, nearest)


def _contact(pixels: NDArray[np.uint8], mask: Mask, inside: Mask) -> Mask:
    """Return the pixels of the mask at the sides of the box that look like the pixels outside."""
    colors = load_opencv().blur(pixels, (5, 5)).astype(np.int32)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    out = np.zeros_like(mask)
    for turned, ends in ((False, rows), (True, columns)):
        lines = colors.swapaxes(0, 1) if turned else colors
        found, within = (out.T, mask.T) if turned else (out, mask)
        for end, step in ((int(ends[0]), -_BEYOND), (int(ends[-1]), _BEYOND)):
            outside = end + step
            if 0 <= outside < len(lines):
                found[end] |= within[end] & (np.abs(lines[end] - lines[outside]).sum(axis=1) <= _ALIKE)
    return out


def _joined(mask: Mask, main: Mask) -> Mask:
    """Return the connected pieces of the mask that contain pixels of `main`."""
    cv2 = load_opencv()
    _, pieces = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return np.isin(pieces, np.unique(pieces[main]))
