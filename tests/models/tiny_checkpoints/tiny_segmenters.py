"""Tiny checkpoints of the panoptic segmenters, with random weights, saved as published ones are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.models.tiny_checkpoints.tiny_detectors import clip_tokenizer, stir

LABELS = {0: "person", 1: "dog", 2: "sky", 3: "grass"}


def _swin() -> Any:
    from transformers import SwinConfig

    return SwinConfig(
        image_size=64,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )


def _save(model: Any, folder: Path) -> None:
    """Save the model with a lower weight for the last class, which means no segment."""
    import torch

    stir(model)
    for module in model.modules():
        if isinstance(module, torch.nn.Linear) and module.out_features == len(LABELS) + 1:
            torch.nn.init.constant_(module.bias[-1:], -2.0)
    model.save_pretrained(folder)


def save_maskformer(folder: Path, size: dict[str, int]) -> Path:
    """Save a MaskFormer that sees pictures of this size, in steps of 32 pixels."""
    import torch
    import transformers

    torch.manual_seed(1)
    decoder = transformers.DetrConfig(
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_queries=10,
        use_pretrained_backbone=False,
    )
    config = transformers.MaskFormerConfig(
        backbone_config=_swin(),
        decoder_config=decoder,
        fpn_feature_size=32,
        mask_feature_size=32,
        id2label=LABELS,
    )
    _save(transformers.MaskFormerForInstanceSegmentation(config), folder)
    transformers.MaskFormerImageProcessor(size=size).save_pretrained(folder)
    return folder


def save_mask2former(folder: Path, size: dict[str, int]) -> Path:
    """Save a Mask2Former that sees pictures of this size, in steps of 32 pixels."""
    import torch
    import transformers

    torch.manual_seed(2)
    config = transformers.Mask2FormerConfig(
        backbone_config=_swin(),
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=32,
        dim_feedforward=32,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        num_queries=10,
        id2label=LABELS,
    )
    _save(transformers.Mask2FormerForUniversalSegmentation(config), folder)
    transformers.Mask2FormerImageProcessor(size=size).save_pretrained(folder)
    return folder


def save_oneformer(folder: Path, size: dict[str, int]) -> Path:
    """Save a OneFormer without its table of classes, like published ones."""
    import json

    import torch
    import transformers

    torch.manual_seed(3)
    tokenizer = clip_tokenizer()
    config = transformers.OneFormerConfig(
        backbone_config=_swin(),
        num_queries=10,
        task_seq_len=24,
        conv_dim=32,
        mask_dim=32,
        hidden_dim=32,
        encoder_feedforward_dim=32,
        dim_feedforward=32,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        text_encoder_width=32,
        text_encoder_context_length=24,
        text_encoder_num_layers=1,
        text_encoder_vocab_size=len(tokenizer),
        id2label=LABELS,
    )
    _save(transformers.OneFormerForUniversalSegmentation(config), folder)
    classes = folder.parent / "oneformer_classes.json"
    classes.write_text(
        json.dumps({str(number): {"name": LABELS[number], "isthing": number < 2} for number in LABELS})
    )
    images = transformers.OneFormerImageProcessor(
        size=size, repo_path=str(classes.parent), class_info_file=classes.name, num_text=8
    )
    transformers.OneFormerProcessor(images, tokenizer, task_seq_length=24).save_pretrained(folder)
    classes.unlink()
    return folder


def save_eomt(folder: Path, side: int = 64) -> Path:
    """Save an EoMT that sees pictures padded to squares of `side` pixels."""
    import torch
    import transformers

    torch.manual_seed(4)
    config = transformers.EomtConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=side,
        patch_size=16,
        num_blocks=1,
        num_queries=10,
        num_upscale_blocks=1,
        id2label=LABELS,
    )
    _save(transformers.EomtForUniversalSegmentation(config), folder)
    size = {"shortest_edge": side, "longest_edge": side}
    transformers.EomtImageProcessor(size=size, do_pad=True).save_pretrained(folder)
    return folder


SEGMENTERS: dict[str, Callable[[Path], Path]] = {
    "maskformer": lambda folder: save_maskformer(folder, {"shortest_edge": 64, "longest_edge": 128}),
    "mask2former": lambda folder: save_mask2former(folder, {"shortest_edge": 64, "longest_edge": 128}),
    "oneformer": lambda folder: save_oneformer(folder, {"shortest_edge": 64, "longest_edge": 128}),
    "eomt": save_eomt,
}
