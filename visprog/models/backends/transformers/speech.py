"""Speech to text: Whisper (Radford et al., 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelUnavailable, UsageError
from visprog.libraries import needs
from visprog.model_text import clean_reply
from visprog.models.backends.transformers.network import Network, architecture_of, load_network
from visprog.models.backends.transformers.pretrained import quiet

RATE = 16_000
"""Samples per second."""

_BEAMS = 5
"""The number of beams in Whisper's paper, section 4.5."""


def load_transcriber(role: str, identifier: str, options: Mapping[str, Any]) -> WhisperTranscriber:
    """Load a Whisper checkpoint. Without the option `language`, Whisper recognises the language."""
    del role  # it fills only one
    language = options.get("language")
    kind, _ = architecture_of(identifier, options)
    if kind != "whisper":
        raise ModelUnavailable(f"{identifier} is a {kind} model", help="choose a Whisper checkpoint")
    network = load_network("WhisperForConditionalGeneration", identifier, options, ("language",))
    if language is not None:
        _check_language(network, language)
    return WhisperTranscriber(network, language)


def _check_language(network: Network, language: str) -> None:
    with needs("transformers.models.whisper.tokenization_whisper"):
        from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

    known = getattr(network.model.generation_config, "lang_to_id", {})  # English-only checkpoints have none
    code = TO_LANGUAGE_CODE.get(language.lower(), language.lower())
    if f"<|{code}|>" not in known:
        codes = ", ".join(sorted(mark.strip("<|>") for mark in known)) or "none: leave the option out"
        raise UsageError(
            f"{network.identifier} does not know the language `{language}`", help=f"its languages are {codes}"
        )


class WhisperTranscriber:
    """Turns speech into text. Recordings longer than the network's window of 30 seconds are read in parts.

    Each part starts where the last whole sentence of the previous part ended, by the time marks of the model,
    so that no word is cut.
    """

    def __init__(self, network: Network, language: str | None = None) -> None:
        self.network = network
        several = getattr(network.model.generation_config, "task_to_id", None)  # it can also translate
        self._task = {"task": "transcribe"} if several else {}
        if language is not None:
            self._task["language"] = language
        self._window = int(network.processor.feature_extractor.n_samples)
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def transcribe(self, samples: NDArray[np.float32]) -> str:
        """Return the spoken text; an empty text for silence."""
        import torch

        sound = np.asarray(samples, dtype=np.float32)
        if not sound.any():
            return ""
        long = len(sound) > self._window
        cut = {"truncation": False, "padding": "longest"} if long else {}
        inputs = self.network.processor.feature_extractor(
            sound, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True, **cut
        )
        settings = self._task | ({"return_timestamps": True} if long else {})
        with self.network.lock, quiet(), torch.inference_mode():
            tokens = self.network.model.generate(
                **self.network.placed(inputs), **settings, num_beams=_BEAMS, do_sample=False
            )
        return clean_reply(str(self.network.tokenizer.decode(tokens[0], skip_special_tokens=True)))
