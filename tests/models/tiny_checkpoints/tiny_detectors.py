"""Tiny checkpoints of the zero-shot detectors, with random weights, saved as published ones are."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any


def stir(model: Any) -> None:
    """Scale the weights of each layer so that outputs vary; a new model always gives the same output."""
    import torch

    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(std=weight[0].numel() ** -0.5)


def clip_tokenizer(**options: Any) -> Any:
    """Return a tokenizer like CLIP's that knows single letters."""
    from transformers import CLIPTokenizer

    letters = [*string.ascii_lowercase, *string.digits]
    words = ["!", *letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: number for number, word in enumerate(words)}, merges=[], **options)


def bert_tokenizer() -> Any:
    """Return a tokenizer like BERT's that knows a few words and every letter."""
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "red", "square", "dog", "cat", "boat"]
    letters = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]
    return BertTokenizer(vocab={word: number for number, word in enumerate([*words, *letters])})


def save_owl(folder: Path, *, version: int = 1, side: int = 96) -> Path:
    """Save an OWL-ViT (version 1) or OWLv2 that sees squares of `side` pixels."""
    import torch
    import transformers

    torch.manual_seed(version)
    name = "OwlViT" if version == 1 else "Owlv2"
    layers = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    tokenizer = clip_tokenizer(pad_token="!", model_max_length=32)
    ends = {"bos_token_id": len(tokenizer) - 2, "eos_token_id": len(tokenizer) - 1}
    config = getattr(transformers, f"{name}Config")(
        text_config={**layers, "vocab_size": len(tokenizer), "max_position_embeddings": 32, **ends},
        vision_config={**layers, "image_size": side, "patch_size": 16},
        projection_dim=16,
    )
    model = getattr(transformers, f"{name}ForObjectDetection")(config)
    stir(model)
    model.save_pretrained(folder)
    size = {"height": side, "width": side}
    images = getattr(transformers, f"{name}ImageProcessor")(size=size)
    getattr(transformers, f"{name}Processor")(images, tokenizer).save_pretrained(folder)
    return folder


def save_grounding_dino(folder: Path, *, shortest: int = 80, longest: int = 120) -> Path:
    """Save a Grounding DINO that sees pictures of these edges."""
    import torch
    import transformers

    torch.manual_seed(3)
    tokenizer = bert_tokenizer()
    config = transformers.GroundingDinoConfig(
        backbone_config=transformers.SwinConfig(
            image_size=64,
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            window_size=4,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=transformers.BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
        ),
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_queries=20,
        max_text_len=32,
    )
    model = transformers.GroundingDinoForObjectDetection(config)
    stir(model)
    model.save_pretrained(folder)
    size = {"shortest_edge": shortest, "longest_edge": longest}
    images = transformers.GroundingDinoImageProcessor(size=size)
    transformers.GroundingDinoProcessor(images, tokenizer).save_pretrained(folder)
    return folder
