"""Segment Anything (Kirillov and others, 2023) through Meta's own package and its own .pth checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.boxes import Box, clip
from visprog.errors import ModelFailed, ModelUnavailable
from visprog.libraries import needs
from visprog.models import fingerprints
from visprog.models.checkpoints import place
from visprog.models.encodings import Encodings
from visprog.models.locks import ModelLock, loading_alone
from visprog.models.profile import Spec
from visprog.values import Image, Region, Regions

if TYPE_CHECKING:
    import torch
    from segment_anything.modeling import Sam

_GENERATOR = {
    "points": "points_per_side",
    "quality": "pred_iou_thresh",
    "stability": "stability_score_thresh",
    "nms": "box_nms_thresh",
    "crops": "crop_n_layers",
    "smallest": "min_mask_region_area",
}
"""The options, and their names in SamAutomaticMaskGenerator."""

_SIDE = 1500
"""Default longer side, in pixels, at which a picture is divided. The model itself sees 1024 pixels."""

_PIXELS_IN_BATCH = 60_000_000
"""Maximum number of pixels of masks that are computed at the same time."""

_RETURNED = 2_000_000_000
"""Maximum number of pixels of masks that are returned for a picture. The worst masks are left out."""

_STATE = ("features", "original_size", "input_size", "is_image_set")
"""The attributes of the package's predictor that depend on the current picture."""

_WHERE = "sam_vit_b, sam_vit_l and sam_vit_h are at github.com/facebookresearch/segment-anything"


