"""Tiny language models: some trained on given answers, and random ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

torch.set_num_threads(1)  # more threads make a network of this size slower

BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ("<pad>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<image>")


def byte_tokenizer(template: str | None = TEMPLATE, special: Sequence[str] = SPECIAL) -> Any:
    """Return a tokenizer with one token for each byte, so that it needs no training and covers all texts."""
    vocabulary = {token: number for number, token in enumerate((*special, *BYTES))}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        eos_token="<|end|>",
        additional_special_tokens=list(special[2:]),
    )
    tokenizer.chat_template = template
    return tokenizer


def llama_config(tokenizer: Any, context: int = 512) -> Any:
    return transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=context,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def save(model: Any, reader: Any, folder: Path) -> Path:
    model.eval().save_pretrained(folder)
    reader.save_pretrained(folder)
    return folder


def _train(model: Any, rows: Sequence[tuple[Any, Any]], steps: int = 300) -> None:
    """Train the model until it gives its labels."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(steps):
        loss = torch.stack([model(input_ids=given, labels=wanted).loss for given, wanted in rows]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.01:
            return


def taught(
    prompts: dict[str, str], folder: Path, template: str | None = TEMPLATE, context: int = 512
) -> Path:
    """Save a causal model that continues each prompt, which includes special tokens, with its answer."""
    torch.manual_seed(0)
    tokenizer = byte_tokenizer(template)
    model = transformers.LlamaForCausalLM(llama_config(tokenizer, context))
    rows = [_tokens(tokenizer, prompt + answer) for prompt, answer in prompts.items()]
    _train(model, [(row, row) for row in rows])
    return save(model, tokenizer, folder)


def _tokens(tokenizer: Any, text: str) -> Any:
    return tokenizer(text, return_tensors="pt")["input_ids"]


def random_causal(folder: Path, template: str | None = None, context: int = 512) -> Path:
    torch.manual_seed(1)
    tokenizer = byte_tokenizer(template)
    return save(transformers.LlamaForCausalLM(llama_config(tokenizer, context)), tokenizer, folder)


def taught_t5(prompts: dict[str, str], folder: Path) -> Path:
    """Save a T5 that answers each prompt."""
    torch.manual_seed(2)
    tokenizer = byte_tokenizer(None)
    config = transformers.T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dropout_rate=0.0,
    )
    model = transformers.T5ForConditionalGeneration(config)
    asked_and_said = [(prompt, f"{answer}<|end|>") for prompt, answer in prompts.items()]
    _train(model, [(_tokens(tokenizer, asked), _tokens(tokenizer, said)) for asked, said in asked_and_said])
    return save(model, tokenizer, folder)
