"""The planner that asks a language model, and sends a faulty program back with what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from visprog.errors import AnswerCut, ContextTooLong, PlanError
from visprog.language.checker import Checked, check
from visprog.language.diagnostics import Diagnostic, render_plain
from visprog.language.parser import parse
from visprog.language.summary import render_summary
from visprog.models.roles import Completion, LanguageModel, Message, StoppableLanguageModel
from visprog.planner.bank import Bank, identity, read_bank
from visprog.planner.extraction import extract_program, is_finished, is_whole
from visprog.planner.plan import Plan, Request
from visprog.planner.prompt import build_messages, usable_examples
from visprog.prompts import BANKS, bank_text

_NO_PROGRAM = (
    "There is no program in this answer. Answer with the program alone, on each line one statement "
    "NAME=Tool(argument=value)."
)
_CUT = (
    "This answer is too long and was cut off. Answer with the program alone, on each line one statement, and "
    "nothing before or after it."
)
_FEWER = 3
"""If a conversation is too long, one of so many examples is shown."""
_MOST_TOKENS = 400
"""Tokens that a program may have, if the model can be stopped. Those in the banks have fewer than 300."""

_REPAIR = "The program has errors:\n\n{faults}\n\nWrite the whole program again, corrected, and nothing else."


def shipped_bank(task: str) -> Bank:
    """Return the bank that comes with VisProg for this task. Raises KeyError where there is none."""
    return read_bank(bank_text(task), task)


@dataclass
class _Conversation:
    """What was said so far, what it cost, and the last program, which had errors.

    `head` is the number of messages before the first answer. `shown` are the places of the messages that the
    model has read or written. `cut` is the error of the last answer if that was cut off.
    """

    messages: list[Message]
    head: int = 0
    shown: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    faulty: Checked | None = None
    cut: AnswerCut | None = None

    def __post_init__(self) -> None:
        self.head = len(self.messages)

    @property
    def transcript(self) -> tuple[Message, ...]:
        return tuple(message for place, message in enumerate(self.messages) if place in self.shown)

    def answered(self, completion: Completion) -> None:
        place = len(self.messages)
        self.shown |= {*(range(place) if completion.read is None else completion.read), place}
        self.messages.append(Message("assistant", completion.text))
        self.input_tokens += completion.input_tokens or 0
        self.output_tokens += completion.output_tokens or 0
        for remark in completion.remarks:
            self.remark(remark)

    def remark(self, sentence: str) -> None:
        """Keep a sentence for people, once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def begin_with(self, messages: list[Message]) -> None:
        """Put other messages before the first answer; they count as shown once the model has answered."""
        moved = len(messages) - self.head
        self.shown = {place + moved for place in self.shown if place >= self.head}
        self.messages[: self.head] = messages
        self.head = len(messages)


