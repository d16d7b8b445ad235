"""SAM and SAM 2 (Segment Anything): masks for boxes and points, and the division of a picture by a grid.

A picture is embedded once, and the embedding answers any number of prompts. The network returns three masks
for each prompt (whole, part and subpart), each with its expected overlap with the true mask. The mask with
the highest expected overlap is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.boxes import Box, clip, enlarge
from visprog.libraries import needs
from visprog.models.backends.transformers.geometry import (
    bounding_box,
    computing,
    load_precise,
    reject_thin,
)
from visprog.models.backends.transformers.network import Network
from visprog.models.encodings import Encodings
from visprog.values import Image, Region, Regions

if TYPE_CHECKING:
    import torch

KINDS = ("sam", "sam2", "sam2_video")
"""The library's names for the architectures. The published checkpoints of SAM 2 use the last one."""

_BATCH_SIZE = 4
_PROMPTS = 64
_PIXELS = 2**27

_SIDE = 1_500
"""Maximum longer side, in pixels, at which a picture is divided: there are many candidates."""

_NARROW = 16
"""Ratio of the sides above which a part of a picture is not embedded separately."""

_RETURNED = 2_000_000_000
"""Maximum number of pixels of all masks that dividing a picture returns."""


class Grid(NamedTuple):
    """The grid that divides a picture: `points` per side, and the limits that its masks must pass.

    The expected overlap of a mask with the truth must be above `quality`. Its `stability` is the overlap of
    the masks at a higher and a lower threshold. Its box must not overlap the box of a better mask by more
    than `nms`.
    """

    points: int = 32
    quality: float = 0.88
    stability: float = 0.95
    nms: float = 0.7


def load_sam(role: str, identifier: str, options: Mapping[str, Any]) -> SegmentAnything:
    """Load SAM or SAM 2, for either of its roles. The options are those of Grid, and `zoom`.

    With `zoom`, the network sees for each box only a part of the picture, `zoom` times as large as the box.
    That enlarges small things, and needs one embedding for each box instead of one for the picture.
    """
    del role  # it fills both
    network = load_precise(
        "AutoModelForMaskGeneration",
        identifier,
        options,
        (*Grid._fields, "zoom"),
        kinds=KINDS,
        processor="AutoImageProcessor",
    )
    grid = Grid(**{name: options[name] for name in Grid._fields if name in options})
    return SegmentAnything(network, grid, options.get("zoom"))


class _Embedded(NamedTuple):
    """The embedding of a picture: its features, its size, and its size as the network saw it."""

    features: Any
    size: tuple[int, int]
    reshaped: tuple[int, int]


class _Candidates(NamedTuple):
    """Candidate masks: coarse logits of shape (n, side, side), scores of shape (n,), and boxes."""

    logits: torch.Tensor
    scores: torch.Tensor
    boxes: list[Box]


