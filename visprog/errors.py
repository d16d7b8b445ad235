"""Everything that VisProg raises on purpose.

VisProgError
├── UsageError            the caller asked for something that cannot be
├── ProgramError          a program has errors; `diagnostics` holds each of them
├── ExpressionError       an Eval expression cannot be computed from these values
├── ImageError            a picture cannot be read, or may not be
├── AudioError            a recording cannot be read, or may not be
├── ToolError             a tool is declared or registered wrongly
├── StepError             a step failed while running; names the step, its line and the cause
├── DeadlineExceeded      the run's deadline passed before a step was done
├── ModelError            a model could not do its work
│   ├── ModelUnavailable  nothing fills the role, or its weights, key or package are missing
│   ├── ModelRefused      the service rejected the key or the request
│   │   └── ContextTooLong    the request has more text than the model can read
│   ├── ModelTimeout      no answer within the deadline
│   └── ModelFailed       an answer came and is of no use, or the service failed
│       └── AnswerCut     the answer reached the limit of its length; `text` is what there is of it
├── WorkerDied            the process that ran a task ended before the task did
├── PlanError             no program could be made from the instruction
└── OutputError           a result cannot be written where it should go
"""

from __future__ import annotations

import copyreg
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from visprog.language.diagnostics import Diagnostic
    from visprog.models.roles import Message


class VisProgError(Exception):
    """The root of the tree. `message` says what was found and expected; `help` what to do next.

    A `transient` error comes from the machine, a model server or a deadline, not from the program or the
    picture: trying again may succeed, so a batch does not keep it as the final outcome of a task.
    """

    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}\nhelp: {self.help}" if self.help else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Be pickled by what it holds: the constructors take arguments by name, and pickle gives none."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


_LONGEST = 2_000
"""Characters of a message of somebody else's code that ours repeat."""


def described(error: BaseException) -> str:
    """Return an error's type and message, in one text of bounded length.

    Somebody else's code raised it: its message may be huge, and asking for it may fail.
    """
    kind = type(error).__name__
    try:
        message = str(error)
    except Exception:  # whatever the error's own code raises
        return f"{kind} (its message cannot be read)"
    return f"{kind}: {shortened(message)}" if message.strip() else kind


def shortened(message: str) -> str:
    """Return a message of bounded length."""
    if len(message) <= _LONGEST:
        return message
    return f"{message[:_LONGEST].rstrip()}... ({len(message):,} characters in all)"


class UsageError(VisProgError):
    """The caller asked for something that cannot be: a missing input, an unknown profile."""


class ProgramError(VisProgError):
    """A program has errors; `diagnostics` holds each of them, warnings too."""

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
    """An Eval expression cannot be computed from these values."""


class ImageError(VisProgError):
    """A picture cannot be read, or may not be: its format, its size, its damage."""


class AudioError(VisProgError):
    """A recording cannot be read, or may not be: its format, its length, its damage."""


class ToolError(VisProgError):
    """A tool is declared or registered wrongly."""


class StepError(VisProgError):
    """A step failed while running. `__cause__` is the error that the tool raised."""

    def __init__(
        self,
        message: str,
        *,
        step: str,
        line: int,
        help: str | None = None,
    ) -> None:
        super().__init__(message, help=help)
        self.step = step
        self.line = line


class DeadlineExceeded(VisProgError):  # noqa: N818
    """The run's deadline passed before a step was done.

    This says nothing of the program: with more time the step may succeed. `running` says whether the step had
    begun. It is then left to itself, and its result is not used.
    """

    def __init__(self, message: str, *, help: str | None = None, running: bool = False) -> None:
        super().__init__(message, help=help)
        self.running = running


class ModelError(VisProgError):
    """A model could not do its work."""

    transient: ClassVar[bool] = True


class ModelUnavailable(ModelError):  # noqa: N818
    """Nothing fills the role, or its weights, key or package are missing."""


class ModelRefused(ModelError):  # noqa: N818
    """The service rejected the key or the request."""


class ContextTooLong(ModelRefused):
    """The request has more text than the model can read."""


class ModelTimeout(ModelError):  # noqa: N818
    """No answer came within the deadline."""


class ModelFailed(ModelError):  # noqa: N818
    """An answer came and is of no use, or the service failed."""


class AnswerCut(ModelFailed):
    """The answer reached the limit of its length. `text` is what there is of it."""

    def __init__(self, message: str, *, help: str | None = None, text: str = "") -> None:
        super().__init__(message, help=help)
        self.text = text


class WorkerDied(VisProgError):  # noqa: N818
    """The process that ran a task ended before the task did."""

    transient: ClassVar[bool] = True


class PlanError(VisProgError):
    """No program could be made from the instruction.

    Where a language model was asked, `program` is the text of its last attempt, `diagnostics` what is wrong
    with it, and `transcript` every message that the model read or wrote.
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
    """A result cannot be written where it should go."""
