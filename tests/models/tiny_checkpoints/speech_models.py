"""A tiny random Whisper, and one trained to distinguish sounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from tests.models.tiny_checkpoints.answering_models import spread
from tests.models.tiny_checkpoints.language_models import BYTES, save

SOUNDS = {"low": 200.0, "high": 2000.0}
"""The text that the trained one writes for a tone, by its frequency in hertz."""

MARKS = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>",
         "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>")  # fmt: skip
TIMES = tuple(f"<|{step * 0.02:.2f}|>" for step in range(1501))


def whisper(folder: Path) -> Path:
    model, processor = _whisper()
    return save(spread(model), processor, folder)


def taught_whisper(folder: Path) -> Path:
    """Save a model that knows the SOUNDS, at any loudness and with noise, in two seconds."""
    model, processor = _whisper(window=2)
    random = np.random.default_rng(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    words = [processor.tokenizer(word, return_tensors="pt")["input_ids"] for word in SOUNDS]
    for _ in range(300):
        sounds = [tone(pitch, 1.5, random) for pitch in SOUNDS.values()]
        heard = processor.feature_extractor(sounds, sampling_rate=16_000, return_tensors="pt")
        labels = torch.nn.utils.rnn.pad_sequence([word[0] for word in words], True, -100)
        loss = model(input_features=heard["input_features"], labels=labels[:, 1:]).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.01:
            break
    return save(model, processor, folder)


def tone(pitch: float, seconds: float, random: np.random.Generator) -> Any:
    time = np.arange(round(seconds * 16_000)) / 16_000
    loud = random.uniform(0.2, 0.8) * np.sin(2 * np.pi * pitch * time)
    return (loud + random.normal(0, 0.01, len(time))).astype(np.float32)


def _whisper(window: int = 30) -> tuple[Any, Any]:
    """Build a model with a window of `window` seconds."""
    torch.manual_seed(0)
    vocabulary = {byte: number for number, byte in enumerate(BYTES)} | {MARKS[0]: len(BYTES)}
    tokenizer = transformers.WhisperTokenizer(vocab=vocabulary, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": list(MARKS[1:])})
    tokenizer.add_tokens(list(TIMES))
    tokenizer.set_prefix_tokens(language="en", task="transcribe")
    number = tokenizer.convert_tokens_to_ids
    config = transformers.WhisperConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=37,
        decoder_ffn_dim=37,
        num_mel_bins=80,
        max_source_positions=50 * window,
        max_target_positions=64,
        decoder_start_token_id=number("<|startoftranscript|>"),
        bos_token_id=number("<|endoftext|>"),
        eos_token_id=number("<|endoftext|>"),
        pad_token_id=number("<|endoftext|>"),
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = transformers.WhisperForConditionalGeneration(config)
    settings = model.generation_config
    settings.is_multilingual = True
    settings.lang_to_id = {mark: number(mark) for mark in ("<|en|>", "<|de|>")}
    settings.task_to_id = {"transcribe": number("<|transcribe|>"), "translate": number("<|translate|>")}
    settings.no_timestamps_token_id = number("<|notimestamps|>")
    settings._from_model_config = False
    settings.max_length = 40
    settings.begin_suppress_tokens = [number("<|endoftext|>")]  # as in published ones
    settings.decoder_start_token_id = number("<|startoftranscript|>")
    listener = transformers.WhisperFeatureExtractor(feature_size=80, chunk_length=window)
    return model, transformers.WhisperProcessor(listener, tokenizer)