@dataclass(frozen=True)
class LanguageModelPlanner:
    """Asks `model` for programs. `name` is what plans are signed with, such as `openai:small`.

    A program with errors goes back with its diagnostics until `attempts` answers have been given. `banks`
    returns the examples to follow for a task. With `temperature` None, the model decides. `variety`, if
    given, is the temperature for programs that vote. `is_remote` says that the model asks a server.
    """

    model: LanguageModel
    name: str
    attempts: int = 3
    temperature: float | None = None
    variety: float | None = None
    is_remote: bool = False
    banks: Callable[[str], Bank] = field(default=shipped_bank)

    @property
    def basis(self) -> Mapping[str, Any]:
        """What programs depend on beside the request: the model, how it is asked, and the banks."""
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

        Raises PlanError, which carries the last program and the transcript, where none did after all
        attempts; ModelError where the model gives no answer.
        """
        talk = _Conversation(build_messages(request, self.banks(request.task)))
        for attempt in range(1, self.attempts + 1):
            talk.answered(self._answer(request, talk))
            checked = _checked(talk.messages[-1].content, request)
            if checked is not None and checked.ok and _is_complete(talk):
                return self._plan(request, talk, checked, attempt)
            if talk.cut is None:
                talk.faulty = checked or talk.faulty
            if attempt < self.attempts:
                talk.messages.append(Message("user", _CUT if talk.cut else _complaint(checked)))
        raise self._failure(talk)

    def _answer(self, request: Request, talk: _Conversation) -> Completion:
        """Ask for the next turn: with fewer examples, once, if the conversation is too long for the model."""
        try:
            return self._complete(talk)
        except ContextTooLong:
            usable = len(usable_examples(request, self.banks(request.task)))
            fewer = usable // _FEWER
            if talk.head <= 2 * fewer + 2:
                raise
            talk.begin_with(build_messages(request, self.banks(request.task), fewer))
            talk.remark(f"The model's context is too short for {usable} examples; {fewer} were shown.")
            return self._complete(talk)

    def _complete(self, talk: _Conversation) -> Completion:
        """Return the next turn, or what there is of it if it was cut off. Raises AnswerCut for nothing."""
        talk.cut = None
        try:
            if isinstance(self.model, StoppableLanguageModel):
                return self.model.complete_until(
                    talk.messages, is_finished, max_tokens=_MOST_TOKENS, temperature=self.temperature
                )
            return self.model.complete(talk.messages, temperature=self.temperature)
        except AnswerCut as fault:
            if not fault.text.strip():
                raise
            talk.cut = fault
            return Completion(fault.text)

    def plan_many(self, request: Request, count: int) -> list[Plan]:
        """Return up to `count` programs, asked for one by one, to be run and put to the vote.

        Those that stay faulty are left out; the last one's PlanError is raised where none is left.
        """
        writer = self if self.variety is None else replace(self, temperature=self.variety)
        plans: list[Plan] = []
        failure: PlanError | None = None
        for _ in range(count):
            try:
                plans.append(writer.plan(request))
            except PlanError as fault:
                failure = fault
        if not plans and failure is not None:
            raise failure
        return plans

    def _plan(self, request: Request, talk: _Conversation, checked: Checked, attempts: int) -> Plan:
        repairs = attempts - 1
        if repairs:
            talk.remark(
                f"The program was sent back {'once' if repairs == 1 else f'{repairs} times'} to be repaired."
            )
        if talk.cut is not None:
            talk.remark("The answer was cut off at its length limit, after the end of the program.")
        return Plan(
            request.instruction,
            request.task,
            checked,
            self.name,
            talk.transcript,
            tuple(talk.remarks),
            talk.input_tokens,
            talk.output_tokens,
        )

    def _failure(self, talk: _Conversation) -> PlanError | AnswerCut:
        if talk.cut is not None and talk.faulty is None:
            return talk.cut
        tries = f"{self.attempts} {'attempt' if self.attempts == 1 else 'attempts'}"
        help_ = "word the instruction differently, use a stronger model, or write the program yourself"
        if talk.faulty is None:
            last = _excerpt(talk.messages[-1])
            message = f"{self.name} wrote no program in {tries}; its last answer is {last}"
            return PlanError(message, help=help_, transcript=talk.transcript)
        source, errors = talk.faulty.program.source, _errors(talk.faulty)
        message = f"{self.name} wrote no program without errors in {tries}; the last one has\n\n"
        return PlanError(
            message + render_summary(errors, source) + "\n",
            help=help_,
            program=source,
            diagnostics=talk.faulty.diagnostics,
            transcript=talk.transcript,
        )


def _is_complete(talk: _Conversation) -> bool:
    return talk.cut is None or is_whole(talk.cut.text)


def _checked(answer: str, request: Request) -> Checked | None:
    source = extract_program(answer)
    return check(parse(source), request.tools, request.inputs) if source is not None else None


def _errors(checked: Checked) -> list[Diagnostic]:
    return [diagnostic for diagnostic in checked.diagnostics if diagnostic.is_error]


def _complaint(checked: Checked | None) -> str:
    if checked is None:
        return _NO_PROGRAM
    return _REPAIR.replace("{faults}", render_plain(_errors(checked), checked.program.source))


def _excerpt(message: Message) -> str:
    text = " ".join(message.content.split())
    return repr(text if len(text) <= 200 else text[:199] + "…")
