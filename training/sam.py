"""A small SAM (Kirillov et al., 2023): a box or a point gives the mask of an object.

In this world a point is never ambiguous: it means the whole object, or all visible stuff of one kind. So the
three masks that SAM returns have the same target, and the predicted IoU selects the best.

Masks alone teach the picture encoder outlines only slowly. So an additional layer learns at the same time to
which object each pixel belongs. It is not saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PILImage
from torch import Tensor, nn
from torch.nn import functional
from transformers import SamConfig, SamImageProcessor, SamModel

from training.crops import Pixels, to_tensor
from training.loop import Schedule, fit
from training.pictures import Picture, Pictures
from training.saving import save
from visprog.boxes import Box, enlarge
from visprog.evaluation.metrics import mask_overlap
from visprog.miniworld.catalogue import STUFF
from visprog.models.backends.transformers.sam import load_sam
from visprog.values import Region, Regions

SIDE, PATCH = 160, 8
"""Longer side of the input and side of a patch, in pixels."""

STAGES = (
    (0.0, Schedule(steps=3200, rate=1e-3, decay=0.05)),
    (0.8, Schedule(steps=1300, rate=8e-4, decay=0.05)),
)
"""The second stage shows mostly parts around an object, where outlines are visible."""

_BATCH = 16
_BOXES, _POINTS = 3, 1
"""Number of boxes and points for each picture."""

_LARGER = (1.6, 3.0)
"""Range of the size of parts, relative to the object's box."""

_ZOOM = 1.7
"""The masker's option `zoom` in the profile `mini`."""

_LOOSE = 0.08
"""Maximum shift of a box's edges, as a share of its width or height."""

_EVEN_STEPS = 600
"""Number of steps until all pixels have the same weight. With equal weights at first, masks stay empty."""

_WIDTH, _DECODER_WIDTH = 144, 96
_HARDLY_SEEN = 0.2
_FINE = 4
"""Number of mask pixels along the side of a patch."""


class Prompts(NamedTuple):
    """A picture with its boxes and points, in pixels of the network's input.

    `boxes` has shape (boxes, 4) and `points` (points, 2). `masks`, shape (boxes + points, side, side), is the
    share of each coarse pixel that belongs to the target. `parts`, shape (side, side), is the number of the
    stuff or object in each coarse pixel. Objects come after all kinds of stuff, and -1 is outside of the
    picture.
    """

    pixels: Pixels
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    masks: NDArray[np.float32]
    parts: NDArray[np.int64]


