"""Speech to text: Whisper (Radford et al., 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelUnavailable, UsageError
from visprog.libraries import needs
from visprog.model_text import spoken
from visprog.models.backends.transformers.network import Network, architecture_of, load_network
from visprog.models.backends.transformers.pretrained import quiet

RATE = 16_000
"""Samples per second."""

_BEAMS = 5
"""As Whisper's paper (section 4.5) decodes."""


def load_transcriber(role: str, identifier: str, options: Mapping[str, Any]) -> WhisperTranscriber:
    """Load a Whisper checkpoint. The option `language` names the language spoken; else it is recognised."""
    del role  # it fills one alone
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
        raise UsageError(f"{network.identifier} speaks no `{language}`", help=f"its languages are {codes}")


class WhisperTranscriber:
    """Writes down what is said. Recordings longer than the network's window, 30 seconds, are read in turn.

    The next window begins where the last whole sentence of the one before ended, as the model's own time
    marks say, so that no word is cut.
    """

    def __init__(self, network: Network, language: str | None = None) -> None:
        self._network = network
        several = getattr(network.model.generation_config, "task_to_id", None)  # it could translate as well
        self._task = {"task": "transcribe"} if several else {}
        if language is not None:
            self._task["language"] = language
        self._window = int(network.processor.feature_extractor.n_samples)
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def transcribe(self, samples: NDArray[np.float32]) -> str:
        """Return what is said; nothing where there is no sound."""
        import torch

        sound = np.asarray(samples, dtype=np.float32)
        if not sound.any():
            return ""
        long = len(sound) > self._window
        cut = {"truncation": False, "padding": "longest"} if long else {}
        inputs = self._network.processor.feature_extractor(
            sound, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True, **cut
        )
        settings = self._task | ({"return_timestamps": True} if long else {})
        with self._network.lock, quiet(), torch.inference_mode():
            tokens = self._network.model.generate(
                **self._network.placed(inputs), **settings, num_beams=_BEAMS, do_sample=False
            )
        return spoken(str(self._network.tokenizer.decode(tokens[0], skip_special_tokens=True)))
