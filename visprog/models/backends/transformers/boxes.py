"""What a detector's network says of places in a picture, as regions."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

from visprog.libraries import needs
from visprog.models.backends.transformers.geometry import whole_pixels
from visprog.models.backends.transformers.network import Network
from visprog.values import Region


class Belief(NamedTuple):
    """A box counts where its score is above `threshold`.

    It counts only where it overlaps no better box of the same label by more than `nms` (intersection over
    union).
    """

    threshold: float
    nms: float


def regions_of(
    network: Network, belief: Belief, name: str, logits: Any, edges: Any, size: tuple[int, int]
) -> Iterator[Region]:
    """Read one label's boxes. The library knows what they are relative to: the picture, or its square."""
    with needs("torchvision.ops"):
        from torchvision.ops import nms

    if not logits.shape[-1]:
        return
    outputs = SimpleNamespace(logits=logits.float(), pred_boxes=edges.float())
    [found] = network.processor.image_processor.post_process_object_detection(
        outputs, threshold=belief.threshold, target_sizes=[(size[1], size[0])]
    )
    boxes = [whole_pixels(box, size) for box in found["boxes"].tolist()]
    hits = [(box, score) for box, score in zip(boxes, found["scores"].tolist(), strict=True) if box]
    if hits:
        corners, scores = (edges.new_tensor(column).float() for column in zip(*hits, strict=True))
        kept = nms(corners, scores, belief.nms)
        yield from (Region(hits[index][0], name, hits[index][1]) for index in kept.tolist())
