"""Segmenters that divide a picture into things and stuff: MaskFormer, Mask2Former, OneFormer and EoMT.

SAM, which knows no labels, is a segmenter as well: `visprog.models.backends.transformers.sam`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.errors import UsageError
from visprog.libraries import needs
from visprog.models.backends.transformers.geometry import (
    bounding_box,
    computing,
    load_precise,
    refuse_thin,
)
from visprog.models.backends.transformers.network import Network, architecture_of
from visprog.models.backends.transformers.pretrained import OFFLINE, quiet
from visprog.models.backends.transformers.sam import KINDS as SAM_KINDS
from visprog.models.backends.transformers.sam import SegmentAnything, load_sam
from visprog.models.checkpoints import find_checkpoint, loading
from visprog.values import Image, Region, Regions

if TYPE_CHECKING:
    import torch


class _Family(NamedTuple):
    """The library's threshold for a segment's score, and whether the library can fuse segments."""

    threshold: float
    fuses: bool


_FAMILIES = {
    "maskformer": _Family(0.5, fuses=True),
    "mask2former": _Family(0.5, fuses=True),
    "oneformer": _Family(0.5, fuses=True),
    "eomt": _Family(0.8, fuses=False),
    "eomt_dinov3": _Family(0.8, fuses=False),
}
"""The architectures, by the library's names."""

_LARGEST = 8_000_000
"""The most pixels on which segments are told apart; the map of a larger picture is enlarged from that."""


class _Limits(NamedTuple):
    """From which score on a segment counts, from which on a pixel is its, and how much must be in sight."""

    threshold: float
    mask: float
    overlap: float


def load_segmenter(
    role: str, identifier: str, options: Mapping[str, Any]
) -> PanopticSegmenter | SegmentAnything:
    """Load a segmenter. Options of a panoptic one: `threshold`, `mask`, `overlap` and `stuff`; else SAM's.

    `stuff` lists the labels of which a picture has one region at most, such as sky. Without it they are
    what the checkpoint says, or the stuff of COCO's panoptic labels.
    """
    kind, _ = architecture_of(identifier, options)
    if kind in SAM_KINDS:
        return load_sam(role, identifier, options)
    network = load_precise(
        "AutoModelForUniversalSegmentation",
        identifier,
        options,
        ("threshold", "mask", "overlap", "stuff"),
        kinds=(*_FAMILIES, *SAM_KINDS),
        processor="AutoTokenizer" if kind == "oneformer" else "AutoImageProcessor",
    )
    processor = _oneformer_processor(network, options) if kind == "oneformer" else network.processor
    limits = _Limits(
        options.get("threshold", _FAMILIES[kind].threshold),
        options.get("mask", 0.5),
        options.get("overlap", 0.8),
    )
    stuff = _stuff(options.get("stuff"), network.model.config.id2label, processor)
    return PanopticSegmenter(network, processor, limits, stuff)


def _oneformer_processor(network: Network, options: Mapping[str, Any]) -> Any:
    """Return what prepares pictures and the task, without the table of classes that training needs."""
    with needs("transformers.OneFormerProcessor"):
        from transformers import AutoImageProcessor, OneFormerProcessor

    folder = find_checkpoint(network.identifier, options.get("revision"))
    with loading(network.identifier), quiet():
        images = AutoImageProcessor.from_pretrained(folder, class_info_file=None, **OFFLINE)
    length = network.model.config.task_seq_len
    return OneFormerProcessor(images, network.processor, task_seq_length=length)


def _stuff(chosen: Sequence[str] | None, labels: Mapping[int, str], processor: Any) -> frozenset[int]:
    """Return the ids of the labels that are stuff. Raises UsageError."""
    if chosen is not None:
        if not set(chosen) <= set(labels.values()):
            known = ", ".join(sorted(set(labels.values())))
            raise UsageError(f"the option `stuff` lists labels; found {chosen!r}", help=f"they are {known}")
        return frozenset(number for number, label in labels.items() if label in chosen)
    metadata = getattr(getattr(processor, "image_processor", processor), "metadata", None)
    if metadata and "thing_ids" in metadata:
        return frozenset(labels) - {int(number) for number in metadata["thing_ids"]}
    # COCO's panoptic labels are 80 things and then 53 kinds of stuff, of which the first is "banner".
    is_coco = len(labels) == 133 and labels.get(80) == "banner"
    return frozenset(range(80, 133)) if is_coco else frozenset()


