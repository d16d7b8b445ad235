"""Conversations with networks that write text: chat templates, limits, and the next turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from visprog.errors import AnswerCut, ModelFailed
from visprog.libraries import needs
from visprog.model_text import clean_reply
from visprog.models.backends.transformers.generation import Generated, generate
from visprog.models.backends.transformers.network import Network
from visprog.models.roles import Completion, Message


class Limits(NamedTuple):
    """The longest answer and the longest conversation, in tokens, and whether to think before answering."""

    max_new_tokens: int = 1024
    context: int | None = None
    thinking: bool = False

    def most(self, length: int) -> int:
        """Return the limit of an answer of `length` tokens; with thoughts it is `max_new_tokens`."""
        return self.max_new_tokens if self.thinking else min(self.max_new_tokens, length)


def read_limits(options: Mapping[str, Any]) -> Limits:
    """Return the options `max_new_tokens`, `context` and `thinking`."""
    return Limits(**{name: options[name] for name in Limits._fields if name in options})


class Prompt(NamedTuple):
    """A conversation as a network reads it.

    An answer ends before the first of `stops`. `read` lists the places of the messages that the template
    shows; None means all of them.
    """

    inputs: Any
    stops: tuple[str, ...] = ()
    read: tuple[int, ...] | None = None


class Conversation:
    """Writes the next turn of a conversation. `prompt` turns the messages into the network's input."""

    def __init__(
        self, network: Network, limits: Limits, prompt: Callable[[Sequence[Message]], Prompt]
    ) -> None:
        self.network = network
        self._limits = limits
        self._prompt = prompt

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn. Raises ContextTooLong, or AnswerCut with the text so far."""
        return self._next_turn(messages, self._limits.max_new_tokens, temperature)

    def complete_until(
        self,
        messages: Sequence[Message],
        done: Callable[[str], bool],
        *,
        max_tokens: int,
        temperature: float | None = None,
    ) -> Completion:
        """Return the next turn, which ends as soon as `done` returns True for its text.

        If the model thinks first, the limit is the option `max_new_tokens` instead of `max_tokens`. Raises as
        `complete` does.
        """
        return self._next_turn(messages, self._limits.most(max_tokens), temperature, done)

    def _next_turn(
        self,
        messages: Sequence[Message],
        most: int,
        temperature: float | None,
        done: Callable[[str], bool] | None = None,
    ) -> Completion:
        prompt = self._prompt(messages)
        generated = generate(
            self.network,
            prompt.inputs,
            most=most,
            context=self._limits.context,
            temperature=temperature,
            stops=prompt.stops,
            done=done,
        )
        return completion(generated, self.network.identifier)._replace(read=prompt.read)


def completion(generated: Generated, model: str) -> Completion:
    """Return the answer without the model's thoughts. Raises AnswerCut if it was cut at the limit."""
    text = clean_reply(generated.text)
    if generated.cut or (not text and generated.text):
        raise AnswerCut(
            f"the answer of {model} was cut at its limit of {generated.output_tokens} tokens",
            help="raise the option `max_new_tokens`, set `thinking` to true if the model thinks before it "
            "answers, or use a model that writes less",
            text=text or generated.text,
        )
    return Completion(text, model, generated.input_tokens, generated.output_tokens)


def chat_inputs(
    reader: Any,
    messages: Sequence[Message],
    thinking: bool = False,
    content: Callable[[str], Any] = str,
) -> Any:
    """Return a conversation as inputs, by the chat template of `reader`, a tokenizer or a processor.

    `content` turns the text of a turn into the form that the template expects. If the template rejects a
    system turn, the text of that turn goes before the first turn of the user.
    """
    form = {"tokenize": True, "return_dict": True, "return_tensors": "pt"}
    return _templated(reader, messages, thinking, content, **form)


def messages_read(tokenizer: Any, messages: Sequence[Message]) -> tuple[int, ...] | None:
    """Return the places of the messages that the chat template shows; None if it shows all of them."""
    shown = _templated(tokenizer, messages, tokenize=False)
    places = tuple(place for place, message in enumerate(messages) if message.content.strip() in shown)
    return places if len(places) < len(messages) else None


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
        f"the model's chat template rejects the conversation: {fault}", help="choose another language model"
    ) from fault


def _without_system(messages: Sequence[Message]) -> list[Message]:
    instructions = [message.content for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    if instructions and turns and turns[0].role == "user":
        turns[0] = Message("user", "\n\n".join([*instructions, turns[0].content]))
    return turns