def build() -> tuple[SamModel, SamImageProcessor]:
    """Return an untrained model and its processor."""
    torch.manual_seed(0)
    vision = {
        "hidden_size": _WIDTH,
        "output_channels": _DECODER_WIDTH,
        "num_hidden_layers": 4,
        "num_attention_heads": 3,
        "image_size": SIDE,
        "patch_size": PATCH,
        "hidden_act": "relu",
        "initializer_range": 0.02,
        "use_rel_pos": False,
        "window_size": 10,
        "global_attn_indexes": [3],
        "num_pos_feats": _DECODER_WIDTH // 2,
    }
    prompts = {"hidden_size": _DECODER_WIDTH, "image_size": SIDE, "patch_size": PATCH}
    decoder = {
        "hidden_size": _DECODER_WIDTH,
        "mlp_dim": 4 * _DECODER_WIDTH,
        "num_attention_heads": 4,
        "iou_head_hidden_dim": _DECODER_WIDTH,
    }
    config = SamConfig(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
    model = SamModel._from_config(
        config, attn_implementation="eager"
    )  # the other is slow in bfloat16 on a CPU
    _initialize(model)
    processor = SamImageProcessor(
        size={"longest_edge": SIDE},
        pad_size={"height": SIDE, "width": SIDE},
        mask_size={"longest_edge": SIDE // 2},
        mask_pad_size={"height": SIDE // 2, "width": SIDE // 2},
        image_mean=[0.5] * 3,
        image_std=[0.5] * 3,
    )
    return model, processor


def _initialize(model: SamModel) -> None:
    """Initialize weights for a small model with useful positions.

    The library's position waves are so short that neighbours are unrelated. Here they have many lengths, the
    encoder starts with the same waves, and near positions attend to each other.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
        elif isinstance(module, nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=module.in_channels**-0.5)
    nn.init.normal_(model.vision_encoder.patch_embed.projection.weight, std=(3 * PATCH**2) ** -0.5)
    for layer in model.mask_decoder.transformer.layers:
        for attention in (layer.cross_attn_token_to_image, layer.cross_attn_image_to_token):
            nn.init.orthogonal_(attention.k_proj.weight, gain=2)
            attention.q_proj.load_state_dict(attention.k_proj.state_dict())
    for kind in model.prompt_encoder.point_embed:
        nn.init.normal_(kind.weight, std=0.5)
    waves = model.shared_image_embedding.positional_embedding.requires_grad_(False)
    waves.copy_(torch.randn(waves.shape) * torch.linspace(0.2, 1.2, waves.shape[1]))
    positions = model.get_image_wide_positional_embeddings()[0].permute(1, 2, 0)
    model.vision_encoder.pos_embed.data[0, ..., :_DECODER_WIDTH] = positions


def train(folder: Path, pool: Path, weights: Path) -> None:
    """Train the model, print validation scores, and save the weights."""
    pictures, unseen = Pictures(pool, "train", 24_000), Pictures(pool, "validation", 1000)
    model, processor = build()
    learning = nn.ModuleDict({"sam": model, "outlook": outlook()})

    def loss(network: nn.ModuleDict, step: int, before: int, closely: float) -> Tensor:
        step += before
        rng = np.random.default_rng(step)
        shown = [pictures[int(number)] for number in rng.integers(len(pictures), size=_BATCH)]
        parts = [part_of(picture, rng) if rng.random() < closely else picture for picture in shown]
        samples = [prompts(part, rng) for part in parts]
        return learning_loss(network, samples, max(0.0, 1 - step / _EVEN_STEPS))

    def validate(network: nn.ModuleDict) -> str:
        save(network["sam"], processor, folder=folder / "trial")
        return measured(folder / "trial", unseen, 60)

    before = 0
    for number, (closely, schedule) in enumerate(STAGES, 1):
        goal = partial(loss, before=before, closely=closely)
        fit(learning, goal, schedule, folder / f"stage-{number}", validate=validate, every=650)
        before += schedule.steps
    save(model, processor, folder=weights / "sam")


def part_of(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return a part of a picture around an object. Only objects that are completely inside it are targets."""
    height, width = picture.owners.shape
    box = picture.boxes[rng.choice(np.flatnonzero(picture.seen > _HARDLY_SEEN))]
    left, top, right, bottom = (int(edge) for edge in box)
    frame = enlarge((left, top, right, bottom), rng.uniform(*_LARGER), (width, height))
    assert frame is not None, "the thing is in the picture"  # noqa: S101
    rows, columns = slice(frame[1], frame[3]), slice(frame[0], frame[2])
    boxes = picture.boxes - np.array([frame[0], frame[1]] * 2, np.int32)
    size = np.array([frame[2] - frame[0], frame[3] - frame[1]])
    whole = (boxes[:, :2] >= 0).all(1) & (boxes[:, 2:] <= size).all(1)
    return picture._replace(
        pixels=picture.pixels[rows, columns],
        owners=picture.owners[rows, columns],
        ground=picture.ground[rows, columns],
        boxes=boxes,
        seen=np.where(whole, picture.seen, 0),
    )


def prompts(picture: Picture, rng: np.random.Generator) -> Prompts:
    """Return random boxes and points of a picture, with their masks."""
    height, width = picture.owners.shape
    scale = SIDE / max(height, width)
    size = round(width * scale), round(height * scale)
    pixels = np.full((SIDE, SIDE, 3), 127, np.uint8)  # the processor pads with the mean too
    seen = PILImage.fromarray(picture.pixels).resize(size, PILImage.Resampling.BILINEAR)
    pixels[: size[1], : size[0]] = np.asarray(seen)
    things = rng.choice(np.flatnonzero(picture.seen > _HARDLY_SEEN), _BOXES)
    boxes = [loosened(picture.boxes[thing], rng, (width, height)) for thing in things]
    points = [_point(picture, rng) for _ in range(_POINTS)]
    masks = [picture.owners == thing for thing in things] + [shown_at(picture, point) for point in points]
    return Prompts(
        pixels,
        np.array(boxes, np.float32) * scale,
        np.array(points, np.float32) * scale,
        np.stack([_coarse(mask, size) for mask in masks]),
        _parts(picture, size),
    )


def loosened(box: NDArray[np.int32], rng: np.random.Generator, size: tuple[int, int]) -> Box:
    """Return a box with slightly shifted edges, inside a picture of this width and height."""
    left, top, right, bottom = (int(edge) for edge in box)
    across, down = _LOOSE * (right - left), _LOOSE * (bottom - top)
    off = rng.uniform(-1, 1, 4) * (across, down, across, down)
    low, high = np.zeros(4), np.array([*size, *size])
    first, upper, last, lower = np.clip(np.round(box + off), low, high).astype(int).tolist()
    return first, upper, max(last, first + 1), max(lower, upper + 1)


def _point(picture: Picture, rng: np.random.Generator) -> tuple[int, int]:
    """Return a random pixel (x, y). Half of them are on an object."""
    on_thing = np.flatnonzero(picture.owners >= 0) if rng.random() < 0.5 else np.arange(0)
    number = rng.choice(on_thing) if on_thing.size else rng.integers(picture.owners.size)
    row, column = divmod(int(number), picture.owners.shape[1])
    return column, row


def shown_at(picture: Picture, point: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of the object or stuff at a pixel (x, y)."""
    column, row = point
    owner = picture.owners[row, column]
    if owner >= 0:
        return np.asarray(picture.owners == owner)
    return np.asarray((picture.owners < 0) & (picture.ground == picture.ground[row, column]))


def _coarse(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the share of each output pixel that a mask covers. `size` is without padding."""
    whole = np.zeros((SIDE, SIDE), np.float32)
    whole[: size[1], : size[0]] = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(whole.reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3)))


def _parts(picture: Picture, size: tuple[int, int]) -> NDArray[np.int64]:
    whole = np.full((SIDE, SIDE), -1, np.int64)
    parts = np.where(picture.owners < 0, picture.ground, len(STUFF) + picture.owners.astype(np.int16))
    whole[: size[1], : size[0]] = cv2.resize(parts, size, interpolation=cv2.INTER_NEAREST)
    return whole[1::2, 1::2]


def outlook() -> nn.Linear:
    """Return a layer that predicts from a patch's features what each of its coarse pixels shows.

    It predicts a kind of stuff or an object, and whether the middle of the patch shows the same.
    """
    torch.manual_seed(0)
    return nn.Linear(_DECODER_WIDTH, _FINE**2 * (len(STUFF) + 2))


def learning_loss(network: nn.ModuleDict, samples: Sequence[Prompts], evenness: float) -> Tensor:
    """Return the loss of `sam`, and of its encoder with the layer `outlook`."""
    first = next(network.parameters())
    pixels = to_tensor([sample.pixels for sample in samples], first.dtype).to(first.device)
    features = network["sam"].vision_encoder(pixels).last_hidden_state
    seen = network["outlook"](features.permute(0, 2, 3, 1))
    parts = torch.from_numpy(np.stack([sample.parts for sample in samples])).to(first.device)
    return masking_loss(network["sam"], features, samples, evenness) + outline_loss(seen.float(), parts)


def outline_loss(seen: Tensor, parts: Tensor) -> Tensor:
    """Return the loss of the layer's output, shape (pictures, rows, columns, ...), for the true parts."""
    rows, columns = seen.shape[1:3]
    cells = parts.unflatten(2, (columns, _FINE)).unflatten(1, (rows, _FINE)).transpose(2, 3).flatten(3)
    found = seen.unflatten(-1, (_FINE**2, len(STUFF) + 2))
    middle = cells[..., _FINE * (_FINE // 2) + _FINE // 2, None]
    kinds = functional.cross_entropy(
        found[..., :-1].flatten(0, -2), cells.clamp(max=len(STUFF)).flatten(), ignore_index=-1
    )
    same = functional.binary_cross_entropy_with_logits(found[..., -1], (cells == middle).float())
    return kinds + same


def masking_loss(network: nn.Module, features: Tensor, samples: Sequence[Prompts], evenness: float) -> Tensor:
    """Return the loss of the masks, by pixel and as a whole, and of the predicted IoU.

    With `evenness` 1, all pixels inside a mask together have the same weight as all outside. With 0, each
    pixel has the same weight.
    """
    asked = zip(*((sample.boxes, sample.points, sample.masks) for sample in samples), strict=True)
    boxes, points, masks = (torch.from_numpy(np.stack(each)).to(features.device) for each in asked)
    answers = [
        network(image_embeddings=features, input_boxes=boxes),
        network(image_embeddings=features, input_points=points[:, :, None]),
    ]
    logits = torch.cat([answer.pred_masks for answer in answers], 1).float()
    expected = torch.cat([answer.iou_scores for answer in answers], 1).float()
    wanted = masks[:, :, None].expand_as(logits)
    surprise = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    sides = [(surprise * side).sum((-2, -1)) / (side.sum((-2, -1)) + 1) for side in (wanted, 1 - wanted)]
    pixelwise = evenness * (sides[0] + sides[1]).mean() + (1 - evenness) * 5 * surprise.mean()
    shown = logits.sigmoid()
    dice = 1 - (2 * (shown * wanted).sum((-2, -1)) + 1) / ((shown + wanted).sum((-2, -1)) + 1)
    reached = overlap(logits > 0, wanted > 0.5)
    return pixelwise + dice.mean() + functional.mse_loss(expected, reached)


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Return the intersection over union of masks, shape (..., height, width)."""
    return (one & other).sum((-2, -1)) / (one | other).sum((-2, -1)).clamp(min=1)


def measured(folder: Path, pictures: Pictures, count: int) -> str:
    """Return the mean IoU of the masks of objects from the engine's own masker."""
    masker = load_sam("masker", str(folder), {"device": "cpu", "zoom": _ZOOM})
    rng = np.random.default_rng(0)
    reached: dict[str, list[float]] = {"a tight box": [], "a loose box": [], "a point": []}
    for index in range(count):
        picture = pictures[index]
        image = picture.drawn.image
        for thing in np.flatnonzero(picture.seen > _HARDLY_SEEN):
            mask = picture.owners == thing
            tight: Box = tuple(picture.boxes[thing].tolist())
            loose = loosened(picture.boxes[thing], rng, image.size)
            found = masker.mask(image, Regions([Region(tight), Region(loose)], size=image.size))
            row, column = rng.choice(np.argwhere(mask))
            pointed = masker.mask_at(image, [(float(column), float(row))])
            best = pointed[0].mask if pointed else None
            for way, answer in zip(reached, (found[0].mask, found[1].mask, best), strict=True):
                reached[way].append(0.0 if answer is None else mask_overlap(answer, mask))
    return "IoU " + ", ".join(f"{np.mean(values):.3f} from {way}" for way, values in reached.items())
