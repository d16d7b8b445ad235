"""Tiny random models that compare pictures with texts."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers

from tests.models.tiny_checkpoints.answering_models import spread
from tests.models.tiny_checkpoints.language_models import BYTES, save

SIDE = 32
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
SIGHT = {**TEXT, "image_size": SIDE, "patch_size": 8}


def clip(folder: Path) -> Path:
    torch.manual_seed(0)
    tokens = [*BYTES, *(f"{byte}</w>" for byte in BYTES), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
    end = tokenizer.eos_token_id
    text = {
        **TEXT,
        "vocab_size": len(tokens),
        "bos_token_id": end - 1,
        "eos_token_id": end,
        "pad_token_id": end,
    }
    config = transformers.CLIPConfig(text_config=text, vision_config=SIGHT, projection_dim=16)
    images = transformers.CLIPImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    return save(spread(transformers.CLIPModel(config)), transformers.CLIPProcessor(images, tokenizer), folder)


def gemma_letters() -> transformers.Siglip2Tokenizer:
    words = [
        "<pad>",
        "<eos>",
        "<bos>",
        "<unk>",
        "<mask>",
        "▁",
        *"abcdefghijklmnopqrstuvwxyz.,",
        *(f"<0x{n:02X}>" for n in range(256)),
    ]
    return transformers.Siglip2Tokenizer(vocab={word: number for number, word in enumerate(words)}, merges=[])


def siglip(folder: Path) -> Path:
    """Save the network of the first SigLIP with the tokenizer of the second, like SigLIP 2 of fixed size."""
    torch.manual_seed(0)
    tokenizer = gemma_letters()
    text = {**TEXT, "vocab_size": len(tokenizer), "projection_size": 32}
    config = transformers.SiglipConfig(text_config=text, vision_config=SIGHT)
    images = transformers.SiglipImageProcessor(size={"height": SIDE, "width": SIDE})
    model = spread(transformers.SiglipModel(config))
    model.logit_scale.data.fill_(2.0)
    model.logit_bias.data.fill_(-3.0)
    return save(model, transformers.SiglipProcessor(images, tokenizer), folder)


def siglip2(folder: Path) -> Path:
    """Save the network that keeps the aspect ratio of pictures."""
    torch.manual_seed(0)
    tokenizer = gemma_letters()
    text = {**TEXT, "vocab_size": len(tokenizer), "projection_size": 32}
    sight = {**TEXT, "patch_size": 16, "num_patches": 256}
    config = transformers.Siglip2Config(text_config=text, vision_config=sight)
    model = spread(transformers.Siglip2Model(config))
    model.logit_scale.data.fill_(2.0)
    model.logit_bias.data.fill_(-3.0)
    images = transformers.Siglip2ImageProcessor(patch_size=16, max_num_patches=64)
    return save(model, transformers.Siglip2Processor(images, tokenizer), folder)
