"""A small MaskFormer (Cheng et al., 2021): a small ResNet, a feature pyramid and two decoder layers.

Each query belongs to one kind of stuff, or to one cell of a grid and the object whose middle is there. So no
matching is needed: the target of each query is known from the first step.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PILImage
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    DetrConfig,
    MaskFormerConfig,
    MaskFormerForInstanceSegmentation,
    MaskFormerImageProcessor,
    ResNetConfig,
)

from training.crops import Pixels, to_tensor
from training.loop import Schedule, fit
from training.pictures import Picture, Pictures
from training.saving import save
from visprog.evaluation.metrics import mask_overlap
from visprog.miniworld.catalogue import CATEGORIES, STUFF
from visprog.models.backends.transformers.segmenter import load_segmenter
from visprog.values import Regions

LABELS = (*CATEGORIES, *STUFF)
"""The labels of regions: categories of objects, then kinds of stuff."""

SIDE = 192
"""Width and height of the input in pixels. A coarse pixel is 4 pixels wide."""

GRID = 10
"""Number of cells on each side of the grid. Each cell has its own query, after the queries for stuff."""

SCHEDULE = Schedule(steps=4000, rate=1e-3, decay=0.05)
_BATCH = 16
_WIDTH = 112
_COARSE = SIDE // 4
_NOTHING = len(LABELS)
_NOTHING_WEIGHT = 0.1


class Asked(NamedTuple):
    """The target of a query: the number of its label, and its share of each coarse pixel."""

    query: int
    label: int
    mask: NDArray[np.float32]


class Sample(NamedTuple):
    """A picture at the network's size, and the targets of the queries that have one."""

    pixels: Pixels
    asked: Sequence[Asked]


def build() -> tuple[MaskFormerForInstanceSegmentation, MaskFormerImageProcessor]:
    """Return an untrained model, whose queries attend to their own cells, and its processor."""
    torch.manual_seed(0)
    backbone = ResNetConfig(
        embedding_size=32,
        hidden_sizes=[64, 96, 128],
        depths=[1, 2, 4],
        layer_type="basic",
        out_features=["stage1", "stage2", "stage3"],
    )
    decoder = DetrConfig(
        d_model=_WIDTH,
        num_queries=len(STUFF) + GRID**2,
        encoder_layers=0,
        encoder_attention_heads=4,
        decoder_layers=2,
        decoder_attention_heads=4,
        decoder_ffn_dim=2 * _WIDTH,
        dropout=0.0,
    )
    config = MaskFormerConfig(
        backbone_config=backbone,
        decoder_config=decoder,
        fpn_feature_size=64,
        mask_feature_size=64,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )
    # Other attention implementations are slow in bfloat16 on a CPU.
    model = MaskFormerForInstanceSegmentation._from_config(config, attn_implementation="eager")
    _initialize(model)
    processor = MaskFormerImageProcessor(
        size={"height": SIDE, "width": SIDE},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
        num_labels=len(LABELS),
    )
    return model, processor


def _initialize(model: MaskFormerForInstanceSegmentation) -> None:
    """Initialize the weights for training from scratch."""
    transformer = model.model.transformer_module
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)  # the library starts near zero, which is for trained backbones
    for part in (transformer.decoder, model.class_predictor):
        for module in part.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
    with torch.no_grad():
        _look_at_cells(transformer)


def _look_at_cells(transformer: Any) -> None:
    """Initialize the queries of the grid with the positions of their cells, so that they attend to them.

    Otherwise an untrained decoder attends to all positions equally and needs most of the training to find the
    right ones. Here the two fastest waves of each axis are used only for positions, with a high weight.
    """
    side, axis = SIDE // 16, _WIDTH // 2
    waves = [*range(4), *range(axis, axis + 4)]
    positions = transformer.position_embedder((1, _WIDTH, side, side), torch.device("cpu"), torch.float32)
    cells = functional.interpolate(positions, size=(GRID, GRID), mode="bilinear")
    queries = transformer.queries_embedder.weight
    nn.init.normal_(queries[: len(STUFF)], std=0.5)
    queries[: len(STUFF), waves] = 0
    queries[len(STUFF) :] = cells[0].flatten(1).T
    transformer.input_projection.weight[waves] = 0
    for layer in transformer.decoder.layers:
        layer.self_attn_layer_norm.weight[waves] = 0
        for projection in (layer.encoder_attn.q_proj, layer.encoder_attn.k_proj):
            for head in projection.weight.view(-1, layer.encoder_attn.head_dim, _WIDTH):
                head[: len(waves)] = 10 * torch.eye(_WIDTH)[waves]


def train(folder: Path, pool: Path, weights: Path) -> None:
    """Train the model, print validation scores, and save the weights."""
    pictures, unseen = Pictures(pool, "train", 24_000), Pictures(pool, "validation", 1000)
    model, processor = build()

    def loss(network: nn.Module, step: int) -> Tensor:
        rng = np.random.default_rng(step)
        numbers = rng.integers(len(pictures), size=_BATCH)
        return segmentation_loss(network, [sample(pictures[int(number)], rng) for number in numbers])

    def validate(network: nn.Module) -> str:
        save(network, processor, folder=folder / "trial")
        return measured(folder / "trial", unseen, 200)

    fit(model, loss, SCHEDULE, folder, validate=validate, every=1000)
    save(model, processor, folder=weights / "maskformer")


