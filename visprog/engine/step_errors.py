"""The error of a failed step: the step, its line, the cause, and its place in a custom tool."""

from __future__ import annotations

import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import TracebackType

from visprog.engine.graph import Node
from visprog.engine.lifting import ElementFailed
from visprog.errors import StepError, VisProgError, described, shortened


def step_error(node: Node, cause: BaseException) -> StepError:
    """Return the error of a step that failed because of `cause`, which may be that of one element."""
    step, element, place = node.step.step, "", None
    if isinstance(cause, ElementFailed):
        place = cause.place
        element = f"element {place} of {cause.count}: "
        cause = cause.error
    name = node.tool.name if node.tool is not None else "alias"
    if isinstance(cause, VisProgError):
        reason, advice = shortened(str(cause.message)), cause.help
    else:
        reason, advice = f"{described(cause)}{place_of(cause)}", None
    message = f"{step.target} (line {step.span.line}, {name}): {element}{reason}"
    error = StepError(message, step=step.target, line=step.span.line, help=advice, element=place)
    error.__cause__ = cause
    return error


def place_of(error: BaseException) -> str:
    """Return the innermost place in the user's files, as the end of a message; "" if there is none.

    Only the file's name is given, as its folder differs between machines.
    """
    trace: TracebackType | None = error.__traceback__
    found = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if _is_the_users(code.co_filename):
            found = f" ({Path(code.co_filename).name}, line {trace.tb_lineno}, in {code.co_name})"
        trace = trace.tb_next
    return found


@cache
def _is_the_users(file: str) -> bool:
    """Return whether a file belongs to neither VisProg, Python nor an installed package."""
    if file.startswith("<"):
        return False
    path = Path(file).resolve()
    return not any(path.is_relative_to(folder) for folder in _other_folders())


@cache
def _other_folders() -> tuple[Path, ...]:
    """Return the folders of VisProg, Python and installed packages."""
    packages = [sys.modules[name] for name in ("visprog", "visprog.modules") if name in sys.modules]
    folders = {folder for package in packages for folder in package.__path__}
    folders |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(Path(folder).resolve() for folder in folders)
