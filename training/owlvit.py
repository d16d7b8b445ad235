"""A small OWL-ViT (Minderer et al., 2022): each patch of a picture gives a box, and a score for each name.

It starts from CLIP's two encoders. The patches in the middle of an object predict its box, so no matching is
needed. Non-maximum suppression removes duplicates.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import generalized_box_iou_loss
from transformers import (
    CLIPModel,
    OwlViTConfig,
    OwlViTForObjectDetection,
    OwlViTImageProcessor,
    OwlViTProcessor,
)

from training.clip import text_config, vision_config
from training.crops import Pixels, resized, to_tensor
from training.loop import Schedule, fit
from training.pictures import Picture, Pictures
from training.saving import MINI, save
from training.tokenizers import clip_tokenizer, texts
from visprog.boxes import box_overlap
from visprog.evaluation.metrics import SAME_PLACE
from visprog.miniworld.captions import names_of, with_article
from visprog.miniworld.catalogue import CATEGORIES, COLOURS, KINDS, plural_of
from visprog.miniworld.scene import Thing, generator

PATCH, LENGTH = 16, 16
_TEXT = ("text_model", "text_projection")
STAGES = (
    (160, Schedule(steps=3900, rate=9e-4, end=0.5, decay=0.05, loose=_TEXT, loose_rate=0.3)),
    (192, Schedule(steps=4800, rate=7e-4, decay=0.05, loose=_TEXT, loose_rate=0.3)),
)
"""Width of the pictures in pixels and schedule of each stage. Small pictures come first: they are fast."""
_BATCH = 32
_COLOURED = 40
"""Number of names with colours in a batch, besides all names without colours."""

_SHOWN, _HIDDEN = 0.4, 0.15
"""An object is present in a part if at least the first share of it is inside, absent below the second."""

NAMES = (*CATEGORIES, *(kind for kind in KINDS if kind != "object"), "face")


class Target(NamedTuple):
    """The targets of a picture's patches, row by row.

    `boxes` are the middle and the size (x, y, width, height) as fractions, shape (patches, 4). `names` are
    the right names for each patch. They are empty if it shows no object. `counted` leaves out patches whose
    object is only partly visible.
    """

    boxes: NDArray[np.float32]
    names: list[frozenset[str]]
    counted: NDArray[np.bool_]


def build(side: int, clip: Path = MINI / "clip") -> tuple[OwlViTForObjectDetection, OwlViTProcessor]:
    """Return a model for pictures of this width, with the encoders of a trained CLIP, and its processor."""
    torch.manual_seed(0)
    tokenizer = clip_tokenizer(texts(), length=LENGTH)
    config = OwlViTConfig(
        text_config=text_config(tokenizer, LENGTH),
        vision_config={**vision_config(), "image_size": side},
        projection_dim=128,
    )
    config._attn_implementation = "eager"  # the other implementations are slow in bfloat16 on a CPU
    model = OwlViTForObjectDetection(config)
    _calm(model)
    if clip.exists():
        _take_encoders(model, CLIPModel.from_pretrained(clip, dtype=torch.float32))
    size = {"height": side, "width": side}
    images = OwlViTImageProcessor(
        size=size, crop_size=size, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    return model, OwlViTProcessor(images, tokenizer)


def train(folder: Path, pool: Path, weights: Path) -> None:
    """Train the model, print validation scores, and save the weights."""
    pictures, unseen = Pictures(pool, "train", 24_000), Pictures(pool, "validation", 1000)
    before: dict[str, Tensor] | None = None
    for side, schedule in STAGES:
        model, processor = build(side, weights / "clip")
        if before is not None:
            model.load_state_dict(_at_size(before, side // PATCH))
        _learn(model, processor, pictures, unseen, schedule, folder / str(side))
        before = model.state_dict()
    save(model, processor, folder=weights / "owlvit")


def _learn(
    model: OwlViTForObjectDetection,
    processor: OwlViTProcessor,
    pictures: Pictures,
    unseen: Pictures,
    schedule: Schedule,
    folder: Path,
) -> None:
    side = model.config.vision_config.image_size

    def loss(network: nn.Module, step: int) -> Tensor:
        rng = generator(step, "train", f"owlvit {side}")
        samples = [part(pictures[rng.randrange(len(pictures))], rng, side) for _ in range(_BATCH)]
        return detection_loss(network, processor.tokenizer, samples, rng)

    def validate(network: nn.Module) -> str:
        save(network, processor, folder=folder / "trial")
        return measured(folder / "trial", unseen, 120)

    fit(model, loss, schedule, folder, validate=validate, every=1200)


def part(picture: Picture, rng: random.Random, side: int) -> tuple[Pixels, Target]:
    """Return a picture or a part of it, `side` wide and mirrored at random, and its targets."""
    rows, columns = picture.ground.shape
    left, upper, right, lower = 0, 0, columns, rows
    if rng.random() < 0.5:
        width = columns if rng.random() < 0.35 else round(columns * rng.uniform(0.3, 1))
        height = rows if rng.random() < 0.35 else round(rows * rng.uniform(0.3, 1))
        left, upper = rng.randint(0, columns - width), rng.randint(0, rows - height)
        right, lower = left + width, upper + height
    pixels = resized(picture.pixels[upper:lower, left:right], side, side)
    frame = np.array([left, upper, left, upper], np.float32)
    scale = np.array([right - left, lower - upper] * 2, np.float32)
    entries = []
    for number, thing in enumerate(picture.scene.things):
        box, face, seen = picture.boxes[number], picture.drawn.face(number), float(picture.seen[number])
        is_head = face is not None and box_overlap(box, face) > 0.5
        entries.append(
            (_relative(box, frame, scale), seen, (*names_of(thing), *(("face",) if is_head else ())))
        )
        if face is not None and not is_head and seen > 0.7:
            entries.append((_relative(face, frame, scale), seen, ("face",)))
    if rng.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        entries = [
            (np.array([1 - box[2], box[1], 1 - box[0], box[3]]), seen, names) for box, seen, names in entries
        ]
    return pixels, patch_targets(entries, side // PATCH)


def _relative(box: Sequence[float], frame: NDArray[Any], scale: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((np.asarray(box) - frame) / scale)


def patch_targets(entries: Sequence[tuple[NDArray[Any], float, tuple[str, ...]]], cells: int) -> Target:
    """Return the targets of `cells` x `cells` patches for boxes (left, top, right, bottom as fractions).

    A patch predicts the object whose middle is nearest, relative to its size. Faces come before other
    objects.
    """
    boxes = np.zeros((cells * cells, 4), np.float32)
    names: list[frozenset[str]] = [frozenset()] * (cells * cells)
    counted = np.ones(cells * cells, bool)
    nearest = np.full(cells * cells, np.inf)
    centres = (np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), -1).reshape(-1, 2) + 0.5) / cells
    for box, seen, called in entries:
        inside = np.clip(box, 0, 1)
        size, whole = inside[2:] - inside[:2], box[2:] - box[:2]
        if (size <= 0).any():
            continue
        share = seen * float(size.prod() / whole.prod())
        middle = (inside[:2] + inside[2:]) / 2
        apart = np.abs(centres - middle) / size
        near = (apart < 0.25).all(-1)
        near[(np.abs(centres - middle)).sum(-1).argmin()] = True
        if share < _SHOWN:
            if share > _HIDDEN:
                counted[(apart < 0.5).all(-1) & np.isinf(nearest)] = False
            continue
        for index in np.flatnonzero(near):
            distance = -1.0 if called == ("face",) else float(apart[index].max())
            if distance < nearest[index]:
                nearest[index], counted[index] = distance, True
                boxes[index], names[index] = (*middle, *size), frozenset(called)
    return Target(boxes, names, counted)


def detection_loss(
    network: nn.Module, tokenizer: Any, samples: Sequence[tuple[Pixels, Target]], rng: random.Random
) -> Tensor:
    """Return the loss: focal binary cross-entropy for names, L1 and generalised IoU for boxes."""
    dtype = next(network.parameters()).dtype
    names = _asked([target for _, target in samples], rng)
    queries = tokenizer(
        [_worded(name, rng) for name in names], padding="max_length", max_length=LENGTH, return_tensors="pt"
    )
    read = network.owlvit.get_text_features(**queries).pooler_output
    features, _ = network.image_embedder(to_tensor([pixels for pixels, _ in samples], dtype))
    features = features.flatten(1, 2)
    logits, _ = network.class_predictor(features, read[None].expand(len(samples), -1, -1))
    boxes = network.box_predictor(features, features).float()
    right = torch.from_numpy(_columns([target for _, target in samples], names))
    counted = torch.from_numpy(np.stack([target.counted for _, target in samples]))
    positive = right.any(-1)
    wanted = torch.from_numpy(np.stack([target.boxes for _, target in samples]))[positive]
    found, count = boxes[positive], max(int(positive.sum()), 1)
    naming = _focal(logits.float(), right.float())[counted].sum() / count
    edges = nn.functional.l1_loss(found, wanted, reduction="sum") / count
    overlap = generalized_box_iou_loss(_corners(found), _corners(wanted), reduction="sum") / count
    return naming + 3 * edges + 1.5 * overlap


def _columns(targets: Sequence[Target], names: Sequence[str]) -> NDArray[np.bool_]:
    """Return whether a name is right for a patch, shape (pictures, patches, names)."""
    numbers = {name: number for number, name in enumerate(names)}
    right = np.zeros((len(targets), len(targets[0].names), len(names)), bool)
    for number, target in enumerate(targets):
        for index, cell in enumerate(target.names):
            for name in cell:
                if name in numbers:
                    right[number, index, numbers[name]] = True
    return right


def _asked(targets: Sequence[Target], rng: random.Random) -> list[str]:
    """Return all names without colours, and some with colours: right ones and the same with wrong colours."""
    shown = {name for target in targets for cell in target.names for name in cell if name not in NAMES}
    listed = rng.sample(sorted(shown), min(len(shown), _COLOURED // 2))
    wrong = [f"{rng.choice(COLOURS)} {name.partition(' ')[2]}" for name in listed]
    return [*NAMES, *dict.fromkeys([*listed, *wrong])]


def _worded(name: str, rng: random.Random) -> str:
    """Return a query for a name: mostly unchanged, sometimes in the plural or with an article."""
    chance = rng.random()
    if chance < 0.12 and (name in CATEGORIES or name in KINDS):
        return plural_of(name)
    return with_article(name) if chance < 0.2 else name


def _focal(logits: Tensor, right: Tensor, gamma: float = 2.0, alpha: float = 0.6) -> Tensor:
    """Return the focal loss (Lin et al., 2017) of each logit. Right names have the weight `alpha`."""
    likely = torch.sigmoid(logits)
    missed = torch.where(right > 0, 1 - likely, likely)
    weight = torch.where(right > 0, alpha, 1 - alpha)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, right, reduction="none")
    return weight * missed**gamma * loss


def _corners(boxes: Tensor) -> Tensor:
    middle, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([middle - size / 2, middle + size / 2], -1)


def measured(folder: Path, pictures: Pictures, count: int) -> str:
    """Return the best F1 over some thresholds, at IoU 0.5, with as many absent as present categories."""
    from visprog.models.backends.transformers.detector import load_detector

    detector = load_detector("detector", str(folder), {"template": "{}", "threshold": 0.1})
    rng = generator(0, "validation", "owlvit")
    hits: list[tuple[float, bool]] = []
    total = 0
    for index in range(count):
        picture = pictures[index]
        here = sorted({thing.category for thing in picture.scene.things})
        asked = [*here, *rng.sample([name for name in CATEGORIES if name not in here], len(here))]
        found = detector.detect(picture.drawn.image, asked)
        for name in here:
            total += sum(thing.category == name for thing in picture.scene.things)
        hits += matched(found, picture.scene.things, picture.boxes)
    best = max((f1(hits, total, threshold / 20), threshold / 20) for threshold in range(2, 16))
    return f"F1 {best[0]:.3f} at threshold {best[1]:.2f}"


def matched(found: Any, things: Sequence[Thing], boxes: NDArray[np.int32]) -> list[tuple[float, bool]]:
    """Return each region's score, and whether it is the first one that finds an object of its name."""
    taken: set[int] = set()
    results = []
    for region in found:
        overlaps = {
            number: box_overlap(region.box, boxes[number])
            for number, thing in enumerate(things)
            if thing.category == region.label and number not in taken
        }
        best = max(overlaps, key=overlaps.__getitem__, default=None)
        right = best is not None and overlaps[best] >= SAME_PLACE
        if right and best is not None:
            taken.add(best)
        results.append((float(region.score), right))
    return results