def sample(picture: Picture, rng: np.random.Generator) -> Sample:
    """Return a picture, mirrored at random, with a target for each visible object and kind of stuff."""
    turned = slice(None, None, -1 if rng.random() < 0.5 else 1)
    pixels = PILImage.fromarray(picture.pixels).resize((SIDE, SIDE), PILImage.Resampling.BILINEAR)
    asked: list[Asked] = []
    ground = picture.scene.ground
    for kind in {STUFF.index(name) for name in (*ground.kinds, ground.pond) if name}:
        mask = _coarse((picture.ground == kind) & (picture.owners < 0))[:, turned]
        asked.append(Asked(kind, len(CATEGORIES) + kind, mask))
    free = np.ones((GRID, GRID), bool)
    for number, thing in enumerate(picture.scene.things):
        mask = _coarse(picture.owners == number)[:, turned]
        if mask.any():
            row, column = nearest_cell(mask, free)
            free[row, column] = False
            asked.append(Asked(len(STUFF) + row * GRID + column, LABELS.index(thing.category), mask))
    return Sample(np.asarray(pixels)[:, turned], [each for each in asked if each.mask.sum() >= 1])


def _coarse(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the share of each coarse pixel that a mask covers."""
    return np.asarray(cv2.resize(mask.astype(np.float32), (_COARSE, _COARSE), interpolation=cv2.INTER_AREA))


def nearest_cell(mask: NDArray[np.float32], free: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the free cell, (row, column), nearest to the middle of the box around a coarse mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    y, x = ((ends[0] + ends[-1] + 1) / 2 * GRID / _COARSE for ends in (rows, columns))
    middles = np.arange(GRID) + 0.5
    distances = (middles[:, None] - y) ** 2 + (middles[None, :] - x) ** 2
    row, column = divmod(int(np.where(free, distances, math.inf).argmin()), GRID)
    return row, column


def segmentation_loss(network: nn.Module, samples: Sequence[Sample]) -> Tensor:
    """Return the loss of the labels of all queries and of the masks of queries with a region."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            module.float()  # their statistics need full precision, and this is faster
    first = next(network.parameters())
    outputs = network(to_tensor([each.pixels for each in samples], first.dtype).to(first.device))
    owners = torch.tensor([(row, each.query) for row, one in enumerate(samples) for each in one.asked])
    rows, queries = owners.T.to(first.device)
    labels = torch.full(outputs.class_queries_logits.shape[:2], _NOTHING, device=first.device)
    labels[rows, queries] = torch.tensor(
        [each.label for one in samples for each in one.asked], device=first.device
    )
    target = torch.from_numpy(np.stack([each.mask for one in samples for each in one.asked])).to(first.device)
    weights = torch.ones(_NOTHING + 1, device=first.device)
    weights[_NOTHING] = _NOTHING_WEIGHT
    naming = functional.cross_entropy(
        outputs.class_queries_logits.float().flatten(0, 1), labels.flatten(), weights
    )
    masks = outputs.masks_queries_logits[rows, queries].float()
    pixelwise = functional.binary_cross_entropy_with_logits(masks, target)
    shown = masks.sigmoid()
    dice = 1 - (2 * (shown * target).sum((1, 2)) + 1) / ((shown + target).sum((1, 2)) + 1)
    return naming + 5 * pixelwise + 2 * dice.mean()


def measured(folder: Path, pictures: Pictures, count: int) -> str:
    """Return the scores of the engine's own segmenter: mean IoU over labels, and F1 of single objects."""
    segmenter = load_segmenter("segmenter", str(folder), {"device": "cpu"})
    shared: Counter[str] = Counter()
    either: Counter[str] = Counter()
    hits = found = there = 0
    for index in range(count):
        picture = pictures[index]
        regions = segmenter.segment(picture.drawn.image)
        truth = true_masks(picture)
        for label in {label for label, _ in truth} | set(regions.labels):
            true = np.any([mask for name, mask in truth if name == label], axis=0)
            shown = regions.with_label(label).union_mask()
            shared[label] += int(np.sum(true & shown))
            either[label] += int(np.sum(true | shown))
        things = [(label, mask) for label, mask in truth if label in CATEGORIES]
        hits += _hits(regions, things)
        found += sum(region.label in CATEGORIES for region in regions)
        there += len(things)
    overlaps = {label: shared[label] / either[label] for label in either}
    things_alone = [value for label, value in overlaps.items() if label in CATEGORIES]
    return (
        f"mean IoU {np.mean(list(overlaps.values())):.3f} ({np.mean(things_alone):.3f} of things), "
        f"F1 of single things {2 * hits / max(found + there, 1):.3f}"
    )


def true_masks(picture: Picture) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the label and the mask of each visible object and kind of stuff."""
    drawn = picture.drawn
    things = [(thing.category, drawn.mask(number)) for number, thing in enumerate(picture.scene.things)]
    return [
        (label, mask)
        for label, mask in (*things, *((kind, drawn.stuff(kind)) for kind in STUFF))
        if mask.any()
    ]


def _hits(regions: Regions, things: Sequence[tuple[str, NDArray[np.bool_]]]) -> int:
    """Return how many objects have a region with their label and an IoU above one half."""
    return sum(
        any(
            region.label == label and region.mask is not None and mask_overlap(region.mask, mask) > 0.5
            for region in regions
        )
        for label, mask in things
    )