class PanopticSegmenter:
    """Divides a picture into things and stuff. May be shared by threads."""

    def __init__(self, network: Network, processor: Any, limits: _Limits, stuff: frozenset[int]) -> None:
        self._network = network
        self._processor = processor
        self._images = getattr(processor, "image_processor", processor)
        self._limits = limits
        self._stuff = stuff
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def segment(self, image: Image) -> Regions:
        """Return a region with a label and a mask for each thing and each kind of stuff, best first."""
        return self.segment_batch([(image,)])[0]

    def segment_batch(self, calls: Sequence[tuple[Image]]) -> list[Regions]:
        """Return what `segment` returns for each picture.

        Those that the processor brings to one size go in one pass; others are not padded to a common size,
        for padding changes what is seen at the edges.
        """
        images = [image for (image,) in calls]
        for image in images:
            refuse_thin(image)
        inputs = [self._prepared(image) for image in images]
        alike: dict[object, list[int]] = {}
        for index, prepared in enumerate(inputs):
            alike.setdefault(tuple(tensor.shape for tensor in prepared.values()), []).append(index)
        found: dict[int, Regions] = {}
        for indices in alike.values():
            together = [inputs[index] for index in indices]
            segmented = self._segmented([images[index] for index in indices], together)
            found.update(zip(indices, segmented, strict=True))
        return [found[index] for index in range(len(images))]

    def _prepared(self, image: Image) -> dict[str, torch.Tensor]:
        task = {"task_inputs": ["panoptic"]} if self._network.kind == "oneformer" else {}
        inputs = self._processor(images=[image.to_pil()], return_tensors="pt", **task)
        return {
            name: value for name, value in inputs.items() if name != "patch_offsets"
        }  # of no split picture

    def _segmented(
        self, images: Sequence[Image], inputs: Sequence[Mapping[str, torch.Tensor]]
    ) -> Iterator[Regions]:
        """Yield the regions of each picture; all inputs have the same shapes."""
        import torch

        joined = {
            name: torch.cat([each[name] for each in inputs]).to(self._network.device) for name in inputs[0]
        }
        with self._network.lock, computing(self._network):
            outputs = self._network.model(**joined)
        for index, image in enumerate(images):
            with self._network.lock, computing(self._network):
                believed = self._believed(outputs, index)
                numbers, segments = self._divide(believed, image.size) if believed else (None, ())
            regions = self._regions(numbers, segments) if numbers is not None else ()
            yield Regions(sorted(regions, key=lambda region: -region.score), size=image.size)

    def _believed(self, outputs: Any, index: int) -> Any:
        """Return the queries of one picture that pass the threshold; None where none does.

        The library would drop the others too, some architectures' after enlarging each to the picture's size.
        """
        classes = outputs.class_queries_logits[[index]].float()
        scores, labels = classes.softmax(-1).max(-1)
        kept = (scores[0] > self._limits.threshold) & (labels[0] != classes.shape[-1] - 1)
        if not kept.any():
            return None
        masks = outputs.masks_queries_logits[[index]].float()
        return SimpleNamespace(class_queries_logits=classes[:, kept], masks_queries_logits=masks[:, kept])

    def _divide(self, outputs: Any, size: tuple[int, int]) -> tuple[NDArray[np.int32], Sequence[Any]]:
        """Return each pixel's segment, shape (height, width), and what the library says of the segments."""
        width, height = size
        shrink = min(1.0, (_LARGEST / (width * height)) ** 0.5)
        target = (max(1, round(height * shrink)), max(1, round(width * shrink)))
        # Segments of one kind of stuff are joined in `_regions`: where the library does, numbers can collide.
        fuses = _FAMILIES[self._network.kind].fuses
        separate: dict[str, Any] = {"label_ids_to_fuse": set()} if fuses else {}
        [found] = self._images.post_process_panoptic_segmentation(
            outputs,
            threshold=self._limits.threshold,
            mask_threshold=self._limits.mask,
            overlap_mask_area_threshold=self._limits.overlap,
            target_sizes=[target],
            **separate,
        )
        numbers = found["segmentation"].cpu().numpy().astype(np.int32)
        if target != (height, width):
            numbers = np.asarray(PILImage.fromarray(numbers).resize(size, PILImage.Resampling.NEAREST))
        return numbers, found["segments_info"]

    def _regions(self, numbers: NDArray[np.int32], segments: Sequence[Any]) -> Iterator[Region]:
        labels = self._network.model.config.id2label
        together: dict[object, list[Any]] = {}
        for segment in segments:
            kind = segment["label_id"]
            key = kind if kind in self._stuff else ("thing", segment["id"])
            together.setdefault(key, []).append(segment)
        for parts in together.values():
            mask = np.isin(numbers, [part["id"] for part in parts])
            box = bounding_box(mask)
            if box is not None:
                score = min(max(part["score"] for part in parts), 1.0)
                yield Region(box, labels[parts[0]["label_id"]], score, mask)