def f1(hits: Sequence[tuple[float, bool]], total: int, threshold: float) -> float:
    """Return F1, the harmonic mean of precision and recall, of regions that score at least `threshold`."""
    kept = [right for score, right in hits if score >= threshold]
    return 2 * sum(kept) / max(len(kept) + total, 1)


def _calm(model: OwlViTForObjectDetection) -> None:
    """Initialize with small weights. The library's weights are too large for a small network."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif "class_embedding" in name:
            nn.init.normal_(module.weight, std=0.02)
    nn.init.normal_(model.owlvit.vision_model.embeddings.class_embedding, std=0.02)
    head = model.class_head
    for linear, start in ((head.logit_shift, -0.7), (head.logit_scale, 5.0)):
        nn.init.normal_(linear.weight, std=0.01)
        nn.init.constant_(linear.bias, start)
    nn.init.normal_(model.box_head.dense2.weight, std=0.01)


_PLACES = "vision_model.embeddings.position_embedding.weight"


def _take_encoders(model: OwlViTForObjectDetection, clip: CLIPModel) -> None:
    """Copy CLIP's encoders. The positions of its patches are interpolated for the larger picture."""
    weights = {
        name.replace("pre_layrnorm", "pre_layernorm"): value for name, value in clip.state_dict().items()
    }
    weights[_PLACES] = resize_positions(weights[_PLACES], model.num_patches_width)
    lengths = "text_model.embeddings.position_embedding.weight"
    weights[lengths] = weights[lengths][:LENGTH]
    missing, unexpected = model.owlvit.load_state_dict(weights, strict=False)
    if missing or unexpected:
        raise ValueError(f"CLIP's encoders do not fit: missing {missing}, unexpected {unexpected}")


def _at_size(weights: dict[str, Tensor], cells: int) -> dict[str, Tensor]:
    """Return the weights for pictures with `cells` patches on each side."""
    places = f"owlvit.{_PLACES}"
    return {**weights, places: resize_positions(weights[places], cells)}


def resize_positions(places: Tensor, cells: int) -> Tensor:
    """Return position embeddings, shape (1 + cells ** 2, size), interpolated to another number of cells."""
    old = round((len(places) - 1) ** 0.5)
    grid = places[1:].T.reshape(1, -1, old, old)
    grid = nn.functional.interpolate(grid, size=(cells, cells), mode="bicubic", align_corners=False)
    return torch.cat([places[:1], grid.flatten(2)[0].T])