class SegmentAnything:
    """Finds everything in a picture, without labels (Segmenter), and turns boxes into masks (Masker).

    `model` is a Sam of the package in full precision. SamAutomaticMaskGenerator divides a picture with
    `settings`, at a longer side of at most `side` pixels. Safe between threads.
    """

    def __init__(
        self,
        model: Sam,
        *,
        side: int = _SIDE,
        settings: Mapping[str, Any] | None = None,
        fingerprint: str = "",
    ) -> None:
        from segment_anything import SamAutomaticMaskGenerator, SamPredictor

        self._side = side
        self.predictor = SamPredictor(model.eval())
        self._generator = SamAutomaticMaskGenerator(model, **(settings or {}))
        self.embeddings = Encodings(self._embed, batch_size=1)
        self._lock = ModelLock()
        self.fingerprint = fingerprint
        self.nbytes = sum(weight.numel() * weight.element_size() for weight in model.parameters())

    def segment(self, image: Image) -> Regions:
        """Return a region with a mask, without a label, for each thing and each of its parts, best first."""
        self._check_proportions(image)
        pixels = _shrunk(image.pixels, self._side)
        batch_size = _PIXELS_IN_BATCH // (3 * pixels.shape[0] * pixels.shape[1])
        with self._lock:
            self._generator.points_per_batch = min(max(batch_size, 1), 64)
            found = self._generator.generate(pixels)
        found.sort(key=lambda one: -one["predicted_iou"])
        most = max(1, _RETURNED // (image.width * image.height))
        regions = (_region(one["segmentation"], one["predicted_iou"], image.size) for one in found[:most])
        return Regions((region for region in regions if region is not None), size=image.size)

    def mask(self, image: Image, regions: Regions) -> Regions:
        """Return the same regions in the same order, each with the best of the three masks for its box.

        The best mask is the one with the model's highest confidence. The mask of a region outside the picture
        is empty.
        """
        boxes = [box for region in regions if (box := clip(region.box, image.size)) is not None]
        masks = iter(self._masks(image, boxes) if boxes else ())
        nothing = np.zeros(image.pixels.shape[:2], dtype=np.bool_)
        return Regions(
            [replace(r, mask=next(masks) if clip(r.box, image.size) else nothing) for r in regions],
            size=image.size,
        )

    def _masks(self, image: Image, boxes: Sequence[Box]) -> list[NDArray[np.bool_]]:
        """Return a mask for each box. The picture is embedded once for all boxes."""
        import torch

        self._check_proportions(image)
        batch_size = max(1, _PIXELS_IN_BATCH // (3 * image.width * image.height))
        masks: list[NDArray[np.bool_]] = []
        with self._lock, torch.no_grad():
            predictor = self._predictor_for(image)
            prompts = predictor.transform.apply_boxes_torch(torch.tensor(boxes), image.pixels.shape[:2])
            for part in prompts.to(predictor.device).split(batch_size):
                three, confidences, _ = predictor.predict_torch(None, None, part, multimask_output=True)
                best = three[torch.arange(len(three)), confidences.argmax(dim=1)]
                masks.extend(best.cpu().numpy())
        return masks

    def _predictor_for(self, image: Image) -> Any:
        """Return the predictor with the picture's embedding, from the cache if possible."""
        kept = self.embeddings.of({image.digest: image})[image.digest]
        vars(self.predictor).update(zip(_STATE, kept, strict=True))
        return self.predictor

    def _embed(self, images: Sequence[Image]) -> Iterator[tuple[Any, ...]]:
        for image in images:
            self.predictor.set_image(image.pixels)
            yield tuple(getattr(self.predictor, name) for name in _STATE)

    def _check_proportions(self, image: Image) -> None:
        if max(image.size) > self.predictor.transform.target_length * min(image.size):
            raise ModelFailed(
                f"the picture of {image.width}x{image.height} is too thin for Segment Anything",
                help="crop it, or repeat its edges",
            )


def load(role: str, identifier: str, options: Mapping[str, Any]) -> SegmentAnything:
    """Load a checkpoint of any size: `identifier` is a .pth file, or a folder with one.

    The record of the backend describes the options. Raises ModelUnavailable.
    """
    del role  # it fills both
    path = _find(identifier)
    device, dtype = place(options)
    with needs("segment_anything"):
        import segment_anything  # noqa: F401
    import torch

    if device.type == "mps" and "device" not in options:
        device = torch.device("cpu")  # the package computes with float64, which MPS does not have
    model = _read(path).to(device)
    if dtype != torch.float32:
        model.image_encoder.forward = partial(_encoded, model.image_encoder.forward, device.type, dtype)
    return SegmentAnything(
        model,
        side=options.get("side", _SIDE),
        settings={_GENERATOR[option]: options[option] for option in _GENERATOR if option in options},
        fingerprint=fingerprints.fingerprint(Spec("segment_anything", identifier, options)),
    )


def _find(identifier: str) -> Path:
    path = Path(identifier).expanduser()
    files = [path] if path.is_file() else sorted(path.glob("*.pth")) if path.is_dir() else []
    if len(files) == 1:
        return files[0]
    if files:
        raise ModelUnavailable(
            f"the folder {identifier} has {len(files)} checkpoints", help="give the path of one .pth file"
        )
    raise ModelUnavailable(f"no .pth file found at {identifier!r}", help=_WHERE)


def _read(path: Path) -> Sam:
    """Build the model for the weights in a file, and load them. Code in the file is never run."""
    import torch

    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        with loading_alone():
            model = build_sam(weights)
        model.load_state_dict(weights)
    except Exception as cause:
        raise ModelUnavailable(
            f"{path} is not a checkpoint of Segment Anything, or it is damaged ({type(cause).__name__})",
            help=_WHERE,
        ) from cause
    return model


def build_sam(weights: Mapping[str, torch.Tensor]) -> Sam:
    """Build a Sam with the sizes of its weights. Other settings are those of Meta's three models."""
    import torch
    from segment_anything.modeling import (
        ImageEncoderViT,
        MaskDecoder,
        PromptEncoder,
        Sam,
        TwoWayTransformer,
    )

    patches = weights["image_encoder.patch_embed.proj.weight"]
    grid = weights["image_encoder.pos_embed"].shape[1]
    size = grid * patches.shape[-1]
    depth = _count(weights, "image_encoder.blocks")
    reaches = [weights[f"image_encoder.blocks.{i}.attn.rel_pos_h"] for i in range(depth)]
    windows = [(len(reach) + 1) // 2 for reach in reaches]
    hidden = weights["image_encoder.blocks.0.mlp.lin1.weight"].shape[0]
    prompt = weights["image_encoder.neck.0.weight"].shape[0]
    encoder = ImageEncoderViT(
        img_size=size,
        patch_size=patches.shape[-1],
        embed_dim=patches.shape[0],
        depth=depth,
        num_heads=patches.shape[0] // reaches[0].shape[1],
        mlp_ratio=hidden / patches.shape[0],
        out_chans=prompt,
        norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=min(windows),
        global_attn_indexes=tuple(i for i, window in enumerate(windows) if window == grid),
    )
    prompts = PromptEncoder(
        embed_dim=prompt,
        image_embedding_size=(grid, grid),
        input_image_size=(size, size),
        mask_in_chans=weights["prompt_encoder.mask_downscaling.3.weight"].shape[0],
    )
    transformer = TwoWayTransformer(
        depth=_count(weights, "mask_decoder.transformer.layers"),
        embedding_dim=prompt,
        mlp_dim=weights["mask_decoder.transformer.layers.0.mlp.lin1.weight"].shape[0],
        num_heads=8,
    )
    decoder = MaskDecoder(
        transformer_dim=prompt,
        transformer=transformer,
        num_multimask_outputs=len(weights["mask_decoder.mask_tokens.weight"]) - 1,
        iou_head_depth=_count(weights, "mask_decoder.iou_prediction_head.layers"),
        iou_head_hidden_dim=weights["mask_decoder.iou_prediction_head.layers.0.weight"].shape[0],
    )
    return Sam(encoder, prompts, decoder)


def _count(weights: Mapping[str, torch.Tensor], prefix: str) -> int:
    """Return the number of numbered layers under the prefix."""
    numbers = {name[len(prefix) + 1 :].partition(".")[0] for name in weights if name.startswith(f"{prefix}.")}
    return len(numbers)


def _encoded(encode: Any, device: str, dtype: torch.dtype, pixels: torch.Tensor) -> torch.Tensor:
    """Embed a picture in half precision. The rest stays in full precision, to keep points exact."""
    import torch

    with torch.autocast(device, dtype):
        embedding: torch.Tensor = encode(pixels)
    return embedding.float()


def _shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the pixels scaled down to a longer side of at most `side`."""
    factor = side / max(pixels.shape[:2])
    if factor >= 1:
        return pixels
    size = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    return np.asarray(PILImage.fromarray(pixels).resize(size, PILImage.Resampling.LANCZOS))


def _region(mask: NDArray[np.bool_], score: float, size: tuple[int, int]) -> Region | None:
    """Return the region of a mask, scaled to the picture's size; None if the mask becomes empty."""
    if (mask.shape[1], mask.shape[0]) != size:
        plane = PILImage.fromarray(mask.astype(np.uint8) * 255)
        mask = np.asarray(plane.resize(size, PILImage.Resampling.BILINEAR)) > 127
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return Region(box, score=min(max(score, 0.0), 1.0), mask=mask)
