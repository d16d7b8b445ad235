"""A Segment Anything with few weights, in the format of Meta's checkpoints."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

SIDE = 128


def tiny_sam(seed: int = 0) -> Any:
    """Return a Sam of random weights that sees 128 pixels, with a windowed layer and a global one."""
    import torch
    from segment_anything.modeling import (
        ImageEncoderViT,
        MaskDecoder,
        PromptEncoder,
        Sam,
        TwoWayTransformer,
    )

    torch.manual_seed(seed)
    sam = Sam(
        ImageEncoderViT(
            img_size=SIDE,
            patch_size=16,
            embed_dim=24,
            depth=2,
            num_heads=3,
            mlp_ratio=2,
            out_chans=32,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=3,
            global_attn_indexes=(1,),
        ),
        PromptEncoder(
            embed_dim=32, image_embedding_size=(8, 8), input_image_size=(SIDE, SIDE), mask_in_chans=8
        ),
        MaskDecoder(
            transformer_dim=32,
            transformer=TwoWayTransformer(depth=1, embedding_dim=32, mlp_dim=40, num_heads=8),
            iou_head_depth=2,
            iou_head_hidden_dim=20,
        ),
    ).eval()
    with torch.no_grad():
        for weight in sam.parameters():
            weight.normal_(std=0.5)
        confidence = sam.mask_decoder.iou_prediction_head.layers[-1]
        confidence.weight.mul_(0.02)
        confidence.bias.fill_(0.5)
    return sam


def save(sam: Any, path: Path) -> Path:
    """Write the weights as a .pth file."""
    import torch

    torch.save(sam.state_dict(), path)
    return path
