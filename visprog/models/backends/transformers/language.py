"""Language models on this machine: causal ones, and sequence-to-sequence ones such as T5."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.models.backends.transformers.chat import (
    Conversation,
    Limits,
    Prompt,
    chat_inputs,
    messages_read,
    read_limits,
)
from visprog.models.backends.transformers.network import (
    Network,
    architecture_of,
    is_sequence_to_sequence,
    load_network,
    reads_pictures_and_writes,
)
from visprog.models.backends.transformers.vision_language import load_vision_language
from visprog.models.roles import Completion, LanguageModel, Message

_STOPS = ("\nUser:", "\nSystem:", "\nAssistant:")


def load_language_model(role: str, identifier: str, options: Mapping[str, Any]) -> LanguageModel:
    """Load a language model. One that also sees pictures can fill the roles of pictures too."""
    kind, classes = architecture_of(identifier, options)
    if reads_pictures_and_writes(kind):
        return load_vision_language(role, identifier, options)
    causal = any(name.endswith("ForCausalLM") for name in classes)  # some architectures are either
    translates = is_sequence_to_sequence(kind) and not causal
    architecture = "AutoModelForSeq2SeqLM" if translates else "AutoModelForCausalLM"
    network = load_network(architecture, identifier, options, Limits._fields, processor="AutoTokenizer")
    return TransformersLanguageModel(network, read_limits(options))


class TransformersLanguageModel:
    """A language model on this machine, asked through its chat template if it has one.

    Without a chat template, the conversation is written as a transcript, and an answer ends where the model
    begins to write the next turn. Without a temperature, the same conversation always gets the same answer.
    """

    def __init__(self, network: Network, limits: Limits = Limits()) -> None:  # noqa: B008  # it is frozen
        self.network = network
        self._thinking = limits.thinking
        self._conversation = Conversation(network, limits, self._prompt)
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn; see `Conversation.complete`."""
        return self._conversation.complete(messages, temperature=temperature)

    def complete_until(
        self,
        messages: Sequence[Message],
        done: Callable[[str], bool],
        *,
        max_tokens: int,
        temperature: float | None = None,
    ) -> Completion:
        """Return the next turn up to where `done` is True; see `Conversation.complete_until`."""
        return self._conversation.complete_until(
            messages, done, max_tokens=max_tokens, temperature=temperature
        )

    def _prompt(self, messages: Sequence[Message]) -> Prompt:
        tokenizer = self.network.tokenizer
        if tokenizer.chat_template is None:
            return Prompt(tokenizer(transcript(messages), return_tensors="pt"), _STOPS)
        inputs = chat_inputs(tokenizer, messages, self._thinking)
        return Prompt(inputs, read=messages_read(tokenizer, messages))

    def __repr__(self) -> str:
        return f"TransformersLanguageModel({self.fingerprint!r})"


def transcript(messages: Sequence[Message]) -> str:
    """Return a conversation as plain text. A single message is returned unchanged."""
    if len(messages) == 1:
        return messages[0].content
    names = {"system": "System", "user": "User", "assistant": "Assistant"}
    turns = [f"{names[message.role]}: {message.content}" for message in messages]
    if messages[0].role == "system":
        turns[0] = messages[0].content
    return "\n\n".join([*turns, "Assistant:"])
