"""Errors of tasks: which are final and which are transient, and how the results describe them.

Final errors come from the program or the picture. Transient errors come from the machine: memory, disk, an
import, a server or a deadline. The next run of the batch repeats tasks with transient errors. The type of an
error decides, never the text of its message.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

from visprog.errors import ImageError, StepError, VisProgError
from visprog.trace.limits import Limits, shorten

LINE = Limits(text=20_000, items=1_000, value=100_000, total=200_000)
"""Limits of the result, the warnings and the error in a line of the results."""

_PATH_ERRORS = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP})
"""Error numbers that concern the path itself. They are final: a task's key changes once the file exists."""

_VALUE_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError)
"""Exceptions that a tool raises because of the values that it was given."""


def is_transient(error: BaseException) -> bool:
    """Return whether the same task may have another outcome if it is run again."""
    if not isinstance(error, VisProgError):
        return True  # a defect of VisProg or of a library, outside of any step
    return any(map(_is_machine_error, _with_causes(error))) or _is_unexpected_in_a_step(error)


def describe_error(error: Exception) -> dict[str, Any]:
    """Return an error as it is written to the results. A long message is shortened."""
    facts: dict[str, Any] = {"type": type(error).__name__}
    if isinstance(error, VisProgError):
        facts |= {"message": shorten(error.message, LINE.text), "help": error.help}
    else:
        facts |= {"message": shorten(str(error), LINE.text), "help": None}
    if isinstance(error, StepError):
        facts |= {"step": error.step, "line": error.line}
    if is_transient(error):
        facts["transient"] = True
    return facts


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen = set[int]()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        if isinstance(found, ImageError) and _is_path_error(found.__cause__):
            return
        found = found.__cause__


def _is_machine_error(error: BaseException) -> bool:
    if isinstance(error, VisProgError):
        return error.transient
    if isinstance(error, OSError):
        return error.errno is not None  # Pillow raises OSError without a number for a damaged picture
    return isinstance(error, MemoryError | ImportError)


def _is_path_error(cause: BaseException | None) -> bool:
    return isinstance(cause, OSError) and cause.errno in _PATH_ERRORS


def _is_unexpected_in_a_step(error: VisProgError) -> bool:
    """Return whether a tool raised an error that does not concern its values, such as RuntimeError."""
    cause = error.__cause__
    if not isinstance(error, StepError) or cause is None or isinstance(cause, VisProgError):
        return False
    is_picture_error = isinstance(cause, OSError) and cause.errno is None
    return not isinstance(cause, _VALUE_ERRORS) and not is_picture_error
