"""Tiny checkpoints of SAM and SAM 2, with random weights, saved as published ones are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.models.tiny_checkpoints.tiny_detectors import stir


def save_sam(folder: Path, side: int = 64) -> Path:
    """Save a SAM that fits pictures into squares of `side` pixels."""
    import torch
    import transformers

    torch.manual_seed(1)
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": 32,
            "output_channels": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": side,
            "patch_size": 16,
            "window_size": 2,
            "global_attn_indexes": [0],
            "num_pos_feats": 16,
            "mlp_dim": 32,
        },
        prompt_encoder_config={"hidden_size": 32, "image_size": side, "patch_size": 16},
        mask_decoder_config=_decoder(),
    )
    model = transformers.SamModel(config)
    _varied(model)
    model.save_pretrained(folder)
    square = {"height": side, "width": side}
    images = transformers.SamImageProcessor(size={"longest_edge": side}, pad_size=square)
    transformers.SamProcessor(images).save_pretrained(folder)
    return folder


def save_sam2(folder: Path, side: int = 64, *, of_video: bool = False) -> Path:
    """Save a SAM 2 that stretches pictures to squares of `side` pixels, under its name for video if asked."""
    import json

    import torch
    import transformers

    torch.manual_seed(2)
    hiera = {
        "model_type": "sam2_hiera_det_model",
        "image_size": [side, side],
        "hidden_size": 8,
        "blocks_per_stage": [1, 1, 1, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [2, 2, 2, 2],
        "global_attention_blocks": [],
        "window_positional_embedding_background_size": [2, 2],
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": hiera,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[side // 4] * 2, [side // 8] * 2, [side // 16] * 2],
        "fpn_hidden_size": 32,
    }
    config = transformers.Sam2Config(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32, "image_size": side, "patch_size": 16},
        mask_decoder_config=_decoder(),
    )
    model = transformers.Sam2Model(config)
    _varied(model)
    model.save_pretrained(folder)
    images = transformers.Sam2ImageProcessor(size={"height": side, "width": side})
    transformers.Sam2Processor(images).save_pretrained(folder)
    if of_video:
        written = folder / "config.json"
        written.write_text(json.dumps({**json.loads(written.read_text()), "model_type": "sam2_video"}))
    return folder


def _decoder() -> dict[str, Any]:
    return {
        "hidden_size": 32,
        "mlp_dim": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "iou_head_depth": 2,
        "iou_head_hidden_dim": 32,
    }


def _varied(model: Any) -> None:
    """Randomise the model, so that its masks depend on the prompt and have both signs."""
    import torch

    stir(model)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "output_hypernetworks_mlps" in name and weight.ndim > 1:
                weight.mul_(3)


SAMS: dict[str, Callable[[Path], Path]] = {"sam": save_sam, "sam2": save_sam2}
