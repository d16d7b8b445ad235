"""The errors that VisProg raises.

VisProgError
├── UsageError            a missing input, an unknown profile, or another mistake of the caller
├── ProgramError          a program has errors; `diagnostics` lists them
├── ExpressionError       an Eval expression cannot be computed from its values
├── ImageError            a picture cannot be read, or is rejected
├── AudioError            a recording cannot be read, or is rejected
├── ToolError             the declaration or registration of a tool is wrong
├── StepError             a step failed while running; names the step, its line and the cause
├── DeadlineExceeded      the run's deadline passed before a step finished
├── ModelError            a model failed
│   ├── ModelUnavailable  no model for the role, or its weights, key or package are missing
│   ├── ModelRefused      the service rejected the key or the request
│   │   └── ContextTooLong    the request has more text than the model can read
│   ├── ModelTimeout      no answer within the deadline
│   └── ModelFailed       the answer is unusable, or the service failed
│       └── AnswerCut     the answer reached its length limit; `text` is the incomplete answer
├── WorkerDied            the process that ran a task exited before the task finished
├── PlanError             no program could be written for the instruction
└── OutputError           a result cannot be written to its destination
"""

from __future__ import annotations

import copyreg
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from visprog.language.diagnostics import Diagnostic
    from visprog.models.roles import Message


class VisProgError(Exception):
    """The base class. `message` says what was found and expected, `help` what to do next.

    A `transient` error is caused by the machine, a model server or a deadline, not by the program or the
    picture. A retry may succeed, so a batch does not record it as the final outcome of a task.
    """

    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}\nhelp: {self.help}" if self.help else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the attributes: pickle cannot pass the constructors' keyword arguments."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


_MAX_QUOTED = 2_000
"""Maximum characters of another library's message that our messages quote."""


def described(error: BaseException) -> str:
    """Return the type and message of an error, shortened.

    The error can be from any code: its message may be huge, and reading it may fail.
    """
    kind = type(error).__name__
    try:
        message = str(error)
    except Exception:  # the error's own code may raise anything
        return f"{kind} (its message cannot be read)"
    return f"{kind}: {shortened(message)}" if message.strip() else kind


def shortened(message: str) -> str:
    """Return the message, shortened if it is too long."""
    if len(message) <= _MAX_QUOTED:
        return message
    return f"{message[:_MAX_QUOTED].rstrip()}... ({len(message):,} characters in all)"


class UsageError(VisProgError):
    """A mistake of the caller, such as a missing input or an unknown profile."""


class ProgramError(VisProgError):
    """A program has errors. `diagnostics` lists them, and the warnings."""

    def __init__(
        self,
        message: str,
        diagnostics: Sequence[Diagnostic] = (),
        *,
        help: str | None = None,
    ) -> None:
        super().__init__(message, help=help)
        self.diagnostics = tuple(diagnostics)


class ExpressionError(VisProgError):
    """An Eval expression cannot be computed from its values."""


class ImageError(VisProgError):
    """A picture cannot be read, or is rejected: wrong format, too large, or damaged."""


class AudioError(VisProgError):
    """A recording cannot be read, or is rejected: wrong format, too long, or damaged."""


class ToolError(VisProgError):
    """The declaration or registration of a tool is wrong."""


class StepError(VisProgError):
    """A step failed while running. `__cause__` is the error that the tool raised.

    `element` is the place of the element that failed, from 1, if the tool was called for each item of a list.
    """

    def __init__(
        self,
        message: str,
        *,
        step: str,
        line: int,
        help: str | None = None,
        element: int | None = None,
    ) -> None:
        super().__init__(message, help=help)
        self.step = step
        self.line = line
        self.element = element


class DeadlineExceeded(VisProgError):  # noqa: N818
    """The run's deadline passed before a step finished.

    The program may be correct: with more time the step may succeed. `running` is true if the step had
    started. Such a step continues in the background, and its result is ignored.
    """

    def __init__(self, message: str, *, help: str | None = None, running: bool = False) -> None:
        super().__init__(message, help=help)
        self.running = running


class ModelError(VisProgError):
    """A model failed."""

    transient: ClassVar[bool] = True


class ModelUnavailable(ModelError):  # noqa: N818
    """There is no model for the role, or its weights, key or package are missing."""


class ModelRefused(ModelError):  # noqa: N818
    """The service rejected the key or the request."""


class ContextTooLong(ModelRefused):
    """The request has more text than the model can read."""


class ModelTimeout(ModelError):  # noqa: N818
    """No answer came within the deadline."""


class ModelFailed(ModelError):  # noqa: N818
    """The answer is unusable, or the service failed."""


class AnswerCut(ModelFailed):
    """The answer reached its length limit. `text` is the incomplete answer."""

    def __init__(self, message: str, *, help: str | None = None, text: str = "") -> None:
        super().__init__(message, help=help)
        self.text = text


class WorkerDied(VisProgError):  # noqa: N818
    """The process that ran a task exited before the task finished."""

    transient: ClassVar[bool] = True


class PlanError(VisProgError):
    """No program could be written for the instruction.

    With a language model as planner, `program` is the text of its last attempt, `diagnostics` are the errors
    in it, and `transcript` contains every message that the model read or wrote.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,
        program: str = "",
        diagnostics: Sequence[Diagnostic] = (),
        transcript: Sequence[Message] = (),
    ) -> None:
        super().__init__(message, help=help)
        self.program = program
        self.diagnostics = tuple(diagnostics)
        self.transcript = tuple(transcript)


class OutputError(VisProgError):
    """A result cannot be written to its destination."""
