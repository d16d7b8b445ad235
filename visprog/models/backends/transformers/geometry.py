"""Code that detectors, segmenters and SAM share: precision of computation, boxes and masks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box
from visprog.errors import ModelFailed, ModelUnavailable
from visprog.models.backends.transformers.network import Network, architecture_of, load_network
from visprog.models.checkpoints import place
from visprog.values import Image


def load_precise(
    architecture: str,
    identifier: str,
    options: Mapping[str, Any],
    known: Sequence[str],
    *,
    kinds: Sequence[str],
    processor: str,
) -> Network:
    """Load a network of one of `kinds`, the library's names for architectures. Raises ModelUnavailable.

    The weights stay in full precision, because half precision cannot distinguish the pixels of a large
    picture. If `options` ask for another dtype, only matrix products use it; see `computing`.
    """
    kind, _ = architecture_of(identifier, options)
    if kind not in kinds:
        raise ModelUnavailable(
            f"{identifier} is a model of the kind {kind}", help=f"choose one of the kinds {', '.join(kinds)}"
        )
    full = {**options, "dtype": "float32"}
    network = load_network(architecture, identifier, full, known, processor=processor)
    network.model.requires_grad_(False)
    _, dtype = place({"dtype": "float32", **options})
    return replace(network, dtype=dtype, fingerprint=f"{network.fingerprint} computed in {dtype}")


@contextmanager
def computing(network: Network) -> Iterator[None]:
    """Compute without gradients, with matrix products in the network's dtype."""
    import torch

    lower = network.dtype != torch.float32
    dtype = network.dtype if lower else None
    with torch.inference_mode(), torch.autocast(network.device.type, dtype=dtype, enabled=lower):
        yield


_THIN = 300


def reject_thin(image: Image) -> None:
    """Raise ModelFailed for a picture so thin that one side would vanish at a network's size."""
    if max(image.size) > _THIN * min(image.size):
        raise ModelFailed(
            f"a picture of {image.width}x{image.height} is too thin for the model",
            help="crop it first",
        )


def whole_pixels(edges: Sequence[float], size: tuple[int, int]) -> Box | None:
    """Round a box, clipped to the picture, to at least one pixel; None if it lies outside."""
    width, height = size
    across = _whole(max(edges[0], 0.0), min(edges[2], float(width)))
    down = _whole(max(edges[1], 0.0), min(edges[3], float(height)))
    return (across[0], down[0], across[1], down[1]) if across and down else None


def _whole(low: float, high: float) -> tuple[int, int] | None:
    """Round both ends of a span. A span that would vanish becomes the pixel around it."""
    if not low < high:
        return None
    if round(low) < round(high):
        return round(low), round(high)
    pixel = math.floor((low + high) / 2)
    return pixel, pixel + 1


def bounding_box(mask: NDArray[np.bool_]) -> Box | None:
    """Return the smallest box around a mask of shape (height, width); None if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
