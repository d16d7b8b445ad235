"""Segmenters that divide a picture into things and stuff: MaskFormer, Mask2Former, OneFormer and EoMT.

SAM, a segmenter without labels, is in `visprog.models.backends.transformers.sam`.
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
    reject_thin,
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

LARGEST_MAP = 8_000_000
"""Maximum number of pixels of the map of segments. The map of a larger picture is enlarged from that."""


class _Limits(NamedTuple):
    """Minimum scores of a segment and of its pixels, and the share of a segment that must be visible."""

    threshold: float
    mask: float
    overlap: float


def load_segmenter(
    role: str, identifier: str, options: Mapping[str, Any]
) -> PanopticSegmenter | SegmentAnything:
    """Load a panoptic segmenter, with the options `threshold`, `mask`, `overlap` and `stuff`, or SAM.

    `stuff` lists the labels that have at most one region in a picture, such as sky. The default is the list
    of the checkpoint or, if it has none, the stuff of COCO's panoptic labels.
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
    stuff = stuff_ids(options.get("stuff"), network.model.config.id2label, processor)
    return PanopticSegmenter(network, processor, limits, stuff)


def _oneformer_processor(network: Network, options: Mapping[str, Any]) -> Any:
    """Return the processor of OneFormer, without the table of classes that only training needs."""
    with needs("transformers.OneFormerProcessor"):
        from transformers import AutoImageProcessor, OneFormerProcessor

    folder = find_checkpoint(network.identifier, options.get("revision"))
    with loading(network.identifier), quiet():
        images = AutoImageProcessor.from_pretrained(folder, class_info_file=None, **OFFLINE)
    length = network.model.config.task_seq_len
    return OneFormerProcessor(images, network.processor, task_seq_length=length)


def stuff_ids(chosen: Sequence[str] | None, labels: Mapping[int, str], processor: Any) -> frozenset[int]:
    """Return the ids of the labels that are stuff. Raises UsageError for an unknown label."""
    if chosen is not None:
        if not set(chosen) <= set(labels.values()):
            known = ", ".join(sorted(set(labels.values())))
            raise UsageError(
                f"the option `stuff` lists labels of the checkpoint; found {chosen!r}",
                help=f"its labels are {known}",
            )
        return frozenset(number for number, label in labels.items() if label in chosen)
    metadata = getattr(getattr(processor, "image_processor", processor), "metadata", None)
    if metadata and "thing_ids" in metadata:
        return frozenset(labels) - {int(number) for number in metadata["thing_ids"]}
    # COCO's panoptic labels are 80 things and then 53 kinds of stuff, of which the first is "banner".
    is_coco = len(labels) == 133 and labels.get(80) == "banner"
    return frozenset(range(80, 133)) if is_coco else frozenset()


class PanopticSegmenter:
    """Divides a picture into things and stuff. Safe between threads."""

    def __init__(self, network: Network, processor: Any, limits: _Limits, stuff: frozenset[int]) -> None:
        self.network = network
        self.processor = processor
        self._images = getattr(processor, "image_processor", processor)
        self._limits = limits
        self._stuff = stuff
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def segment(self, image: Image) -> Regions:
        """Return a region with a label and a mask for each thing and each kind of stuff, best first."""
        return self.segment_batch([(image,)])[0]

    def segment_batch(self, calls: Sequence[tuple[Image]]) -> list[Regions]:
        """Return the result of `segment` for each picture.

        Pictures of the same size after the processor share a pass. Others are not padded to a common size,
        because padding changes the results at the edges.
        """
        images = [image for (image,) in calls]
        for image in images:
            reject_thin(image)
        inputs = [self._prepared(image) for image in images]
        by_shape: dict[object, list[int]] = {}
        for index, prepared in enumerate(inputs):
            by_shape.setdefault(tuple(tensor.shape for tensor in prepared.values()), []).append(index)
        found: dict[int, Regions] = {}
        for indices in by_shape.values():
            together = [inputs[index] for index in indices]
            segmented = self._segmented([images[index] for index in indices], together)
            found.update(zip(indices, segmented, strict=True))
        return [found[index] for index in range(len(images))]

    def _prepared(self, image: Image) -> dict[str, torch.Tensor]:
        task = {"task_inputs": ["panoptic"]} if self.network.kind == "oneformer" else {}
        inputs = self.processor(images=[image.to_pil()], return_tensors="pt", **task)
        return {
            name: value for name, value in inputs.items() if name != "patch_offsets"
        }  # for split pictures only

    def _segmented(
        self, images: Sequence[Image], inputs: Sequence[Mapping[str, torch.Tensor]]
    ) -> Iterator[Regions]:
        """Yield the regions of each picture. All inputs have the same shapes."""
        import torch

        joined = {
            name: torch.cat([each[name] for each in inputs]).to(self.network.device) for name in inputs[0]
        }
        with self.network.lock, computing(self.network):
            outputs = self.network.model(**joined)
        for index, image in enumerate(images):
            with self.network.lock, computing(self.network):
                kept = self._above_threshold(outputs, index)
                numbers, segments = self._divide(kept, image.size) if kept else (None, ())
            regions = self._regions(numbers, segments) if numbers is not None else ()
            yield Regions(sorted(regions, key=lambda region: -region.score), size=image.size)

    def _above_threshold(self, outputs: Any, index: int) -> Any:
        """Return the queries of one picture that pass the threshold; None if none does.

        The library drops the others too, but for some architectures only after enlarging each of them.
        """
        classes = outputs.class_queries_logits[[index]].float()
        scores, labels = classes.softmax(-1).max(-1)
        kept = (scores[0] > self._limits.threshold) & (labels[0] != classes.shape[-1] - 1)
        if not kept.any():
            return None
        masks = outputs.masks_queries_logits[[index]].float()
        return SimpleNamespace(class_queries_logits=classes[:, kept], masks_queries_logits=masks[:, kept])

    def _divide(self, outputs: Any, size: tuple[int, int]) -> tuple[NDArray[np.int32], Sequence[Any]]:
        """Return the segment number of each pixel, shape (height, width), and facts about the segments."""
        width, height = size
        shrink = min(1.0, (LARGEST_MAP / (width * height)) ** 0.5)
        target = (max(1, round(height * shrink)), max(1, round(width * shrink)))
        # `_regions` joins the segments of one kind of stuff: the library's own fusion can reuse numbers.
        fuses = _FAMILIES[self.network.kind].fuses
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
        labels = self.network.model.config.id2label
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
