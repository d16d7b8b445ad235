"""Which class a checkpoint of a language model is loaded as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visprog.models.backends.transformers.language import Limits, TransformersLanguageModel, read_limits
from visprog.models.backends.transformers.network import (
    architecture_of,
    load_network,
    sees_and_writes,
    translates,
)
from visprog.models.backends.transformers.vision_language import load_vision_language
from visprog.models.roles import LanguageModel


def load_language_model(role: str, identifier: str, options: Mapping[str, Any]) -> LanguageModel:
    """Load a language model. One that also sees pictures can fill the roles of pictures too."""
    kind, classes = architecture_of(identifier, options)
    if sees_and_writes(kind):
        return load_vision_language(role, identifier, options)
    causal = any(name.endswith("ForCausalLM") for name in classes)  # some architectures are either
    architecture = "AutoModelForSeq2SeqLM" if translates(kind) and not causal else "AutoModelForCausalLM"
    network = load_network(architecture, identifier, options, Limits._fields, processor="AutoTokenizer")
    return TransformersLanguageModel(network, read_limits(options))
