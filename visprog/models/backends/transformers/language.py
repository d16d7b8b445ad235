"""Language models on this machine: causal ones, and sequence-to-sequence ones such as T5."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from visprog.errors import AnswerCut, ModelFailed
from visprog.libraries import needs
from visprog.model_text import spoken
from visprog.models.backends.transformers.generation import Generated, generate
from visprog.models.backends.transformers.network import Network
from visprog.models.roles import Completion, Message

_STOPS = ("\nUser:", "\nSystem:", "\nAssistant:")


class Limits(NamedTuple):
    """The longest answer and the longest conversation in tokens, and whether to think before answering."""

    max_new_tokens: int = 1024
    context: int | None = None
    thinking: bool = False

    def most(self, wanted: int) -> int:
        """Return how many tokens an answer of `wanted` ones may take: thoughts need more."""
        return self.max_new_tokens if self.thinking else min(self.max_new_tokens, wanted)


def read_limits(options: Mapping[str, Any]) -> Limits:
    """Return the options `max_new_tokens`, `context` and `thinking`."""
    return Limits(**{name: options[name] for name in Limits._fields if name in options})


class TransformersLanguageModel:
    """A language model on this machine, asked through its chat template where it has one.

    Without one, the conversation is written down as a transcript, and an answer ends where the model begins
    to write the next turn itself. The same conversation has the same answer while no temperature is given.
    """

    def __init__(self, network: Network, limits: Limits = Limits()) -> None:  # noqa: B008  # it is frozen
        self._network = network
        self._limits = limits
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn. Raises ContextTooLong, or AnswerCut with what there is of a cut answer."""
        return self._next_turn(messages, self._limits.max_new_tokens, temperature)

    def complete_until(
        self,
        messages: Sequence[Message],
        done: Callable[[str], bool],
        *,
        max_tokens: int,
        temperature: float | None = None,
    ) -> Completion:
        """Return the next turn, which ends as soon as `done` says so of its text. Raises as `complete` does.

        Where the model is to think first, `max_tokens` is not the limit, but the option `max_new_tokens`.
        """
        return self._next_turn(messages, self._limits.most(max_tokens), temperature, done)

    def _next_turn(
        self,
        messages: Sequence[Message],
        most: int,
        temperature: float | None,
        done: Callable[[str], bool] | None = None,
    ) -> Completion:
        inputs, stops = self._written(messages)
        generated = generate(
            self._network,
            inputs,
            most=most,
            context=self._limits.context,
            temperature=temperature,
            stops=stops,
            done=done,
        )
        read = _read_of(self._network.tokenizer, messages)
        return completion(generated, self._network.identifier)._replace(read=read)

    def _written(self, messages: Sequence[Message]) -> tuple[Any, tuple[str, ...]]:
        tokenizer = self._network.tokenizer
        if tokenizer.chat_template is None:
            return tokenizer(transcript(messages), return_tensors="pt"), _STOPS
        return chat_inputs(tokenizer, messages, self._limits.thinking), ()

    def __repr__(self) -> str:
        return f"TransformersLanguageModel({self.fingerprint!r})"


def _read_of(tokenizer: Any, messages: Sequence[Message]) -> tuple[int, ...] | None:
    """Return the places of the messages that the chat template shows; None where it shows all of them."""
    if tokenizer.chat_template is None:
        return None
    shown = _templated(tokenizer, messages, tokenize=False)
    places = tuple(place for place, message in enumerate(messages) if message.content.strip() in shown)
    return places if len(places) < len(messages) else None


def completion(generated: Generated, model: str) -> Completion:
    """Return what a model said, without its thoughts. Raises AnswerCut if it was cut at the limit."""
    text = spoken(generated.text)
    if generated.cut or (not text and generated.text):
        raise AnswerCut(
            f"the answer of {model} was cut at its limit of {generated.output_tokens} tokens",
            help="raise the option `max_new_tokens`, set `thinking` to true if the model thinks before it "
            "answers, or use a model that keeps to the point",
            text=text or generated.text,
        )
    return Completion(text, model, generated.input_tokens, generated.output_tokens)


def chat_inputs(
    reader: Any,
    messages: Sequence[Message],
    thinking: bool = False,
    content: Callable[[str], Any] = str,
) -> Any:
    """Return a conversation by the chat template of `reader`, a tokenizer or processor, as inputs.

    `content` turns a turn's text into what the template wants. Where the template knows no system turn, its
    text goes before the first turn of the user.
    """
    form = {"tokenize": True, "return_dict": True, "return_tensors": "pt"}
    return _templated(reader, messages, thinking, content, **form)


def _templated(
    reader: Any,
    messages: Sequence[Message],
    thinking: bool = False,
    content: Callable[[str], Any] = str,
    **form: Any,
) -> Any:
    with needs("jinja2"):
        from jinja2 import TemplateError

    thought = {"enable_thinking": thinking} if "enable_thinking" in str(reader.chat_template) else {}
    for turns in (messages, _without_system(messages)):
        try:
            return reader.apply_chat_template(
                [{"role": turn.role, "content": content(turn.content)} for turn in turns],
                add_generation_prompt=True,
                **form,
                **thought,
            )
        except TemplateError as cause:
            fault = cause
    raise ModelFailed(
        f"the model's chat template refuses the conversation: {fault}", help="choose another language model"
    ) from fault


def _without_system(messages: Sequence[Message]) -> list[Message]:
    said = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    if said and turns and turns[0].role == "user":
        turns[0] = Message("user", "\n\n".join([*said, turns[0].content]))
    return turns


def transcript(messages: Sequence[Message]) -> str:
    """Return a conversation as plain text; a single question without anything around it stays as it is."""
    if len(messages) == 1:
        return messages[0].content
    names = {"system": "System", "user": "User", "assistant": "Assistant"}
    turns = [f"{names[message.role]}: {message.content}" for message in messages]
    if messages[0].role == "system":
        turns[0] = messages[0].content
    return "\n\n".join([*turns, "Assistant:"])
