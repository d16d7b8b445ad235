"""The planner that asks a language model. It returns a faulty program to the model, with the faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from visprog.errors import AnswerCut, ContextTooLong, PlanError
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.diagnostics import Diagnostic, render_plain
from visprog.language.parser import parse
from visprog.language.summary import render_summary
from visprog.models.roles import Completion, LanguageModel, Message, StoppableLanguageModel
from visprog.planner.acceptance import Judge
from visprog.planner.bank import Bank, identity, shipped_bank
from visprog.planner.extraction import extract_program, is_complete, is_finished
from visprog.planner.plan import Plan, Request
from visprog.planner.prompt import build_messages, usable_examples
from visprog.prompts import BANKS

_NO_PROGRAM = (
    "There is no program in this answer. Answer with the program alone, on each line one statement "
    "NAME=Tool(argument=value)."
)
_CUT = (
    "This answer is too long and was cut off. Answer with the program alone, on each line one statement, and "
    "nothing before or after it."
)
_EXAMPLE_DIVISOR = 3
"""If the prompt is too long for the model, the number of examples is divided by this."""
_MAX_TOKENS = 400
"""Maximum tokens of a program, for models that can be stopped. Programs in the banks have fewer than 300."""

_REPAIR = "The program has errors:\n\n{faults}\n\nWrite the whole program again, corrected, and nothing else."


@dataclass
class _Conversation:
    """The messages so far, their tokens, and the last program with its faults.

    `prompt_length` is the number of messages before the first answer. `shown` are the indices of the messages
    that the model has read or written. `cut` is the error of the last answer if it was cut off.
    """

    messages: list[Message]
    prompt_length: int = 0
    shown: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    faulty: Checked | None = None
    faults: tuple[Diagnostic, ...] = ()
    cut: AnswerCut | None = None

    def __post_init__(self) -> None:
        self.prompt_length = len(self.messages)

    @property
    def transcript(self) -> tuple[Message, ...]:
        return tuple(message for index, message in enumerate(self.messages) if index in self.shown)

    def add_answer(self, completion: Completion) -> None:
        index = len(self.messages)
        self.shown |= {*(range(index) if completion.read is None else completion.read), index}
        self.messages.append(Message("assistant", completion.text))
        self.input_tokens += completion.input_tokens or 0
        self.output_tokens += completion.output_tokens or 0
        for remark in completion.remarks:
            self.add_remark(remark)

    def add_remark(self, sentence: str) -> None:
        """Add a sentence for the user, unless it was added before."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def replace_prompt(self, messages: list[Message]) -> None:
        """Replace the messages before the first answer. They count as shown after the next answer."""
        moved = len(messages) - self.prompt_length
        self.shown = {index + moved for index in self.shown if index >= self.prompt_length}
        self.messages[: self.prompt_length] = messages
        self.prompt_length = len(messages)