class SegmentAnything:
    """Turns boxes and points into masks, and divides a picture into regions. Safe between threads.

    It caches the embeddings of the most recent pictures.
    """

    def __init__(self, network: Network, grid: Grid | None = None, zoom: float | None = None) -> None:
        self.network = network
        self._grid = grid or Grid()
        self._zoom = zoom
        self.embeddings = Encodings(self._embed, batch_size=_BATCH_SIZE)
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def mask(self, image: Image, regions: Regions) -> Regions:
        """Return the same regions in the same order, each with the mask of the thing in its box.

        The mask of a box outside the picture is empty.
        """
        return self.mask_batch([(image, regions)])[0]

    def mask_batch(self, calls: Sequence[tuple[Image, Regions]]) -> list[Regions]:
        """Return the result of `mask` for each call. New pictures are embedded together."""
        if self._zoom is None:
            return self._mask_all(calls)
        parts = [[_part(image, region, self._zoom) for region in regions] for image, regions in calls]
        found = iter(self._mask_all([(part.image, part.region) for each in parts for part in each]))
        return [
            _with_masks(image, regions, [part.whole(next(found)[0].mask, image) for part in each])
            for (image, regions), each in zip(calls, parts, strict=True)
        ]

    def _mask_all(self, calls: Sequence[tuple[Image, Regions]]) -> list[Regions]:
        asked = [image for image, regions in calls if any(clip(each.box, image.size) for each in regions)]
        for image in asked:
            reject_thin(image)
        with self.network.lock:
            self.embeddings.of({image.digest: image for image in asked})
            return [self._masked(image, regions) for image, regions in calls]

    def _masked(self, image: Image, regions: Regions) -> Regions:
        masks = [np.zeros((image.height, image.width), dtype=np.bool_) for _ in regions]
        boxes = [clip(region.box, image.size) for region in regions]
        inside = [index for index, box in enumerate(boxes) if box is not None]
        for start in range(0, len(inside), _PROMPTS):
            part = inside[start : start + _PROMPTS]
            logits, scores = self._ask(image, boxes=[boxes[index] for index in part])
            best = logits[range(len(part)), scores.argmax(-1)]
            for index, mask in zip(part, self._full_size(image, best), strict=True):
                masks[index] = mask
        return _with_masks(image, regions, masks)

    def mask_at(self, image: Image, points: Sequence[tuple[float, float]]) -> Regions:
        """Return up to three masks of the thing that contains all `points`, (x, y) in pixels, best first.

        The score of a mask is its expected overlap with the truth. Empty masks are left out.
        """
        if not points:
            return Regions(size=image.size)
        with self.network.lock:
            logits, scores = self._ask(image, points=[list(points)])
            masks = list(self._full_size(image, logits[0]))
        regions = list(_regions(masks, scores[0].tolist()))
        return Regions(sorted(regions, key=lambda region: -region.score), size=image.size)

    def segment(self, image: Image) -> Regions:
        """Return a region with a mask, without a label, for everything that can be distinguished, best first.

        A large picture is scaled down first. If memory is too small for all masks, the worst are left out.
        """
        with needs("torchvision.ops"):
            from torchvision.ops import nms

        reject_thin(image)
        seen = _shrunk(image)
        with self.network.lock:
            found = [self._candidates(seen, points) for points in self._points(seen)]
            scores = _joined([part.scores for part in found])
            boxes = [box for part in found for box in part.boxes]
            if not boxes:
                return Regions(size=image.size)
            most = max(1, _RETURNED // (image.width * image.height))
            kept = nms(scores.new_tensor(boxes), scores, self._grid.nms)[:most]
            masks = list(self._full_size(seen, _joined([part.logits for part in found])[kept]))
        whole = [_stretched(mask, image.size) for mask in masks]
        return Regions(_regions(whole, scores[kept].tolist()), size=image.size)

    def _points(self, image: Image) -> Iterator[list[list[tuple[float, float]]]]:
        """Yield the points of the grid in batches. Each point is one prompt."""
        middles = (np.arange(self._grid.points) + 0.5) / self._grid.points
        points = [[(x * image.width, y * image.height)] for y in middles for x in middles]
        for start in range(0, len(points), _PROMPTS):
            yield points[start : start + _PROMPTS]

    def _candidates(self, image: Image, points: list[list[tuple[float, float]]]) -> _Candidates:
        """Return the masks at these points that pass the limits. They stay coarse to save memory."""
        logits, scores = self._ask(image, points=points)
        logits, scores = logits.flatten(0, 1), scores.flatten(0, 1)
        likely = scores > self._grid.quality
        logits, scores = logits[likely], scores[likely]
        boxes: list[Box | None] = []
        for fine in self._enlarged(image, logits):
            inner, outer = (fine > 1).sum((-2, -1)), (fine > -1).sum((-2, -1))
            stable = (inner / outer > self._grid.stability).tolist()  # 0 / 0 is not stable
            masks = (fine > 0).cpu().numpy()
            boxes += [bounding_box(mask) if kept else None for mask, kept in zip(masks, stable, strict=True)]
        kept = [index for index, box in enumerate(boxes) if box is not None]
        return _Candidates(logits[kept], scores[kept], [box for box in boxes if box is not None])

    def _ask(
        self,
        image: Image,
        *,
        boxes: Sequence[Any] | None = None,
        points: Sequence[Sequence[tuple[float, float]]] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return three coarse masks for each prompt, shape (prompts, 3, side, side), and their scores.

        The masks are logits. The prompts are boxes, or lists of points of the same length, in pixels.
        """
        import torch

        known = self._known(image)
        across, down = known.reshaped[1] / known.size[1], known.reshaped[0] / known.size[0]
        prompts: dict[str, Any] = {}
        if boxes is not None:
            prompts["input_boxes"] = torch.tensor([boxes]) * torch.tensor([across, down, across, down])
        if points is not None:
            prompts["input_points"] = torch.tensor([points]) * torch.tensor([across, down])
        placed = {name: value.float().to(self.network.device) for name, value in prompts.items()}
        with torch.inference_mode():
            outputs = self.network.model(image_embeddings=known.features, multimask_output=True, **placed)
            return outputs.pred_masks[0].float(), outputs.iou_scores[0].float()

    def _known(self, image: Image) -> _Embedded:
        reject_thin(image)
        return self.embeddings.of({image.digest: image})[image.digest]

    def _embed(self, images: Sequence[Image]) -> Iterator[_Embedded]:
        """Yield the embedding of each picture. Only the embedding is computed in the network's dtype."""
        inputs = self.network.processor(images=[image.to_pil() for image in images], return_tensors="pt")
        pixels = inputs["pixel_values"].to(self.network.device)
        with computing(self.network):
            features = self.network.model.get_image_embeddings(pixels)
        # SAM scales a picture to fit its square, SAM 2 to fill it.
        reshaped = inputs.get("reshaped_input_sizes", [pixels.shape[-2:]] * len(images))
        for index, image in enumerate(images):
            levels = features if isinstance(features, list) else [features]
            own = [level[[index]].float() for level in levels]
            height, width = (int(edge) for edge in reshaped[index])
            yield _Embedded(
                own if isinstance(features, list) else own[0], (image.height, image.width), (height, width)
            )

    def _full_size(self, image: Image, logits: torch.Tensor) -> Iterator[NDArray[np.bool_]]:
        """Yield the masks of coarse logits, shape (n, side, side), in the picture's size."""
        for fine in self._enlarged(image, logits):
            yield from (fine > 0).cpu().numpy()

    def _enlarged(self, image: Image, logits: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield logits in the picture's size, shape (batch, height, width). A batch fits into memory."""
        known = self._known(image)
        batch = max(1, _PIXELS // max(image.width * image.height, 1024 * 1024))
        for start in range(0, len(logits), batch):
            [fine] = self.network.processor.post_process_masks(
                [logits[start : start + batch, None]],
                original_sizes=[known.size],
                reshaped_input_sizes=[known.reshaped],
                binarize=False,
            )
            yield fine[:, 0]


def _with_masks(image: Image, regions: Regions, masks: Sequence[NDArray[np.bool_]]) -> Regions:
    return Regions(
        (Region(r.box, r.label, r.score, mask) for r, mask in zip(regions, masks, strict=True)),
        size=image.size,
    )


class _Part(NamedTuple):
    """A part of a picture, and the region in it."""

    image: Image
    region: Regions
    corner: tuple[int, int]

    def whole(self, mask: NDArray[np.bool_] | None, image: Image) -> NDArray[np.bool_]:
        """Return the mask of the part as a mask of the whole picture."""
        found = np.zeros((image.height, image.width), dtype=np.bool_)
        (left, top), (width, height) = self.corner, self.image.size
        found[top : top + height, left : left + width] = mask
        return found


def _part(image: Image, region: Region, zoom: float) -> _Part:
    """Return the part around a region; the whole picture if the part is empty or too narrow."""
    left, top, right, bottom = region.box
    frame = clip(region.box, image.size) and enlarge(region.box, zoom, image.size)
    if frame is None or _is_narrow(frame):
        frame = (0, 0, *image.size)
    x, y, *_ = frame
    box = Region((left - x, top - y, right - x, bottom - y))
    part = image.crop(frame)
    return _Part(part, Regions([box], size=part.size), (x, y))


def _is_narrow(box: Box) -> bool:
    width, height = box[2] - box[0], box[3] - box[1]
    return max(width, height) > _NARROW * min(width, height)


def _shrunk(image: Image) -> Image:
    """Return the picture with a longer side of at most `_SIDE` pixels."""
    factor = _SIDE / max(image.size)
    if factor >= 1:
        return image
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return Image.from_pil(image.to_pil().resize(size, PILImage.Resampling.LANCZOS))


def _stretched(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    if mask.shape == (size[1], size[0]):
        return mask
    grey = PILImage.fromarray(np.where(mask, np.uint8(255), np.uint8(0)))
    return np.asarray(grey.resize(size, PILImage.Resampling.BILINEAR)) >= 128


def _regions(masks: Sequence[NDArray[np.bool_]], scores: Sequence[float]) -> Iterator[Region]:
    for mask, score in zip(masks, scores, strict=True):
        box = bounding_box(mask)
        if box is not None:
            yield Region(box, score=min(max(score, 0.0), 1.0), mask=mask)


def _joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    import torch

    return torch.cat(list(parts))
