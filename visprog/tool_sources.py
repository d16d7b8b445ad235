"""Loads tools from installed packages and Python files."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from visprog.errors import ToolError, UsageError, described
from visprog.files import read_file
from visprog.tool_code import PYTHON_FILE
from visprog.tools import Tool

ENTRY_POINTS = "visprog.tools"
"""The entry point group of packages with tools. Each entry is a Tool or a sequence of them."""


def installed_tools() -> Iterator[Tool]:
    """Yield the tools of installed packages, which name them in the entry point group `visprog.tools`."""
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            found = entry.load()
        except Exception as cause:
            raise ToolError(
                f"the tools of `{entry.name}` ({entry.value}) cannot be imported: {described(cause)}",
                help="repair or uninstall the package with these tools",
            ) from cause
        yield from _tools_in([found] if isinstance(found, Tool) else found, entry.value)


def load_tools(path: Path) -> tuple[Tool, ...]:
    """Run a Python file and return the tools that it defines, in order.

    Raises UsageError if the file cannot be read, and ToolError if it fails or defines no tools.
    """
    read_file(path, PYTHON_FILE)  # Python's loader waits for pipes, and has no limit
    spec = importlib.util.spec_from_file_location(f"visprog_tools_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file", help="its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as cause:  # the file may call `sys.exit`
        what = f"{described(cause)}{_last_line(cause, spec.origin)}"
        raise ToolError(f"{path} failed: {what}") from cause
    values = [value for value in vars(module).values() if isinstance(value, Tool)]
    found = tuple(value for value in values if value.function.__module__ == module.__name__)
    if not found:
        raise ToolError(f"{path} contains no tool", help='define one with `@tool("Name")`')
    for each in found:
        _check_declaration(each, path)
        _ = each.fingerprint  # computed now, before the file changes
    return found


def _check_declaration(tool: Tool, path: Path) -> None:
    """Raise ToolError with the line if the declaration of a tool is invalid."""
    try:
        _ = tool.signature, tool.needs
    except ToolError as error:
        code = getattr(inspect.unwrap(tool.function), "__code__", None)
        place = f"{path}, line {code.co_firstlineno}" if code is not None else str(path)
        raise ToolError(f"{place}: {error.message}", help=error.help) from error


def _last_line(error: BaseException, file: str | None) -> str:
    """Return the last line of a file in a traceback, as the end of a message; "" if there is none."""
    lines = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == file]
    return f" (line {lines[-1].lineno}: {lines[-1].line})" if lines else ""


def _tools_in(found: object, source: str) -> Iterator[Tool]:
    if not isinstance(found, Iterable) or isinstance(found, str):
        raise ToolError(f"{source} is a {type(found).__name__}, not a tool or a sequence of tools")
    for each in found:
        if not isinstance(each, Tool):
            raise ToolError(f"{source} contains a {type(each).__name__}, which is not a tool")
        yield each
