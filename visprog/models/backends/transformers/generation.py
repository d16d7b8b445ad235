"""Generates text with a network, greedily or by sampling, and stops it where it should end."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from visprog.errors import ContextTooLong
from visprog.models.backends.transformers.network import Network
from visprog.models.backends.transformers.pretrained import quiet
from visprog.models.progress import report
from visprog.models.usage import spend


class Generated(NamedTuple):
    """A generated text. `cut` is True if it ended at the limit of tokens."""

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
    done: Callable[[str], bool] | None = None,
) -> Generated:
    """Continue `inputs`, one prompt from the processor, by at most `most` tokens.

    The text ends before the first of the `stops`, or as soon as `done` returns True for it. The number of
    tokens is reported as progress.

    Each token is the most likely one, or is sampled if `temperature` is above 0. Raises ContextTooLong if the
    prompt and an answer do not fit into `context` tokens. A prompt is never cut.
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
        raise ContextTooLong(
            f"the prompt has {before} tokens, which do not fit into the context of {network.identifier}",
            help="use a model with a longer context, a shorter instruction, or a smaller bank of examples",
        )
    most = min(most, room)
    skipped = 1 if config.is_encoder_decoder else before  # the start token, or the prompt
    stop = _Stop(network, stops, done, skipped, most)
    with network.lock, quiet(), torch.inference_mode():
        tokens = network.model.generate(
            **network.placed(inputs),
            generation_config=_settings(network, most, temperature),
            stopping_criteria=[stop],
        )[0][skipped:]
    spend(before, len(tokens))
    text = network.tokenizer.decode(tokens, skip_special_tokens=True)
    ended = len(tokens) < most or int(tokens[-1]) in _ends(network)
    shortened = before_stop(text, stops)
    return Generated(shortened.strip(), before, len(tokens), not (ended or stop.done or shortened != text))


def context_of(network: Network) -> int | None:
    """Return the network's maximum number of positions; None if positions are relative."""
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
    """Ends the generation at a stop text, or as soon as `done` returns True. Reports progress."""

    def __init__(
        self,
        network: Network,
        stops: Sequence[str],
        done: Callable[[str], bool] | None,
        skipped: int,
        most: int,
    ) -> None:
        self._tokenizer = network.tokenizer
        self._stops = tuple(stops)
        self._is_done = done
        self._skipped = skipped
        self._most = most
        self._reach = max((len(stop) for stop in stops), default=0) + 8  # a token is a character at least
        self.done = False

    def __call__(self, tokens: Any, scores: Any, **rest: Any) -> Any:
        del scores, rest
        import torch

        new = tokens[0][self._skipped :]
        report(len(new), self._most)
        found = bool(self._stops) and any(stop in self._text(new[-self._reach :]) for stop in self._stops)
        if self._is_done is not None and not found:
            self.done = found = self._is_done(self._text(new))
        return torch.tensor([found] * len(tokens), device=tokens.device)

    def _text(self, tokens: Any) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))
