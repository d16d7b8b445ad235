"""Pipelines of diffusers with few random weights, saved as a user's checkpoint would be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def tokenizer(folder: Path) -> Any:
    """Return CLIP's tokenizer over a vocabulary of letters."""
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def text_encoder(width: int = 16, projected: bool = False) -> Any:
    """Return CLIP's text model, with a projection if SDXL needs it."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=200,
        hidden_size=width,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=width,
        bos_token_id=188,
        eos_token_id=189,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def autoencoder(**more: Any) -> Any:
    """Return an autoencoder that halves a picture's sides."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        sample_size=64,
        **{"latent_channels": 4, **more},
    ).eval()


def unet(channels: int, text_width: int = 16, **more: Any) -> Any:
    """Return a UNet: `channels` is 9 for inpainting and 4 otherwise."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=32,
        in_channels=channels,
        out_channels=4,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=text_width,
        **{"attention_head_dim": 4, **more},
    ).eval()


def stable_diffusion(folder: Path, kind: str = "inpainting") -> Path:
    """Save Stable Diffusion: "inpainting", or "text-to-image", whose safety checker is listed but missing."""
    import torch
    from diffusers import DDIMScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline

    torch.manual_seed(0)
    inpaints = kind == "inpainting"
    pipeline = (StableDiffusionInpaintPipeline if inpaints else StableDiffusionPipeline)(
        vae=autoencoder(),
        text_encoder=text_encoder(),
        tokenizer=tokenizer(folder / "words"),
        unet=unet(9 if inpaints else 4),
        scheduler=DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    save(pipeline, folder)
    if not inpaints:
        index = json.loads((folder / "model_index.json").read_text())
        index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
        (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def stable_diffusion_xl(folder: Path) -> Path:
    """Save Stable Diffusion XL, text to image."""
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    torch.manual_seed(0)
    words = tokenizer(folder / "words")
    pipeline = StableDiffusionXLPipeline(
        vae=autoencoder(),
        text_encoder=text_encoder(),
        text_encoder_2=text_encoder(projected=True),
        tokenizer=words,
        tokenizer_2=words,
        unet=unet(
            4,
            text_width=32,
            addition_embed_type="text_time",
            addition_time_embed_dim=4,
            projection_class_embeddings_input_dim=6 * 4 + 16,
            use_linear_projection=True,
        ),
        scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear", steps_offset=1),
        add_watermarker=False,
    )
    return save(pipeline, folder)


def stable_diffusion_3(folder: Path) -> Path:
    """Save Stable Diffusion 3, text to image: a transformer instead of a UNet, and no T5."""
    import torch
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )

    torch.manual_seed(0)
    words = tokenizer(folder / "words")
    pipeline = StableDiffusion3Pipeline(
        vae=autoencoder(latent_channels=16, shift_factor=0.06),
        text_encoder=text_encoder(projected=True),
        text_encoder_2=text_encoder(projected=True),
        text_encoder_3=None,
        tokenizer=words,
        tokenizer_2=words,
        tokenizer_3=None,
        transformer=SD3Transformer2DModel(
            sample_size=32,
            patch_size=2,
            in_channels=16,
            out_channels=16,
            num_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=32,
            caption_projection_dim=16,
            pooled_projection_dim=32,
            pos_embed_max_size=64,
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )
    return save(pipeline, folder)


def save(pipeline: Any, folder: Path) -> Path:
    """Write the pipeline without the library's progress bars and log."""
    from diffusers.utils import logging as advice
    from transformers.utils import logging

    logging.disable_progress_bar()
    advice.set_verbosity_error()
    try:
        pipeline.save_pretrained(folder)
    finally:
        logging.enable_progress_bar()
        advice.set_verbosity_warning()
    return folder
