"""Tiny random models that answer questions about pictures, or caption them."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch
import transformers

from tests.models.tiny_checkpoints.language_models import BYTES, byte_tokenizer, llama_config, save

ANSWERS = ("yes", "no", "2", "red", "dog", "surfing", "Outside")
"""The answers of the tiny ViLT."""

SIGHT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}IMAGE_HERE{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|end|>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def letter_tokenizer(**special: str) -> Any:
    """Return a BERT tokenizer that spells words in letters."""
    letters = [*string.ascii_lowercase, *string.digits, *"?.,'!"]
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *special.values(),
        *letters,
        *(f"##{each}" for each in letters),
    ]
    vocabulary = {word: number for number, word in enumerate(words)}
    return transformers.BertTokenizer(vocab=vocabulary, model_max_length=40, **special)


def spread(model: Any, seed: int = 0) -> Any:
    """Draw the weights from a wider range than training starts with, so that outputs depend on inputs."""
    generator = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        if weight.ndim > 1:
            weight.data.normal_(0.0, 0.3, generator=generator)
    return model


def vilt(folder: Path) -> Path:
    torch.manual_seed(0)
    tokenizer = letter_tokenizer()
    config = transformers.ViltConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=96,
        patch_size=32,
        max_position_embeddings=40,
        id2label=dict(enumerate(ANSWERS)),
        label2id={label: number for number, label in enumerate(ANSWERS)},
    )
    model = spread(transformers.ViltForQuestionAnswering(config))
    images = transformers.ViltImageProcessor(size={"shortest_edge": 96})
    return save(model, transformers.ViltProcessor(images, tokenizer), folder)


def blip(folder: Path, kind: str = "BlipForQuestionAnswering") -> Path:
    torch.manual_seed(0)
    tokenizer = letter_tokenizer(bos_token="[DEC]")
    config = transformers.BlipConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "encoder_hidden_size": 32,
            "intermediate_size": 37,
            "projection_dim": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 64,
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.sep_token_id,
            "sep_token_id": tokenizer.sep_token_id,
        },
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 37,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 32,
            "patch_size": 8,
        },
        projection_dim=16,
        image_text_hidden_size=16,
    )
    model = spread(getattr(transformers, kind)(config))
    images = transformers.BlipImageProcessor(size={"height": 32, "width": 32})
    return save(model, transformers.BlipProcessor(images, tokenizer), folder)


def llava(folder: Path) -> Path:
    torch.manual_seed(0)
    tokenizer = byte_tokenizer(None)
    language = llama_config(tokenizer, 1024)
    sight = transformers.CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=32,
        patch_size=8,
    )
    config = transformers.LlavaConfig(
        vision_config=sight,
        text_config=language,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
    )
    model = spread(transformers.LlavaForConditionalGeneration(config))
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    images = transformers.CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    template = SIGHT_TEMPLATE.replace("IMAGE_HERE", "<image>")
    processor = transformers.LlavaProcessor(
        images,
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    return save(model, processor, folder)


def qwen2_vl(folder: Path) -> Path:
    torch.manual_seed(0)
    turns = ("<pad>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
    special = (*turns, "<|vision_start|>", "<|image_pad|>", "<|video_pad|>", "<|vision_end|>")
    tokenizer = byte_tokenizer(None, special)
    config = transformers.Qwen2VLConfig(
        text_config={
            "vocab_size": len(special) + len(BYTES),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 4096,
            "rope_parameters": {"type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
            "bos_token_id": None,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "depth": 1,
            "embed_dim": 32,
            "hidden_size": 32,
            "num_heads": 2,
            "mlp_ratio": 2,
            "patch_size": 14,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        video_token_id=tokenizer.convert_tokens_to_ids("<|video_pad|>"),
        vision_start_token_id=tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
    )
    model = spread(transformers.Qwen2VLForConditionalGeneration(config))
    images = transformers.Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=28 * 28 * 30)
    videos = transformers.Qwen2VLVideoProcessor()
    template = SIGHT_TEMPLATE.replace("IMAGE_HERE", "<|vision_start|><|image_pad|><|vision_end|>")
    processor = transformers.Qwen2VLProcessor(images, tokenizer, videos, chat_template=template)
    return save(model, processor, folder)


def blip2(folder: Path) -> Path:
    torch.manual_seed(0)
    tokenizer = byte_tokenizer(None)
    config = transformers.Blip2Config(
        vision_config={
            "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 1, "num_attention_heads": 4,
            "image_size": 32, "patch_size": 8,
        },
        qformer_config={
            "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 1, "num_attention_heads": 4,
            "vocab_size": 50, "encoder_hidden_size": 32,
        },
        text_config={
            "model_type": "opt", "vocab_size": len(tokenizer) + 1, "hidden_size": 32, "ffn_dim": 37,
            "num_hidden_layers": 1, "num_attention_heads": 4, "max_position_embeddings": 256,
            "word_embed_proj_dim": 32,
            "eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        num_query_tokens=4,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )  # fmt: skip
    model = spread(transformers.Blip2ForConditionalGeneration(config))
    images = transformers.BlipImageProcessor(size={"height": 32, "width": 32})
    return save(model, transformers.Blip2Processor(images, tokenizer, num_query_tokens=4), folder)
