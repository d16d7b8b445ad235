"""The autoencoder of the inpainting pipeline (Rombach et al., 2022): 4 by 4 pixels become 4 numbers.

It learns to reconstruct the colours and the edges of parts of pictures.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from training.crops import Pixels, resized, to_tensor
from training.loop import Schedule, fit
from training.pictures import Pictures
from visprog.miniworld.scene import generator

FACTOR, CHANNELS = 4, 4
SCHEDULE = Schedule(steps=1800, rate=2e-3)
BATCH, SIDE = 16, 80
_SPANS = (40, 128)
"""Range of the widths of parts, in pixels of the picture."""

_PRIOR = 1e-6
"""Weight of the KL divergence of the latents. It keeps them small."""

_CERTAIN = -8.0
"""Initial log variance of the latents. With more noise they would not learn colours."""


def build() -> AutoencoderKL:
    """Return an untrained autoencoder."""
    torch.manual_seed(0)
    model = AutoencoderKL(
        block_out_channels=(16, 32, 48),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=2,
        latent_channels=CHANNELS,
        mid_block_add_attention=False,
        sample_size=SIDE,
        scaling_factor=1.0,
    )
    with torch.no_grad():
        model.quant_conv.bias[CHANNELS:] = _CERTAIN
    return model


def train(folder: Path, pictures: Pictures, unseen: Pictures) -> AutoencoderKL:
    """Train an autoencoder, print its PSNR, and return it with standardised latents."""
    model = build()

    def loss(network: nn.Module, step: int) -> Tensor:
        return restoration_loss(network, batch(pictures, generator(step, "train", "autoencoder")))

    def validate(network: nn.Module) -> str:
        return f"PSNR {psnr(network, unseen):.2f} dB"

    fit(model, loss, SCHEDULE, folder, validate=validate, every=500)
    standardise(model.cpu(), batch(pictures, random.Random(0), 256))
    return model


def batch(pictures: Pictures, rng: random.Random, count: int = BATCH) -> Tensor:
    """Return random square parts of random pictures."""
    return to_tensor([_part(pictures[rng.randrange(len(pictures))].pixels, rng) for _ in range(count)])


def _part(pixels: Pixels, rng: random.Random) -> Pixels:
    span = rng.randint(*_SPANS)
    top, left = rng.randint(0, pixels.shape[0] - span), rng.randint(0, pixels.shape[1] - span)
    return resized(pixels[top : top + span, left : left + span], SIDE, SIDE)


def restoration_loss(network: nn.Module, pixels: Tensor) -> Tensor:
    """Return the mean absolute error of the pixels and of the differences between neighbouring pixels."""
    pixels = pixels.to(network.device)
    seen = network.encode(pixels).latent_dist
    found, pixels = network.decode(seen.sample()).sample.float(), pixels.float()
    mean, spread = seen.mean.float(), seen.logvar.float()
    prior = (mean**2 + spread.exp() - 1 - spread).mean() / 2
    changes = sum((found.diff(dim=axis) - pixels.diff(dim=axis)).abs().mean() for axis in (2, 3))
    return (found - pixels).abs().mean() + changes + _PRIOR * prior


def psnr(network: nn.Module, pictures: Pictures) -> float:
    """Return the mean peak signal-to-noise ratio of unseen parts, in decibels."""
    pixels = batch(pictures, generator(0, "validation", "autoencoder"), 64).float().to(network.device)
    with torch.inference_mode():
        found = network.decode(network.encode(pixels).latent_dist.mean).sample.clamp(-1, 1)
    errors = ((found - pixels) / 2).square().mean(dim=(1, 2, 3))
    return float(np.mean(-10 * np.log10(errors.cpu().numpy())))


def standardise(network: AutoencoderKL, pixels: Tensor) -> None:
    """Shift and scale the latents so that those of `pixels` have mean 0 and deviation 1 in each channel.

    The layers before and after them are changed to match, so the reconstruction stays the same.
    """
    inward, outward = network.quant_conv, network.post_quant_conv
    with torch.no_grad():
        latents = network.encode(pixels.float()).latent_dist.mean
        mean, spread = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
        outward.bias += outward.weight[:, :, 0, 0] @ mean
        outward.weight *= spread[None, :, None, None]
        inward.weight[:CHANNELS] /= spread[:, None, None, None]
        inward.bias[:CHANNELS] = (inward.bias[:CHANNELS] - mean) / spread
        inward.bias[CHANNELS:] -= 2 * spread.log()
