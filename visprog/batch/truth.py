"""Which failures are final: those of the program or the picture, not those of the machine around them.

A failure of the machine (memory, disk, an import, a server, a deadline) is never kept as a task's outcome:
the next run of the batch tries the task again. Types decide, never the words of a message.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from visprog.errors import ImageError, StepError, VisProgError

_ABOUT_THE_PATH = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP})
"""Errors that say something about the path itself. The task's key changes as soon as the file is there."""

_ABOUT_VALUES = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError)
"""What a tool raises about the values that it was given."""


def is_transient(error: BaseException) -> bool:
    """Return whether trying the same task again may give another outcome."""
    if not isinstance(error, VisProgError):
        return True  # a fault of our own or of a library, outside of any step
    return any(map(_is_of_the_machine, _with_causes(error))) or _is_unexpected_in_a_step(error)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen = set[int]()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        if isinstance(found, ImageError) and _is_about_the_path(found.__cause__):
            return
        found = found.__cause__


def _is_of_the_machine(error: BaseException) -> bool:
    if isinstance(error, VisProgError):
        return error.transient
    if isinstance(error, OSError):
        return error.errno is not None  # without a number it is Pillow's word for a damaged picture
    return isinstance(error, MemoryError | ImportError)


def _is_about_the_path(cause: BaseException | None) -> bool:
    return isinstance(cause, OSError) and cause.errno in _ABOUT_THE_PATH


def _is_unexpected_in_a_step(error: VisProgError) -> bool:
    """Return whether a tool raised what says nothing about its values: AttributeError, RuntimeError, ..."""
    cause = error.__cause__
    if not isinstance(error, StepError) or cause is None or isinstance(cause, VisProgError):
        return False
    is_picture_fault = isinstance(cause, OSError) and cause.errno is None
    return not isinstance(cause, _ABOUT_VALUES) and not is_picture_fault