@dataclass(frozen=True)
class LanguageModelPlanner:
    """Asks `model` for programs. Plans show its `name`, such as `openai:small`.

    A program with errors is returned to the model with its diagnostics; the model has `attempts` answers in
    all. `banks` returns the examples of a task. If `temperature` is None, the model chooses it.
    `vote_temperature` replaces it for programs that vote. `is_remote` is true for a model on a server.
    """

    model: LanguageModel
    name: str
    attempts: int = 3
    temperature: float | None = None
    vote_temperature: float | None = None
    is_remote: bool = False
    banks: Callable[[str], Bank] = field(default=shipped_bank)

    @property
    def basis(self) -> Mapping[str, Any]:
        """The model, its settings and the banks: what programs depend on besides the request."""
        return {
            "model": str(getattr(self.model, "fingerprint", type(self.model).__name__)),
            "attempts": self.attempts,
            "temperature": self.temperature,
            "banks": identity(self._known_banks()),
        }

    def _known_banks(self) -> Iterator[Bank]:
        for task in BANKS:
            with suppress(KeyError):
                yield self.banks(task)

    def plan(self, request: Request) -> Plan:
        """Return a program that passes the checker.

        Raises PlanError, with the last program and the transcript, if all attempts fail, and ModelError if
        the model does not answer.
        """
        conversation = _Conversation(build_messages(request, self.banks(request.task)))
        judge = Judge(request, self.banks(request.task))
        for attempt in range(1, self.attempts + 1):
            conversation.add_answer(self._answer(request, conversation))
            checked = _check_answer(conversation.messages[-1].content, request)
            faults = judge.faults(checked) if checked is not None else ()
            if checked is not None and not faults and _is_usable(conversation):
                return self._plan(request, conversation, checked, attempt)
            if conversation.cut is None and checked is not None:
                conversation.faulty, conversation.faults = checked, faults
            if attempt < self.attempts:
                repair = _repair_request(checked, faults)
                conversation.messages.append(Message("user", _CUT if conversation.cut else repair))
        raise self._failure(conversation)

    def _answer(self, request: Request, conversation: _Conversation) -> Completion:
        """Return the next answer. If the prompt is too long for the model, ask again with fewer examples."""
        try:
            return self._complete(conversation)
        except ContextTooLong:
            usable = len(usable_examples(request, self.banks(request.task)))
            fewer = usable // _EXAMPLE_DIVISOR
            if conversation.prompt_length <= 2 * fewer + 2:
                raise
            conversation.replace_prompt(build_messages(request, self.banks(request.task), fewer))
            conversation.add_remark(
                f"The model's context is too short for {usable} examples; {fewer} were shown."
            )
            return self._complete(conversation)

    def _complete(self, conversation: _Conversation) -> Completion:
        """Return the next answer, even if it was cut off. Raises AnswerCut if it was cut off and is empty."""
        conversation.cut = None
        try:
            if isinstance(self.model, StoppableLanguageModel):
                return self.model.complete_until(
                    conversation.messages, is_finished, max_tokens=_MAX_TOKENS, temperature=self.temperature
                )
            return self.model.complete(conversation.messages, temperature=self.temperature)
        except AnswerCut as error:
            if not error.text.strip():
                raise
            conversation.cut = error
            return Completion(error.text)

    def plan_many(self, request: Request, count: int) -> list[Plan]:
        """Return up to `count` programs that vote.

        Programs that keep their errors are left out. Raises the last PlanError if no program is left.
        """
        writer = self if self.vote_temperature is None else replace(self, temperature=self.vote_temperature)
        plans: list[Plan] = []
        failure: PlanError | None = None
        for _ in range(count):
            try:
                plans.append(writer.plan(request))
            except PlanError as error:
                failure = error
        if not plans and failure is not None:
            raise failure
        return plans

    def _plan(self, request: Request, conversation: _Conversation, checked: Checked, attempts: int) -> Plan:
        repairs = attempts - 1
        if repairs:
            conversation.add_remark(
                f"The program was sent back {'once' if repairs == 1 else f'{repairs} times'} to be repaired."
            )
        if conversation.cut is not None:
            conversation.add_remark(
                "The answer was cut off at its length limit, after the end of the program."
            )
        return Plan(
            request.instruction,
            request.task,
            checked,
            self.name,
            conversation.transcript,
            tuple(conversation.remarks),
            conversation.input_tokens,
            conversation.output_tokens,
        )

    def _failure(self, conversation: _Conversation) -> PlanError | AnswerCut:
        if conversation.cut is not None and conversation.faulty is None:
            return conversation.cut
        tries = f"{self.attempts} {'attempt' if self.attempts == 1 else 'attempts'}"
        help_ = "word the instruction differently, use a stronger model, or write the program yourself"
        if conversation.faulty is None:
            last = _excerpt(conversation.messages[-1])
            message = f"{self.name} wrote no program in {tries}; its last answer is {last}"
            return PlanError(message, help=help_, transcript=conversation.transcript)
        source, faults = conversation.faulty.program.source, conversation.faults
        message = f"{self.name} wrote no program without errors in {tries}; the last one has\n\n"
        warnings = [each for each in conversation.faulty.diagnostics if not each.is_error]
        return PlanError(
            message + render_summary(faults, source) + "\n",
            help=help_,
            program=source,
            diagnostics=(*faults, *warnings),
            transcript=conversation.transcript,
        )


def _is_usable(conversation: _Conversation) -> bool:
    return conversation.cut is None or is_complete(conversation.cut.text)


def _check_answer(answer: str, request: Request) -> Checked | None:
    source = extract_program(answer)
    return check(parse(source), request.tools, request.inputs) if source is not None else None


def _repair_request(checked: Checked | None, faults: tuple[Diagnostic, ...]) -> str:
    if checked is None:
        return _NO_PROGRAM
    return _REPAIR.replace("{faults}", render_plain(faults, checked.program.source))


def _excerpt(message: Message) -> str:
    text = " ".join(message.content.split())
    return repr(text if len(text) <= 200 else text[:199] + "…")
