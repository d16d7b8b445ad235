"""The parts of a mask that belong to the object in a box, and not to its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.libraries import load_opencv

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]

_NECK = 0.04
"""Parts that are joined by less than twice this share of the box's side are looked at one by one."""

_ALIKE = 30
"""Largest difference of two colours that look the same: the sum over red, green and blue."""

_BEYOND = 3
"""Distance, in pixels, of the pixels outside the box that are compared with those at its sides."""

_SMALL = 0.05
"""A separate part smaller than this share of the largest is left out."""


def own_parts(pixels: NDArray[np.uint8], mask: Mask, inside: Mask, distance: NDArray[np.float64]) -> Mask:
    """Return `mask` without parts of neighbours.

    `inside` is the box, and `distance` the squared distance from its centre: 1 at the middle of each side.
    The part with the most pixels near the centre is the object. Another part is a neighbour's if it goes on
    outside the box and is wider there than deep, or if it is separate and goes on outside or is far away.
    """
    if not mask.any() or mask.all():
        return mask
    parts = _parts(mask, max(1, round(_NECK * np.sqrt(inside.sum()))))
    weight = np.bincount(parts.ravel(), np.maximum(1 - distance, 0).ravel() + 1e-6)
    weight[0] = 0
    main = int(weight.argmax())
    contact = _contact(pixels, mask, inside)
    sizes, contacts = np.bincount(parts.ravel()), np.bincount(parts[contact], minlength=len(weight))
    joined = _joined(mask, parts == main)
    out = mask.copy()
    for part in range(1, len(sizes)):
        if part == main or not sizes[part]:
            continue
        where = parts == part
        if joined[where].any():
            foreign = contacts[part] ** 2 > sizes[part]
        else:
            far = distance[where].mean() > 1 or sizes[part] < _SMALL * sizes[main]
            foreign = far or contacts[part] > 0
        if foreign:
            out &= ~where
    return out


def _parts(mask: Mask, radius: int) -> Labels:
    """Return the number of each pixel's part, from 1. Narrow necks divide a mask, and are parts themselves."""
    cv2 = load_opencv()
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    whole = mask.astype(np.uint8)
    count, cores = cv2.connectedComponents(cv2.erode(whole, kernel, borderValue=1), connectivity=4)
    if count == 1:
        return np.asarray(cv2.connectedComponents(whole, connectivity=4)[1])
    wide = cv2.dilate((cores > 0).astype(np.uint8), kernel) & whole
    _, nearest = cv2.distanceTransformWithLabels(
        (cores == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    names = np.zeros(int(nearest.max()) + 1, dtype=np.int32)
    names[nearest[cores > 0]] = cores[cores > 0]
    _, narrow = cv2.connectedComponents(whole & ~wide & 1, connectivity=4)
    parts = np.where(narrow > 0, narrow + count - 1, names[nearest])
    return np.asarray(np.where(mask, parts, 0), dtype=np.int32)


def _contact(pixels: NDArray[np.uint8], mask: Mask, inside: Mask) -> Mask:
    """Return the pixels of the mask at the sides of the box that look like the pixels outside."""
    colors = pixels.astype(np.int32)
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
