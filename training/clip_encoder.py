"""CLIP's trained picture encoder, converted for models of other architectures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import CLIPModel, CLIPVisionModel

from training.crops import resized, to_tensor
from training.pictures import Pictures


@dataclass(frozen=True)
class Encoder:
    """The encoder without the norm before its first layer. ViLT and BLIP do not have this norm.

    The norm is folded into the embeddings with the mean deviation of patches. `patches` and `shift` are the
    weight and the bias of their projection. `first` is the class token, and `squares` are the positions of
    patches, shape (1, width, side, side). `norm` follows the last layer.
    """

    patches: Tensor
    shift: Tensor
    first: Tensor
    squares: Tensor
    layers: Sequence[nn.Module]
    norm: nn.Module

    def positions(self, side: int) -> Tensor:
        """Return positions for `side` by `side` patches, shape (1, patches, width)."""
        fitted = nn.functional.interpolate(
            self.squares, size=(side, side), mode="bicubic", align_corners=False
        )
        return fitted.flatten(2).transpose(1, 2)


def load_encoder(pictures: Pictures, folder: Path, count: int = 64) -> Encoder | None:
    """Return the encoder of the CLIP in a folder, measured on `pictures`. None if there is no CLIP yet."""
    if not (folder / "config.json").exists():
        return None
    clip = CLIPModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True).vision_model
    side = clip.config.image_size
    pixels = to_tensor([resized(pictures[index].pixels, side, side) for index in range(count)], torch.float32)
    return fold(clip, pixels)


def fold(clip: CLIPVisionModel, pixels: Tensor) -> Encoder:
    """Return the encoder of a model. The deviation of patches is measured on `pixels`."""
    clip.requires_grad_(False)
    embeddings, norm = clip.embeddings, clip.pre_layrnorm
    spread = embeddings(pixels)[:, 1:].var(-1, correction=0).add(norm.eps).sqrt().mean()
    scale = norm.weight / spread

    def folded(vectors: Tensor) -> Tensor:
        return (vectors - vectors.mean(-1, keepdim=True)) * scale

    weight, positions = embeddings.patch_embedding.weight, embeddings.position_embedding.weight
    side = clip.config.image_size // clip.config.patch_size
    return Encoder(
        patches=folded(weight.flatten(1).T).T.reshape(weight.shape),
        shift=norm.bias,
        first=norm(embeddings.class_embedding + positions[0]),
        squares=folded(positions[1:]).T.reshape(1, -1, side, side),
        layers=list(clip.encoder.layers),
        norm=clip.post_layernorm,
    )
