"""A small Stable Diffusion for inpainting (Rombach et al., 2022): latents are denoised inside a mask.

The network gets the picture without the masked part, the mask, and the prompt, which CLIP's text encoder
reads. It predicts velocities (Salimans and Ho, 2022). The noise schedule ends in pure noise (Lin et al.,
2024), because painting starts from pure noise. Otherwise the network would learn to copy the brightness of
large parts.
"""

from __future__ import annotations

import random
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionInpaintPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from diffusers.utils import logging
from PIL import Image as PILImage
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from training import autoencoder, clip
from training.crops import Pixels, cut, resized, to_tensor
from training.loop import Schedule, fit
from training.pictures import Pictures
from training.repaints import Repaint, make_repaint
from training.saving import MINI
from training.tokenizers import clip_tokenizer, texts
from visprog.miniworld.catalogue import CATEGORIES, STUFF
from visprog.miniworld.drawing import bounds
from visprog.miniworld.scene import generator
from visprog.models.backends.diffusers.inpainter import load
from visprog.models.backends.transformers.pretrained import quiet
from visprog.models.backends.transformers.scorer import load_scorer
from visprog.models.inpainting import excerpt
from visprog.values import Image

SIDE = 160
SCHEDULE = Schedule(steps=3600, rate=1e-3, loose=("text_encoder",), loose_rate=0.3)
BATCH = 24
_REPAINTS = 6000
_OUTSIDE = 0.1
"""Weight of the loss outside of the mask. These pixels are not used, but they make the edge smooth."""

_SETTINGS = {"steps": 20, "guidance": 3.0, "device": "cpu"}


class Batch(NamedTuple):
    """Changes of pictures of one size, as inputs of the network.

    `after` and `before` are latents, shape (changes, 4, height, width); `before` has no masked pixels. `mask`
    has one channel. `tokens` are the prompts, shape (changes, length).
    """

    after: Tensor
    before: Tensor
    mask: Tensor
    tokens: Tensor


def build(folder: Path = MINI / "clip") -> tuple[nn.ModuleDict, CLIPTokenizer]:
    """Return the networks that are trained together (`unet` and `text_encoder`), and the tokenizer.

    The text encoder starts from the CLIP in `folder`, if it is there.
    """
    torch.manual_seed(0)
    if folder.exists():
        tokenizer = CLIPTokenizer.from_pretrained(folder)
        with quiet():
            reader = CLIPTextModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    else:
        tokenizer = clip_tokenizer(texts(), length=clip.LENGTH)
        reader = CLIPTextModel(CLIPTextConfig(**clip.text_config(tokenizer), attn_implementation="eager"))
    unet = UNet2DConditionModel(
        sample_size=SIDE // autoencoder.FACTOR,
        in_channels=2 * autoencoder.CHANNELS + 1,
        out_channels=autoencoder.CHANNELS,
        block_out_channels=(32, 64, 64, 64),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        cross_attention_dim=reader.config.hidden_size,
        attention_head_dim=4,
    )
    unet.set_attn_processor(AttnProcessor())  # the default one is slow in bfloat16 on a CPU
    return nn.ModuleDict({"unet": unet, "text_encoder": reader}), tokenizer


def scheduler() -> DDIMScheduler:
    """Return the noise schedule."""
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        steps_offset=1,
        clip_sample=False,
    )


def train(folder: Path, pool: Path, weights: Path) -> None:
    """Train the model, print validation scores, and save the weights."""
    logging.set_verbosity_error()  # it warns about half precision
    pictures, unseen = Pictures(pool, "train", 24_000), Pictures(pool, "validation", 1000)
    coder = autoencoder.train(folder / "autoencoder", pictures, unseen)
    painter, tokenizer = build(weights / "clip")
    repaints = prepared(folder / f"repaints-{_REPAINTS}.pt", pictures, coder, tokenizer)
    noising = scheduler()

    def loss(network: nn.ModuleDict, step: int) -> Tensor:
        return denoising_loss(network, noising, choose(repaints, generator(step, "train", "inpainting")))

    def validate(network: nn.ModuleDict) -> str:
        save_pipeline(coder, network, tokenizer, folder / "trial")
        return report(folder / "trial", unseen, folder / "painted.png", weights / "clip")

    fit(painter, loss, SCHEDULE, folder, validate=validate, every=1200)
    save_pipeline(coder, painter, tokenizer, weights / "inpainting")


def prepared(path: Path, pictures: Pictures, coder: AutoencoderKL, tokenizer: CLIPTokenizer) -> list[Batch]:
    """Return random changes grouped by size. They are made once and kept in a file."""
    if not path.exists():
        rng, fast = generator(0, "train", "repaints"), deepcopy(coder).to(torch.bfloat16)
        repaints = [make_repaint(pictures, rng) for _ in range(_REPAINTS)]
        making = path.with_suffix(".new")
        torch.save([tuple(group) for group in encode(repaints, fast, tokenizer)], making)
        making.replace(path)
    return [Batch(*group) for group in torch.load(path, weights_only=True)]


