"""Text from a network, token by token: greedy or sampled, within the context, ended where it should end."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

from visprog.errors import ModelFailed
from visprog.models.transformers.network import Network
from visprog.models.transformers.pretrained import quiet
from visprog.models.usage import spend


class Generated(NamedTuple):
    """What was generated. `cut` says that the limit ended it, not the network or a stop text."""

    text: str
    input_tokens: int
    output_tokens: int
    cut: bool


def generate(
    network: Network,
    inputs: Any,
    *,
    most: int,
    context: int | None = None,
    temperature: float | None = None,
    stops: Sequence[str] = (),
) -> Generated:
    """Continue `inputs`, one prompt as the processor returns it, by at most `most` tokens.

    The likeliest token is taken each time, or one is drawn where `temperature` is above 0. Raises ModelFailed
    where the prompt and an answer do not fit into `context` tokens: nothing is cut off a prompt.
    """
    import torch

    config = network.model.config
    before = int(inputs["input_ids"].shape[-1])
    room = (context if context is not None else context_of(network)) or before + most
    if not config.is_encoder_decoder:
        room -= before
    elif before > room:
        room = 0
    if room < 1:
        raise ModelFailed(
            f"the prompt has {before} tokens, more than the context of {network.identifier} can hold",
            help="use a model with a longer context, a shorter instruction, or a smaller bank of examples",
        )
    most = min(most, room)
    skipped = 1 if config.is_encoder_decoder else before  # the start token, or the prompt
    stop = _Stop(network, stops, skipped)
    with network.lock, quiet(), torch.inference_mode():
        tokens = network.model.generate(
            **network.placed(inputs),
            generation_config=_settings(network, most, temperature),
            stopping_criteria=[stop] if stops else None,
        )[0][skipped:]
    spend(before, len(tokens))
    text = network.tokenizer.decode(tokens, skip_special_tokens=True)
    ended = len(tokens) < most or int(tokens[-1]) in _ends(network)
    shortened = before_stop(text, stops)
    return Generated(shortened.strip(), before, len(tokens), not ended and shortened == text)


def context_of(network: Network) -> int | None:
    """Return how many tokens the network's positions reach; None where they are relative and have no end."""
    config = network.model.config.get_text_config(decoder=not network.model.config.is_encoder_decoder)
    if getattr(config, "relative_attention_num_buckets", None):
        return None
    for name in ("max_position_embeddings", "n_positions", "max_sequence_length"):
        found = getattr(config, name, None)
        if isinstance(found, int) and found > 0:
            return found
    return None


def before_stop(text: str, stops: Sequence[str]) -> str:
    """Return the text before the first of `stops`."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else text


def _settings(network: Network, most: int, temperature: float | None) -> Any:
    settings = copy.deepcopy(network.model.generation_config)
    settings.max_new_tokens, settings.max_length, settings.min_length = most, None, 0
    settings.do_sample = bool(temperature)
    settings.temperature = temperature or 1.0
    ends = _ends(network)
    if settings.pad_token_id is None and ends:
        settings.pad_token_id = min(ends)
    return settings


def _ends(network: Network) -> set[int]:
    """Return the tokens that end an answer."""
    settings = network.model.generation_config
    found = settings.eos_token_id if settings is not None else None
    found = network.tokenizer.eos_token_id if found is None else found
    return set(found) if isinstance(found, list) else set() if found is None else {int(found)}


class _Stop:
    """Ends the generation once the answer holds one of the stop texts."""

    def __init__(self, network: Network, stops: Sequence[str], skipped: int) -> None:
        self._tokenizer = network.tokenizer
        self._stops = tuple(stops)
        self._skipped = skipped
        self._reach = max((len(stop) for stop in stops), default=0) + 8  # a token is a character at least

    def __call__(self, tokens: Any, scores: Any, **rest: Any) -> Any:
        del scores, rest
        import torch

        new = tokens[0][self._skipped :][-self._reach :]
        text = self._tokenizer.decode(new, skip_special_tokens=True)
        found = any(stop in text for stop in self._stops)
        return torch.tensor([found] * len(tokens), device=tokens.device)
