"""Turns the output of a detector's network into regions."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

from visprog.libraries import needs
from visprog.models.backends.transformers.geometry import whole_pixels
from visprog.models.backends.transformers.network import Network
from visprog.values import Region


class Limits(NamedTuple):
    """The limits that a box must pass.

    Its score must be above `threshold`, and it must not overlap a better box of the same label by more than
    `nms` (intersection over union).
    """

    threshold: float
    nms: float


def regions_of(
    network: Network, limits: Limits, name: str, logits: Any, edges: Any, size: tuple[int, int]
) -> Iterator[Region]:
    """Yield the regions of one label. The library scales the boxes, which may refer to a padded picture."""
    with needs("torchvision.ops"):
        from torchvision.ops import nms

    if not logits.shape[-1]:
        return
    outputs = SimpleNamespace(logits=logits.float(), pred_boxes=edges.float())
    [found] = network.processor.image_processor.post_process_object_detection(
        outputs, threshold=limits.threshold, target_sizes=[(size[1], size[0])]
    )
    boxes = [whole_pixels(box, size) for box in found["boxes"].tolist()]
    hits = [(box, score) for box, score in zip(boxes, found["scores"].tolist(), strict=True) if box]
    if hits:
        corners, scores = (edges.new_tensor(column).float() for column in zip(*hits, strict=True))
        kept = nms(corners, scores, limits.nms)
        yield from (Region(hits[index][0], name, hits[index][1]) for index in kept.tolist())