def encode(repaints: list[Repaint], coder: AutoencoderKL, tokenizer: CLIPTokenizer) -> list[Batch]:
    """Return changes as inputs of the network, grouped by size."""
    groups: dict[tuple[int, int], list[Batch]] = {}
    for repaint in repaints:
        part, goal = (_excerpt(pixels, repaint) for pixels in (repaint.before, repaint.after))
        seen = to_tensor([goal.image.pixels, part.image.pixels], coder.dtype)
        mask = torch.from_numpy(part.mask)[None, None]
        seen[1:] *= ~mask
        with torch.inference_mode():
            after, before = coder.encode(seen).latent_dist.mean.half().split(1)
        words = tokenizer(repaint.prompt, padding="max_length", truncation=True, return_tensors="pt")
        step = autoencoder.FACTOR
        one = Batch(after, before, mask[:, :, ::step, ::step], words.input_ids)
        groups.setdefault(part.image.size, []).append(one)
    return [Batch(*(torch.cat(parts) for parts in zip(*group, strict=True))) for group in groups.values()]


def _excerpt(pixels: Pixels, repaint: Repaint) -> Any:
    return excerpt(Image(pixels), repaint.mask, side=SIDE, grid=autoencoder.FACTOR)


def choose(groups: list[Batch], rng: random.Random, count: int = BATCH) -> Batch:
    """Return random changes of one size. Each change has the same chance."""
    group = rng.choices(groups, [len(group.mask) for group in groups])[0]
    chosen = torch.tensor(rng.choices(range(len(group.mask)), k=count))
    return Batch(*(part[chosen] for part in group))


def denoising_loss(network: nn.ModuleDict, noising: DDIMScheduler, batch: Batch) -> Tensor:
    """Return the squared error of the velocities, mostly within the mask."""
    weight = next(network.parameters())
    after, mask = batch.after.to(weight.device, torch.float32), batch.mask.to(weight.device, torch.float32)
    noise = torch.randn_like(after)
    times = torch.randint(noising.config.num_train_timesteps, (len(after),), device=after.device)
    noisy = noising.add_noise(after, noise, times)
    shown = torch.cat([noisy, mask, batch.before.to(noisy)], dim=1).to(weight.dtype)
    words = network["text_encoder"](batch.tokens.to(weight.device))[0]
    found = network["unet"](shown, times, encoder_hidden_states=words).sample.float()
    errors = (found - noising.get_velocity(after, noise, times)).square().mean(dim=1, keepdim=True)
    counts = mask + _OUTSIDE * (1 - mask)
    each = (errors * counts).sum(dim=(1, 2, 3)) / counts.sum(dim=(1, 2, 3))
    return each.mean()


def save_pipeline(
    coder: AutoencoderKL, painter: nn.ModuleDict, tokenizer: CLIPTokenizer, folder: Path
) -> None:
    """Write the pipeline in half precision into `folder`, and replace what is there."""
    unet = deepcopy(painter["unet"]).half()
    unet.set_default_attn_processor()
    pipeline = StableDiffusionInpaintPipeline(
        vae=deepcopy(coder).half(),
        text_encoder=deepcopy(painter["text_encoder"]).half(),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    making = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(making, ignore_errors=True)
    with quiet():
        pipeline.save_pretrained(making)
    shutil.rmtree(folder, ignore_errors=True)
    making.rename(folder)


def report(folder: Path, pictures: Pictures, drawing: Path, clip_folder: Path, count: int = 40) -> str:
    """Return how often CLIP recognises the requested object in unseen pictures, and draw examples.

    Each row of `drawing` shows the masked picture, the result of the engine's own backend, and a possible
    right result. Without a trained CLIP there are no scores.
    """
    painter = load("inpainter", str(folder), _SETTINGS)
    rng = generator(0, "validation", "inpainting")
    repaints = [make_repaint(pictures, rng) for _ in range(count)]
    painted = [painter.inpaint(Image(each.before), each.mask, each.prompt).pixels for each in repaints]
    _draw(drawing, repaints, painted)
    if not clip_folder.exists():
        return f"drawn in {drawing}"
    right: dict[str, list[bool]] = {"stuff": [], "things": []}
    scorer = load_scorer("image_text_scorer", str(clip_folder), {"device": "cpu"})
    for repaint, pixels in zip(repaints, painted, strict=True):
        if repaint.prompt and repaint.shows:
            names = list(STUFF if repaint.shows in STUFF else CATEGORIES)
            scores = scorer.score([Image(cut(pixels, bounds(repaint.mask)))], names)
            right["stuff" if names[0] in STUFF else "things"].append(
                names[int(scores[0].argmax())] == repaint.shows
            )
    return "  ".join(f"top-1 of {sort} {np.mean(hits):.3f} of {len(hits)}" for sort, hits in right.items())


def _draw(path: Path, repaints: list[Repaint], painted: list[Pixels]) -> None:
    rows = []
    for repaint, pixels in zip(repaints, painted, strict=True):
        masked = np.where(repaint.mask[:, :, None], np.uint8(128), repaint.before)
        rows.append(np.hstack([resized(each, 128, 128) for each in (masked, pixels, repaint.after)]))
    columns = [np.vstack(rows[start::4]) for start in range(4)]
    PILImage.fromarray(np.hstack([each[: min(map(len, columns))] for each in columns])).save(path)
